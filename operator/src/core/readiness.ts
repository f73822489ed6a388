// Ready means that a person can attach: the holder itself says that the shell runs, that it knows its session, and that its idle clock runs.
// It is asked until it says so once; after that the pod's own readiness is enough.
import { deadlineFrom, expiryOf, ORDERLY_END_LEAD_MS } from './lifetime.ts'
import type { HolderAnswer, PodView } from './observed.ts'
import type { Action } from './plan.ts'
import { backoffMs } from './time.ts'
import { podOf, wasReady, type Input, type Step, type Verdict } from './verdict.ts'

/** Milliseconds between two questions to the holder: the first wait, and the longest. */
const ASK_MS_MIN = 100
const ASK_MS_MAX = 2000

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
  return { kind: 'waiting', ...explanation(asked.answer), actions, wakeAtMs }
}

export const attachable: Step = ({ session, pod, nowMs }): Verdict => {
  const expiresAtMs = pod.kind === 'ours' ? (expiryOf(session.spec, pod.pod) ?? nowMs) : nowMs
  return { kind: 'ready', expiresAtMs, wakeAtMs: expiresAtMs - ORDERLY_END_LEAD_MS }
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

function explanation(answer: HolderAnswer): { reason: 'ShellStarting' | 'HolderNotAnswering'; message: string } {
  if (answer.kind === 'failed') {
    return {
      reason: 'HolderNotAnswering',
      message: `The holder does not say whether the shell runs: ${answer.message}`,
    }
  }
  if (!answer.claimed)
    return { reason: 'ShellStarting', message: 'The holder has not seen the claim of this session yet.' }
  if (answer.shell !== 'running')
    return { reason: 'ShellStarting', message: `The pod runs; the shell is ${answer.shell}.` }
  return { reason: 'ShellStarting', message: 'The shell runs; its idle clock does not yet.' }
}
