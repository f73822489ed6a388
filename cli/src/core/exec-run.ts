// `cpc exec` as a state machine: probe the shell, type the line, print what it prints, end with its status. Pure; the
// effects are performed by commands/exec.ts.
import type { End } from '@cpc/protocol'
import type { CrlfState } from './crlf-filter.ts'
import { dropCarriageReturns, flushCarriageReturn } from './crlf-filter.ts'
import { describeEnd } from './ending.ts'
import type { ProbeAnswer } from './exec-script.ts'
import { cleanUpKeys, INTERRUPT_KEYS, probeKeys, readProbe, runKeys } from './exec-script.ts'
import { EXIT } from './exit-codes.ts'
import type { ScannerState, ScanItem } from './marker-scanner.ts'
import { scan, startScan } from './marker-scanner.ts'

/** When, after Ctrl-C, the shell is asked to clean up, and asked again; after the last of these waits cpc gives up. */
const INTERRUPT_WAITS_MS = [200, 1_000, 2_000]

/** The ERROR that answers a lossless ATTACH while somebody else types (P6). */
const LEASE_NEEDED = 'lease-needed'

export interface ExecPlan {
  name: string
  line: Uint8Array
  /** A random word of letters and digits. */
  nonce: string
  /** How long the shell may take to answer before it counts as busy. */
  busyWaitMs: number
  /** How long the session may take to be attached. */
  attachWaitMs: number
  /** How long the whole may take; absent: as long as it takes. */
  timeoutMs?: number
}

type Phase =
  | { kind: 'attaching' }
  | { kind: 'probing' }
  /** Lines that are still to be typed, each after the marker of the one before. */
  | { kind: 'typing'; lines: string[] }
  | { kind: 'running' }
  /**
   * Ctrl-C was typed, or the shell fell back to its prompt; `waits` are those still to come. What is printed now is no
   * output of the line any more.
   */
  | { kind: 'interrupting'; exitCode: number; sentence: string | undefined; waits: number[] }
  | { kind: 'finished' }

export interface ExecState {
  plan: ExecPlan
  phase: Phase
  /** How the shell answered the probe; until then nothing is known. */
  probe: ProbeAnswer
  scanner: ScannerState
  crlf: CrlfState
  /** Why the session cannot be attached so far; part of the sentence when the wait is over. */
  attachCause: string
}

export type ExecTimer = 'attach' | 'answer' | 'total' | 'interrupt'

export type ExecEvent =
  | { type: 'start' }
  | { type: 'attached'; lease: number }
  | { type: 'disconnected'; cause: string }
  | { type: 'output'; bytes: Uint8Array }
  | { type: 'output-lost'; bytesLost: number }
  | { type: 'input-lost' }
  | { type: 'ended'; end: End }
  | { type: 'timer'; timer: ExecTimer }
  /** Ctrl-C, or nobody reads our output any more. */
  | { type: 'interrupt'; exitCode: number }

export type ExecEffect =
  | { type: 'type'; text: string }
  | { type: 'print'; bytes: Uint8Array }
  | { type: 'start-timer'; timer: ExecTimer; ms: number }
  | { type: 'stop-timer'; timer: ExecTimer }
  | { type: 'finish'; exitCode: number; sentence: string | undefined }

export type ExecStep = [ExecState, ExecEffect[]]

export function startExec(plan: ExecPlan): ExecState {
  const scanner = startScan(plan.nonce)
  const probe: ProbeAnswer = { newlines: 'unknown', shell: 'posix' }
  return {
    plan,
    phase: { kind: 'attaching' },
    probe,
    scanner,
    crlf: 'plain',
    attachCause: 'no answer from the gateway',
  }
}

/** The next state and what to do. */
export function stepExec(state: ExecState, event: ExecEvent): ExecStep {
  if (state.phase.kind === 'finished') return [state, []]
  switch (event.type) {
    case 'start':
      return [state, [timer('attach', state.plan.attachWaitMs), ...totalTimer(state.plan)]]
    case 'attached':
      return attached(state, event.lease)
    case 'disconnected':
      return [{ ...state, attachCause: event.cause }, [{ type: 'stop-timer', timer: 'answer' }]]
    case 'output':
      return outputCame(state, event.bytes)
    case 'timer':
      return timedOut(state, event.timer)
    case 'interrupt':
      return interrupt(state, event.exitCode, undefined)
    default:
      return broken(state, event)
  }
}

