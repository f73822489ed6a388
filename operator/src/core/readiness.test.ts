import { describe, expect, it } from 'vitest'
import {
  actionOf,
  anObserved,
  aPod,
  aSession,
  ended,
  kinds,
  NOW,
  planFor,
  POD_UID,
  readyObserved,
  running,
  waiting,
  writtenStatus,
} from '../../test/builders.ts'
import type { HolderAnswer, Memory, PodView } from './observed.ts'
import { heard, SILENCE_GRACE_MS } from './readiness.ts'

const runs: HolderAnswer = { kind: 'status', shell: 'running', claimed: true, idleDeadlineMs: 299_000 }
const FINAL = { activeDeadlineSeconds: 28_801 }

function podRuns(pod: Partial<PodView> = {}, memory: Memory = {}) {
  return anObserved({ pod: { kind: 'ours', pod: aPod(pod) }, memory })
}

function answered(answer: HolderAnswer, count = 1): Memory {
  return { holder: { podUid: POD_UID, atMs: NOW, count, answer }, deadlineLowered: { podUid: POD_UID } }
}

describe('[TS11] Ready means that the holder said so', () => {
  it('asks it, and sets the final deadline, before any status says Ready', () => {
    const plan = planFor(podRuns())
    expect(kinds(plan)).toEqual(['lowerDeadline', 'askHolder'])
    expect(actionOf(plan, 'lowerDeadline').activeDeadlineSeconds).toBe(1 + 28_800)
  })

  it('is Ready when shell and idle clock run and the deadline is set', () => {
    const status = writtenStatus(planFor(podRuns(FINAL, answered(runs))))
    expect(status).toMatchObject({
      phase: 'Ready',
      podUID: POD_UID,
      readyAt: '2026-01-01T12:00:00Z',
      expiresAt: '2026-01-01T20:00:00Z',
      warm: false,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'ShellRunning',
          message: expect.stringContaining('cpc attach demo') as string,
        },
        { type: 'PodReady', status: 'True', reason: 'ContainersReady' },
      ],
    })
    expect(status.reason).toBeUndefined()
    expect(status.message).toBeUndefined()
  })

  it('is not Ready before the deadline is on the pod, even if the holder runs', () => {
    expect(kinds(planFor(podRuns({}, answered(runs))))).toEqual([])
  })

  it.each<[string, HolderAnswer, reason: string, words: RegExp]>([
    ['the shell waits', { ...runs, shell: 'waiting' }, 'ShellStarting', /the shell is waiting/],
    ['the shell is over', { ...runs, shell: 'exited' }, 'ShellStarting', /the shell is exited/],
    [
      'the claim is not seen',
      { ...runs, claimed: false, idleDeadlineMs: null },
      'ShellStarting',
      /has not seen the claim/,
    ],
    ['the idle clock stands', { ...runs, idleDeadlineMs: null }, 'ShellStarting', /its idle clock does not/],
    ['no answer', { kind: 'failed', message: 'exec refused' }, 'ShellStarting', /has not answered yet/],
  ])('is not Ready when %s', (_case, answer, reason, words) => {
    const status = writtenStatus(planFor(podRuns(FINAL, answered(answer))))
    expect(status).toMatchObject({ phase: 'Preparing', reason })
    expect(status.message).toMatch(words)
  })

  it.each([
    [1, 100],
    [2, 200],
    [6, 2000],
    [50, 2000],
  ])('after %d answers it asks again after %d ms', (count, delayMs) => {
    const observed = podRuns(FINAL, answered({ ...runs, shell: 'waiting' }, count))
    expect(kinds(planFor(observed, NOW + delayMs - 1))).not.toContain('askHolder')
    expect(kinds(planFor(observed, NOW + delayMs))).toContain('askHolder')
  })

  it('an answer of another pod is no answer', () => {
    const memory = answered(runs)
    const foreign = { ...memory, holder: { podUid: 'other', atMs: NOW, count: 1, answer: runs } }
    expect(kinds(planFor(podRuns(FINAL, foreign)))).toContain('askHolder')
  })

  it('a session that was Ready is adopted after a restart without asking', () => {
    const plan = planFor(readyObserved())
    expect(kinds(plan)).toEqual(['writeStatus'])
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Ready', readyAt: '2026-01-01T11:50:00Z' })
  })
})

