// How a terminal ended, as an exit code and a sentence.
import type { End } from '@cpc/protocol'
import { EXIT } from './exit-codes.ts'

export interface Ending {
  exitCode: number
  /** For stderr; absent when the shell simply exited. */
  sentence?: string
}

/** The exit code of `cpc attach`, and of `cpc exec` when its line ended the session. */
export function describeEnd(end: End, name: string): Ending {
  switch (end.kind) {
    case 'exit':
      return describeExit(end.exit, name)
    case 'detached':
      return { exitCode: EXIT.ok, sentence: `Detached. Session ${name} goes on: cpc attach ${name}` }
    case 'closed':
      if (end.error === 'lease-needed') {
        return {
          exitCode: EXIT.error,
          sentence: `Somebody else has the keyboard of session ${name}; --lossless needs it. Add --takeover to take it.`,
        }
      }
      return { exitCode: EXIT.error, sentence: `${end.reason.replace(/\.*$/, '.')} (${end.code})` }
    case 'refused':
      return { exitCode: EXIT.error, sentence: end.message }
    case 'protocol':
      return {
        exitCode: EXIT.error,
        sentence: `Gateway and cpc do not understand each other: ${end.message} Are they of the same release?`,
      }
  }
}

function describeExit(exit: Extract<End, { kind: 'exit' }>['exit'], name: string): Ending {
  switch (exit.reason) {
    case 'Exited':
      return { exitCode: exit.exitCode ?? EXIT.error }
    case 'Idle':
      return {
        exitCode: EXIT.error,
        sentence: `Session ${name} has ended: nobody typed for as long as its idle time-out.`,
      }
    case 'Ended':
      return { exitCode: EXIT.error, sentence: `Session ${name} was ended. Why: cpc get ${name}` }
  }
}
