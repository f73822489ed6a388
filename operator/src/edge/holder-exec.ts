// Asks the holder of a pod through exec. What comes back comes out of the pod: bounded, and checked before it is believed.
import { HOLDER_CONTAINER, HOLDER_PATH } from '@cpc/crds'
import { execCollect, type Transport } from '@cpc/kube'
import { z } from 'zod'
import type { HolderAnswer } from '../core/observed.ts'
import { quoted, unwrapped } from '../core/quote.ts'

/** Bytes of an answer: the status is one short line. */
const ANSWER_BYTES_MAX = 4096
/** Milliseconds for `holder status`, the exec's own start included. */
const STATUS_TIMEOUT_MS = 5000
/** Milliseconds for `holder end`: it waits until the shell is hung up and the records are fetched (10 s with a recorder). */
const END_TIMEOUT_MS = 12_000
/** Characters of the holder's words in a message, which is asked for again and again. */
const HOLDER_QUOTE_LENGTH_MAX = 200

const holderStatus = z.object({
  shell: z.enum(['waiting', 'running', 'exited']),
  claimed: z.boolean(),
  idleDeadlineMs: z.number().nullable(),
})

export interface HolderExec {
  /** `holder status`. Never throws: a failure is an answer too. */
  status(namespace: string, pod: string, signal: AbortSignal): Promise<HolderAnswer>
  /** `holder end`; resolves when the holder has closed. @throws Error saying why it could not be asked */
  end(namespace: string, pod: string, reason: 'Deleted' | 'Lifetime', signal: AbortSignal): Promise<void>
}

export function createHolderExec(transport: Transport): HolderExec {
  return {
    async status(namespace, pod, signal) {
      try {
        const text = await run(transport, { namespace, pod, words: ['status'], timeoutMs: STATUS_TIMEOUT_MS, signal })
        return parseStatus(text)
      } catch (error) {
        return { kind: 'failed', message: unwrapped(quoted(error instanceof Error ? error.message : String(error))) }
      }
    },
    async end(namespace, pod, reason, signal) {
      await run(transport, { namespace, pod, words: ['end', '--reason', reason], timeoutMs: END_TIMEOUT_MS, signal })
    },
  }
}

/** Reads the line `holder status` prints. Hostile input is an ordinary answer. */
export function parseStatus(text: string): HolderAnswer {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { kind: 'failed', message: 'its answer is not JSON' }
  }
  const parsed = holderStatus.safeParse(json)
  return parsed.success
    ? { kind: 'status', ...parsed.data }
    : { kind: 'failed', message: 'its answer is not of the expected shape' }
}

interface Run {
  namespace: string
  pod: string
  words: readonly string[]
  timeoutMs: number
  signal: AbortSignal
}

async function run(transport: Transport, { namespace, pod, words, timeoutMs, signal }: Run): Promise<string> {
  const target = { namespace, pod, container: HOLDER_CONTAINER, command: [HOLDER_PATH, ...words] }
  const { exit, stdout, stderr } = await execCollect(transport, target, {
    timeoutMs,
    outputBytesMax: ANSWER_BYTES_MAX,
    signal,
  })
  if (exit.kind === 'exited' && exit.exitCode === 0) return stdout.toString('utf8')
  const said = quoted(stderr.toString('utf8'), HOLDER_QUOTE_LENGTH_MAX)
  const how = exit.kind === 'exited' ? `exit code ${exit.exitCode}` : exit.message
  throw new Error(`holder ${words[0] ?? ''}: ${how}${said === '' ? '' : `: ${said}`}`)
}