describe('[TS25] a holder that is silent', () => {
  const refused: HolderAnswer = { kind: 'failed', message: 'cannot exec in a stopped state' }
  const silentFor = (ms: number): Memory => ({
    holder: { podUid: POD_UID, atMs: NOW, count: 9, answer: refused, silentSinceMs: NOW - ms },
    deadlineLowered: { podUid: POD_UID },
  })
  const warnings = (plan: ReturnType<typeof planFor>) =>
    plan.actions.flatMap(action =>
      action.kind === 'recordEvent' && action.event.type === 'Warning' ? [action.event] : [],
    )

  it('is no obstacle within the grace, and a warning with its words after it', () => {
    const early = planFor(podRuns(FINAL, silentFor(SILENCE_GRACE_MS - 1)))
    expect(writtenStatus(early)).toMatchObject({ phase: 'Preparing', reason: 'ShellStarting' })
    expect(warnings(early)).toEqual([])
    const late = planFor(podRuns(FINAL, silentFor(SILENCE_GRACE_MS)))
    expect(writtenStatus(late)).toMatchObject({ phase: 'Preparing', reason: 'HolderNotAnswering' })
    expect(writtenStatus(late).message).toBe(
      'The holder does not say whether the shell runs: cannot exec in a stopped state',
    )
    expect(warnings(late)).toMatchObject([{ reason: 'HolderNotAnswering' }])
  })

  it.each([
    ['has not begun', waiting('holder', 'ContainerCreating')],
    ['has ended', ended('holder', { message: '{"reason":"Exited","exitCode":0}' })],
  ])('is no obstacle at all when its container %s', (_case, holder) => {
    const plan = planFor(podRuns({ ...FINAL, containers: [running('shell'), holder] }, silentFor(60_000)))
    expect(writtenStatus(plan).reason).not.toBe('HolderNotAnswering')
    expect(warnings(plan)).toEqual([])
  })

  it('is asked again meanwhile, and the first answer ends it', () => {
    expect(kinds(planFor(podRuns(FINAL, silentFor(60_000)), NOW + 2000))).toContain('askHolder')
    expect(writtenStatus(planFor(podRuns(FINAL, answered(runs))))).toMatchObject({ phase: 'Ready' })
  })

  it('does not flap when another operator begins to count', () => {
    const status = { phase: 'Preparing', reason: 'HolderNotAnswering', podUID: POD_UID } as const
    const observed = { ...podRuns(FINAL, silentFor(0)), session: aSession({ status }) }
    expect(writtenStatus(planFor(observed)).reason).toBe('HolderNotAnswering')
    expect(warnings(planFor(observed))).toEqual([])
  })

  it('is silent since the first question in a row that it did not answer', () => {
    const hear = (before: Memory['holder'], answer: HolderAnswer, nowMs: number) =>
      heard(before, { podUid: POD_UID, answer, nowMs })
    const first = hear(undefined, refused, NOW)
    const second = hear(first, refused, NOW + 500)
    expect(second).toMatchObject({ count: 2, atMs: NOW + 500, silentSinceMs: NOW })
    expect(hear(second, runs, NOW + 900)).not.toHaveProperty('silentSinceMs')
    expect(heard(second, { podUid: 'other', answer: refused, nowMs: NOW + 900 })).toMatchObject({
      count: 1,
      silentSinceMs: NOW + 900,
    })
  })
})

describe('[TS19] status is written once, whole, and only when it changed', () => {
  it('the same observation again: an empty plan', () => {
    const observed = podRuns(FINAL, answered(runs))
    const status = writtenStatus(planFor(observed))
    const again = { ...observed, session: aSession({ status }) }
    expect(planFor(again, NOW + 60_000).actions).toEqual([])
  })

  it('keeps the transition time of what did not change', () => {
    const observed = podRuns(FINAL, answered(runs))
    const status = writtenStatus(planFor(observed))
    const later = { ...observed, session: aSession({ status, generation: 2 }) }
    const next = writtenStatus(planFor(later, NOW + 60_000))
    expect(next.observedGeneration).toBe(2)
    expect(next.conditions?.[0]?.lastTransitionTime).toBe('2026-01-01T12:00:00Z')
  })

  it('keeps conditions of others', () => {
    const proof = {
      type: 'NetworkIsolationVerified',
      status: 'True',
      reason: 'Proven',
      message: '',
      lastTransitionTime: 'x',
    } as const
    const observed = podRuns(FINAL, answered(runs))
    const status = writtenStatus(planFor({ ...observed, session: aSession({ status: { conditions: [proof] } }) }))
    expect(status.conditions).toContainEqual(proof)
  })
})