function timer(name: ExecTimer, ms: number): ExecEffect {
  return { type: 'start-timer', timer: name, ms }
}

function totalTimer({ timeoutMs }: ExecPlan): ExecEffect[] {
  return timeoutMs === undefined ? [] : [timer('total', timeoutMs)]
}

function finish(state: ExecState, exitCode: number, sentence?: string): ExecStep {
  const held = flushCarriageReturn(state.crlf)
  const rest: ExecEffect[] = held.length > 0 ? [{ type: 'print', bytes: held }] : []
  return [{ ...state, crlf: 'plain', phase: { kind: 'finished' } }, [...rest, { type: 'finish', exitCode, sentence }]]
}

function attached(state: ExecState, lease: number): ExecStep {
  if (lease === 0) return finish(state, EXIT.error, keyboardTaken(state))
  const answer = timer('answer', state.plan.busyWaitMs)
  if (state.phase.kind === 'attaching') {
    const typed: ExecEffect = { type: 'type', text: probeKeys(state.plan.nonce) }
    return [{ ...state, phase: { kind: 'probing' } }, [{ type: 'stop-timer', timer: 'attach' }, typed, answer]]
  }
  // Back after a drop: the shell has its full time again to answer what was typed.
  return [state, state.phase.kind === 'probing' || state.phase.kind === 'typing' ? [answer] : []]
}

function keyboardTaken({ phase, plan: { name } }: ExecState): string {
  if (phase.kind !== 'attaching')
    return `Somebody else took the keyboard of session ${name}. The line may still be running.`
  return `Somebody else has the keyboard of session ${name}. Add --takeover to take it from them; they keep watching.`
}

function outputCame(state: ExecState, bytes: Uint8Array): ExecStep {
  const [scanner, items] = scan(state.scanner, bytes)
  let current: ExecStep = [{ ...state, scanner }, []]
  for (const item of items) {
    const [next, effects] = itemCame(current[0], item)
    current = [next, [...current[1], ...effects]]
  }
  return current
}

function itemCame(state: ExecState, item: ScanItem): ExecStep {
  const { phase } = state
  if (phase.kind === 'finished') return [state, []]
  if (item.kind === 'output') return print(state, item.bytes)
  switch (item.letter) {
    case 'P':
      return phase.kind === 'probing' ? typeLines({ ...state, probe: readProbe(item.text) }) : [state, []]
    case 'C':
      return phase.kind === 'typing' ? typeNext(state, phase.lines) : [state, []]
    case 'B':
      if (phase.kind !== 'typing') return [state, []]
      return [{ ...state, phase: { kind: 'running' } }, [{ type: 'stop-timer', timer: 'answer' }]]
    default:
      return lineEnded(state, item.letter, item.text)
  }
}

/** The markers behind the output: E with the status, J from the prompt instead, I after a clean-up. */
function lineEnded(state: ExecState, letter: 'E' | 'J' | 'I', text: string): ExecStep {
  const { phase } = state
  if (phase.kind === 'interrupting') {
    // E: whoever caught the Ctrl-C ended by it all the same. At J the clean-up is still to come.
    return letter === 'J' ? [state, []] : finish(state, phase.exitCode, phase.sentence)
  }
  if (letter === 'E') return finish(state, Number.parseInt(text, 10))
  return letter === 'J' && phase.kind === 'running' ? fellBack(state, text) : [state, []]
}

function print(state: ExecState, bytes: Uint8Array): ExecStep {
  if (state.phase.kind === 'interrupting') return [state, []]
  if (state.probe.newlines !== 'unknown') return [state, [{ type: 'print', bytes }]]
  const [crlf, kept] = dropCarriageReturns(state.crlf, bytes)
  return [{ ...state, crlf }, kept.length > 0 ? [{ type: 'print', bytes: kept }] : []]
}

function typeLines(state: ExecState): ExecStep {
  return typeNext(state, runKeys(state.plan.nonce, state.plan.line, state.probe))
}

function typeNext(state: ExecState, [text = '', ...lines]: string[]): ExecStep {
  return [
    { ...state, phase: { kind: 'typing', lines } },
    [{ type: 'type', text }, timer('answer', state.plan.busyWaitMs)],
  ]
}

