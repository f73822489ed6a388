// What happens after the end, and at deletion.
import { describe, expect, it } from 'vitest'
import {
  actionOf,
  aPod,
  aSession,
  aSpec,
  kinds,
  NOW,
  planFor,
  POD_UID,
  readyObserved,
  readyPod,
  readyStatus,
  settings,
} from '../../test/builders.ts'
import type { ObservedAbsence, Orphan } from './observed.ts'
import { reconcile } from './reconcile.ts'

const overStatus = readyStatus({ phase: 'Ended', reason: 'Exited', endedAt: '2026-01-01T11:59:00Z' })

describe('[TS16] after the end', () => {
  it('the pod is deleted once the end is on record, not before', () => {
    const plan = planFor(readyObserved({ phase: 'Succeeded' }, { status: overStatus }))
    expect(kinds(plan)).toEqual(['deletePod'])
    expect(actionOf(plan, 'deletePod').pod).toEqual({ name: 'demo-b9a7c1de', uid: POD_UID })
  })

  it('the end is final: whatever the pod does now', () => {
    const plan = planFor(readyObserved({ phase: 'Running', terminating: true }, { status: overStatus }))
    expect(kinds(plan)).toEqual([])
  })
})

describe('[TS17] the TTL', () => {
  const over = (ttlSecondsAfterFinished: number) => ({
    ...readyObserved({}, { status: overStatus, spec: aSpec({ ttlSecondsAfterFinished }) }),
    pod: { kind: 'none' } as const,
  })

  it('is waited for', () => {
    expect(planFor(over(61))).toEqual({ actions: [], requeueAfterMs: 1000 })
  })

  it('then the session is deleted, by uid', () => {
    const plan = planFor(over(60))
    expect(plan.actions).toEqual([{ kind: 'deleteSession', uid: aSession().uid }])
  })

  it('of 0 deletes at once', () => {
    expect(kinds(planFor(over(0)))).toEqual(['deleteSession'])
  })

  it('changed after the end, it is what it is now, and the generation is acknowledged', () => {
    const observed = over(3600)
    const plan = planFor({ ...observed, session: { ...observed.session, generation: 2 } })
    expect(actionOf(plan, 'writeStatus').after).toEqual({ ...overStatus, observedGeneration: 2 })
    expect(plan.requeueAfterMs).toBe(3_540_000)
  })
})

describe('[TS18] deletion', () => {
  const absent = (fields: Partial<ObservedAbsence>): ObservedAbsence => ({
    kind: 'absent',
    namespace: 'sessions',
    name: 'demo',
    orphans: [],
    lastSeen: undefined,
    ...fields,
  })
  const plan = (fields: Partial<ObservedAbsence>) => reconcile(absent(fields), settings, NOW)

  it('is told as an event, since nothing else is left to tell it', () => {
    const { actions } = plan({ lastSeen: aSession({ status: readyStatus() }) })
    expect(actions).toMatchObject([
      { kind: 'recordEvent', uid: aSession().uid, event: { type: 'Normal', reason: 'Deleted' } },
    ])
  })

  it.each([
    ['that was over', aSession({ status: overStatus })],
    ['that was announced before', aSession({ deleting: true })],
  ])('of a session %s is no news', (_case, lastSeen) => {
    expect(plan({ lastSeen }).actions).toEqual([])
  })

  const orphan = (pod = readyPod(), memory: Orphan['memory'] = { sessionGone: true }): Orphan => ({
    pod,
    sessionUid: aSession().uid,
    memory,
  })

  it('ends a pod that was left behind: first orderly, then for good', () => {
    const { actions } = plan({ orphans: [orphan()] })
    expect(actions).toMatchObject([{ kind: 'endHolder', reason: 'Deleted' }, { kind: 'deletePod' }])
  })

  it('is certain if the deletion of this very session was seen', () => {
    const lastSeen = aSession({ status: overStatus })
    expect(plan({ orphans: [orphan(readyPod(), {})], lastSeen }).actions).toMatchObject([
      { kind: 'endHolder' },
      { kind: 'deletePod' },
    ])
  })

  it.each([
    ['nothing else says so', undefined],
    ['another session of the name was seen to go', aSession({ uid: 'another', status: overStatus })],
  ])('is looked up before a running pod is ended, if %s', (_case, lastSeen) => {
    const { actions } = plan({ orphans: [orphan(readyPod(), {})], lastSeen })
    expect(actions).toEqual([{ kind: 'lookUpSession', uid: aSession().uid }])
  })

  it('a pod that does not run yet, or was asked before, is deleted without asking', () => {
    expect(plan({ orphans: [orphan(aPod({ phase: 'Pending' }))] }).actions).toMatchObject([{ kind: 'deletePod' }])
    const asked = { sessionGone: true, endAsked: { podUid: POD_UID, ok: true } } as const
    expect(plan({ orphans: [orphan(readyPod(), asked)] }).actions).toMatchObject([{ kind: 'deletePod' }])
  })

  it('leaves a pod alone that the garbage collector has', () => {
    expect(plan({ orphans: [orphan(readyPod({ terminating: true }))] }).actions).toEqual([])
  })

  it('in the foreground: says Ending, and ends the pod', () => {
    const { actions } = planFor(readyObserved({}, { deleting: true }))
    expect(actions).toMatchObject([
      { kind: 'writeStatus', after: { phase: 'Ending', reason: 'Deleted' } },
      { kind: 'recordEvent', event: { reason: 'Deleted' } },
      { kind: 'endHolder' },
      { kind: 'deletePod' },
    ])
  })

  it('creates no pod for a session that is being deleted', () => {
    const observed = readyObserved({}, { deleting: true, status: {} })
    expect(kinds(planFor({ ...observed, pod: { kind: 'none' } }))).not.toContain('createPod')
  })
})
