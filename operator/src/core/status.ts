// From a verdict to the whole status, computed once, and to the plan that writes it once.
import type { TerminalSessionStatus } from '@cpc/crds'
import { canonical } from './canonical-json.ts'
import { bounded, conditionsAfter, type Statement } from './conditions.ts'
import { eventsOf } from './events.ts'
import type { Action, Plan } from './plan.ts'
import { formatTime } from './time.ts'
import { podOf, type Input, type Verdict } from './verdict.ts'

/** The plan of a verdict: its actions, the status if it changed, and the events of the change. */
export function planOf(input: Input, verdict: Verdict): Plan {
  const { session } = input
  const before = session.status
  const after = verdict.kind === 'hold' ? held(input) : statusAfter(input, verdict)
  const written: Action[] = same(before, after)
    ? []
    : [
        { kind: 'writeStatus', before, after },
        ...eventsOf(before, after).map(event => ({ kind: 'recordEvent' as const, uid: session.uid, event })),
      ]
  const own = verdict.actions ?? []
  // An end is announced before it is brought about, since that takes a while; everything else is told once it is done.
  const actions = verdict.kind === 'ending' ? [...written, ...own] : [...own, ...written]
  const requeueAfterMs = verdict.wakeAtMs === undefined ? undefined : Math.max(0, verdict.wakeAtMs - input.nowMs)
  return { actions, requeueAfterMs }
}

function held({ session }: Input): TerminalSessionStatus {
  const { status, generation } = session
  return status.phase === undefined ? status : { ...status, observedGeneration: generation }
}

function statusAfter(input: Input, verdict: Exclude<Verdict, { kind: 'hold' }>): TerminalSessionStatus {
  const { session, nowMs } = input
  const { reason, message } = wordsOf(verdict)
  return {
    ...podFacts(input),
    ...endFacts(session.status, verdict),
    ...readyFacts(session.status, verdict, nowMs),
    phase: phaseOf(input, verdict),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message: bounded(message) }),
    observedGeneration: session.generation,
    conditions: conditionsAfter(session.status, statements(input, verdict), session.generation, nowMs),
  }
}

function wordsOf(verdict: Exclude<Verdict, { kind: 'hold' }>): { reason?: string; message?: string } {
  switch (verdict.kind) {
    case 'ready':
      return {}
    case 'waiting':
      return { reason: verdict.reason, message: verdict.message }
    case 'ending':
      return { reason: verdict.cause.reason, message: verdict.cause.message }
    case 'over':
      return { reason: verdict.end.reason, message: verdict.end.message }
  }
}

function phaseOf(
  input: Input,
  verdict: Exclude<Verdict, { kind: 'hold' }>,
): NonNullable<TerminalSessionStatus['phase']> {
  switch (verdict.kind) {
    case 'ready':
      return 'Ready'
    case 'waiting':
      return podOf(input)?.nodeName === undefined ? 'Pending' : 'Preparing'
    case 'ending':
      return 'Ending'
    case 'over':
      return verdict.end.outcome
  }
}

/** Where the session runs. Once known it stays known, also when the pod is gone. */
function podFacts(input: Input): Partial<TerminalSessionStatus> {
  const { podName, podUID, nodeName, startedAt } = input.session.status
  const pod = podOf(input)
  return defined({
    podName: pod?.name ?? podName,
    podUID: pod?.uid ?? podUID,
    nodeName: pod?.nodeName ?? nodeName,
    startedAt: pod?.startedAtMs === undefined ? startedAt : formatTime(pod.startedAtMs),
  })
}

function readyFacts(before: TerminalSessionStatus, verdict: Verdict, nowMs: number): Partial<TerminalSessionStatus> {
  const { readyAt, expiresAt, warm } = before
  if (verdict.kind !== 'ready') return defined({ readyAt, expiresAt, warm })
  return { readyAt: readyAt ?? formatTime(nowMs), expiresAt: formatTime(verdict.expiresAtMs), warm: warm ?? false }
}

function endFacts(before: TerminalSessionStatus, verdict: Verdict): Partial<TerminalSessionStatus> {
  const cause = verdict.kind === 'over' ? verdict.end : verdict.kind === 'ending' ? verdict.cause : undefined
  return defined({
    exitCode: cause?.exitCode ?? before.exitCode,
    unfetchedRecords: cause?.unfetchedRecords ?? before.unfetchedRecords,
    endedAt: verdict.kind === 'over' ? formatTime(verdict.end.endedAtMs) : undefined,
  })
}

function statements(input: Input, verdict: Exclude<Verdict, { kind: 'hold' }>): Statement[] {
  const pod = podOf(input)
  const { reason = '', message = '' } = wordsOf(verdict)
  const attach = `The shell runs. Attach: cpc attach ${input.session.name}`
  const ready: Statement =
    verdict.kind === 'ready'
      ? { type: 'Ready', status: 'True', reason: 'ShellRunning', message: attach }
      : { type: 'Ready', status: 'False', reason, message }
  const runs = pod?.ready === true && !pod.terminating && (verdict.kind === 'ready' || verdict.kind === 'waiting')
  const podReady: Statement = runs
    ? {
        type: 'PodReady',
        status: 'True',
        reason: 'ContainersReady',
        message: `The containers of the pod ${pod.name} run.`,
      }
    : { type: 'PodReady', status: 'False', reason, message }
  return [ready, podReady]
}

/** Without the fields that are undefined: an absent field and an undefined one are the same on the wire, and not in a comparison. */
function defined(fields: Record<string, unknown>): Partial<TerminalSessionStatus> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}