/** Interrupts what runs; a second time, or with nothing running, just ends. */
function interrupt(state: ExecState, exitCode: number, sentence: string | undefined): ExecStep {
  const { phase } = state
  if (phase.kind === 'interrupting') return finish(state, exitCode, `Left. ${mayStillRun(state.plan)}`)
  if (phase.kind !== 'running' && phase.kind !== 'typing') return finish(state, exitCode, sentence)
  const [firstMs = 0, ...waits] = INTERRUPT_WAITS_MS
  return [
    { ...state, phase: { kind: 'interrupting', exitCode, sentence, waits } },
    [{ type: 'stop-timer', timer: 'answer' }, { type: 'type', text: INTERRUPT_KEYS }, timer('interrupt', firstMs)],
  ]
}

/** SIGINT ended what ran, and with it the typed line: its last part is still to be done. */
function fellBack(state: ExecState, text: string): ExecStep {
  const status = Number.parseInt(text, 10)
  const exitCode = Number.isNaN(status) ? EXIT.interrupted : status
  return cleanUp({
    ...state,
    phase: { kind: 'interrupting', exitCode, sentence: undefined, waits: INTERRUPT_WAITS_MS.slice(1) },
  })
}

/** The next request to clean up, or the end when there were enough. */
function cleanUp(state: ExecState): ExecStep {
  const { phase, plan } = state
  if (phase.kind !== 'interrupting') return [state, []]
  const [waitMs, ...waits] = phase.waits
  if (waitMs === undefined) return finish(state, phase.exitCode, stillRuns(plan))
  const keys: ExecEffect = { type: 'type', text: cleanUpKeys(plan.nonce) }
  return [{ ...state, phase: { ...phase, waits } }, [keys, timer('interrupt', waitMs)]]
}

function timedOut(state: ExecState, which: ExecTimer): ExecStep {
  const { phase, plan } = state
  switch (which) {
    case 'attach':
      if (phase.kind !== 'attaching') return [state, []]
      return finish(
        state,
        EXIT.timeout,
        `Session ${plan.name} could not be attached to within ${seconds(plan.attachWaitMs)}: ${state.attachCause}`,
      )
    case 'answer':
      return finish(
        state,
        EXIT.timeout,
        `The shell of session ${plan.name} is busy: it did not answer within ${seconds(plan.busyWaitMs)}, so something else ` +
          `has its terminal. The line was not run. To see what it is: cpc attach ${plan.name}`,
      )
    case 'total':
      if (phase.kind === 'interrupting') return [state, []]
      return interrupt(state, EXIT.timeout, tookTooLong(state))
    case 'interrupt':
      return cleanUp(state)
  }
}

/** What --timeout comes to, if the shell answers after the Ctrl-C. */
function tookTooLong({ phase, plan }: ExecState): string {
  const time = seconds(plan.timeoutMs ?? 0)
  return phase.kind === 'running' || phase.kind === 'typing'
    ? `The line took longer than ${time} and was interrupted.`
    : `The shell of session ${plan.name} did not answer within ${time} (--timeout). The line was not run.`
}

function mayStillRun({ name }: ExecPlan): string {
  return `The line may still be running in session ${name}: cpc attach ${name}`
}

function stillRuns({ name }: ExecPlan): string {
  return `The line did not react to Ctrl-C and still runs in session ${name}. To see it: cpc attach ${name}. To end all: cpc rm ${name}`
}

type Breakage = Extract<ExecEvent, { type: 'output-lost' | 'input-lost' | 'ended' }>

function broken(state: ExecState, event: Breakage): ExecStep {
  const { name } = state.plan
  switch (event.type) {
    case 'output-lost':
      // Before the line runs there is nothing of ours to lose.
      if (state.phase.kind !== 'running') return [state, []]
      return finish(
        state,
        EXIT.error,
        `${event.bytesLost} bytes of output were lost while the connection was away. The line may still be running: cpc attach ${name}`,
      )
    case 'input-lost':
      return finish(
        state,
        EXIT.error,
        `The session no longer knew this client; whether the line ran is not known. See: cpc attach ${name}`,
      )
    case 'ended':
      return endedEarly(state, event.end)
  }
}

/** The session ended before the line did: with the line's own `exit`, that is its status. */
function endedEarly(state: ExecState, end: End): ExecStep {
  if (end.kind === 'closed' && end.error === LEASE_NEEDED) return finish(state, EXIT.error, keyboardTaken(state))
  const { exitCode, sentence } = describeEnd(end, state.plan.name)
  return finish(state, exitCode, sentence)
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
