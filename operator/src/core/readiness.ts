// Ready means that a person can attach: the holder itself says that the shell runs, that it knows its session, and that its idle clock runs.
// It is asked until it says so once; after that the pod's own readiness is enough.
import { HOLDER_CONTAINER } from '@cpc/crds'
import { deadlineFrom, expiryOf, ORDERLY_END_LEAD_MS } from './lifetime.ts'
import type { HeardHolder, HolderAnswer, PodView } from './observed.ts'
import type { Action } from './plan.ts'
import { backoffMs } from './time.ts'
import { podOf, wasReady, type Input, type Step, type Verdict } from './verdict.ts'

/** Milliseconds between two questions to the holder: the first wait, and the longest. */
const ASK_MS_MIN = 100
const ASK_MS_MAX = 2000
/**
 * Milliseconds of silence before it is worth a warning. A shell that ends at once takes its pod with it, seconds before the cache shows it, and
 * a container that has just begun cannot be asked yet: neither is an obstacle.
 */
export const SILENCE_GRACE_MS = 15_000

export const shellRunning: Step = input => {
  const pod = podOf(input)
  if (!pod || wasReady(input, pod)) return undefined
  const asked = lastAnswer(input, pod)
  const runs = asked !== undefined && allRuns(asked.answer)
  const expires = expiryOf(input.session.spec, pod) !== undefined
  if (runs && expires) return undefined
  const actions = [...(expires ? [] : finalDeadline(input, pod)), ...(runs ? [] : question(input, pod))]
  // The first answer, and the deadline in the cache, come at once; a status in between would be a write for nobody.
  if (!asked || runs) return { kind: 'hold', actions, wakeAtMs: input.nowMs + ASK_MS_MAX }
  const wakeAtMs = Math.max(askAtMs(input, pod), input.nowMs + ASK_MS_MIN)
  return { kind: 'waiting', ...explanation(input, pod, asked), actions, wakeAtMs }
}

export const attachable: Step = ({ session, pod, nowMs }): Verdict => {
  const expiresAtMs = pod.kind === 'ours' ? (expiryOf(session.spec, pod.pod) ?? nowMs) : nowMs
  return { kind: 'ready', expiresAtMs, wakeAtMs: expiresAtMs - ORDERLY_END_LEAD_MS }
}

/** What is remembered after the holder of a pod was asked once more. */
export function heard(
  before: HeardHolder | undefined,
  { podUid, answer, nowMs }: { podUid: string; answer: HolderAnswer; nowMs: number },
): HeardHolder {
  const last = before?.podUid === podUid ? before : undefined
  const silence = answer.kind === 'failed' ? { silentSinceMs: last?.silentSinceMs ?? nowMs } : {}
  return { podUid, atMs: nowMs, count: (last?.count ?? 0) + 1, answer, ...silence }
}

function allRuns(answer: HolderAnswer): boolean {
  return answer.kind === 'status' && answer.shell === 'running' && answer.claimed && answer.idleDeadlineMs !== null
}

function lastAnswer({ memory }: Input, pod: PodView): Input['memory']['holder'] {
  return memory.holder?.podUid === pod.uid ? memory.holder : undefined
}

function askAtMs(input: Input, pod: PodView): number {
  const last = lastAnswer(input, pod)
  return last ? last.atMs + backoffMs(last.count - 1, ASK_MS_MIN, ASK_MS_MAX) : input.nowMs
}

function question(input: Input, pod: PodView): Action[] {
  const { name, uid } = pod
  return input.nowMs < askAtMs(input, pod) ? [] : [{ kind: 'askHolder', pod: { name, uid } }]
}

function finalDeadline({ session, memory, nowMs }: Input, { name, uid, startedAtMs }: PodView): Action[] {
  if (memory.deadlineLowered?.podUid === uid) return []
  const activeDeadlineSeconds = deadlineFrom(session.spec, startedAtMs ?? nowMs, nowMs)
  return [{ kind: 'lowerDeadline', pod: { name, uid }, activeDeadlineSeconds }]
}

interface Wait {
  reason: 'ShellStarting' | 'HolderNotAnswering'
  message: string
}

function explanation(input: Input, pod: PodView, asked: HeardHolder): Wait {
  const { answer } = asked
  if (answer.kind === 'failed') return silence(input, pod, { ...asked, answer })
  if (!answer.claimed)
    return { reason: 'ShellStarting', message: 'The holder has not seen the claim of this session yet.' }
  if (answer.shell !== 'running')
    return { reason: 'ShellStarting', message: `The pod runs; the shell is ${answer.shell}.` }
  return { reason: 'ShellStarting', message: 'The shell runs; its idle clock does not yet.' }
}

function silence(
  { session, nowMs }: Input,
  { containers }: PodView,
  { atMs, silentSinceMs = atMs, answer }: HeardHolder & { answer: { message: string } },
): Wait {
  const holder = containers.find(({ name }) => name === HOLDER_CONTAINER)
  if (holder?.state.kind !== 'running')
    return { reason: 'ShellStarting', message: 'The node does not report the holder as running yet.' }
  // What was said once stays said until the holder answers, also by an operator that has just begun to count.
  const said = session.status.reason === 'HolderNotAnswering'
  if (!said && nowMs - silentSinceMs < SILENCE_GRACE_MS)
    return { reason: 'ShellStarting', message: 'The pod runs; its holder has not answered yet. It is asked again.' }
  return { reason: 'HolderNotAnswering', message: `The holder does not say whether the shell runs: ${answer.message}` }
}
