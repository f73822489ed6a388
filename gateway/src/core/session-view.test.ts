import { describe, expect, it } from 'vitest'
import { aSession } from '../../test/objects.ts'
import { sessionBody } from './api-schemas.ts'
import { attachability, isOver, newestFirst, phaseOf, sessionView } from './session-view.ts'

describe('session view', () => {
  it('[G1] shows a session as the API promises, and nothing of the cluster', () => {
    const view = sessionView(aSession({ status: { readyAt: '2026-11-22T10:00:02Z', nodeName: 'node-7', podUID: 'p' } }))
    expect(sessionBody.parse(view)).toEqual(view)
    expect(view).toMatchObject({ id: 'demo', owner: 'octocat', phase: 'Ready', readyAt: '2026-11-22T10:00:02Z' })
    expect(JSON.stringify(view)).not.toMatch(/node-7|uid-1|podUID|12345678/)
  })

  it('a session nobody looked at yet is Pending', () => {
    const { status: _status, ...fresh } = aSession()
    expect(sessionView(fresh)).toMatchObject({ phase: 'Pending', conditions: [] })
  })

  it('a session that is being deleted is Ending, whatever its status still says', () => {
    expect(phaseOf(aSession({ deletedAt: '2026-11-22T11:00:00Z' }))).toBe('Ending')
    expect(phaseOf(aSession({ deletedAt: '2026-11-22T11:00:00Z', phase: 'Ended' }))).toBe('Ended')
  })

  it('[G43] only a Ready session with a pod is attachable; others say why in the words of their Ready condition', () => {
    expect(attachability(aSession())).toEqual({ kind: 'attachable', podName: 'demo-12345678' })
    expect(attachability(aSession({ phase: 'Pending' }))).toEqual({
      kind: 'not-yet',
      reason: 'Unschedulable',
      message: 'No node can take the pod.',
    })
    expect(attachability(aSession({ phase: 'Ended', status: { conditions: [], reason: 'Idle' } }))).toEqual({
      kind: 'over',
      reason: 'Idle',
      message: 'Session demo is Ended.',
    })
    expect(attachability(aSession({ deletedAt: '2026-11-22T11:00:00Z' })).kind).toBe('over')
  })

  it('[G56] over: ended, failed or being deleted', () => {
    expect(isOver(aSession())).toBe(false)
    expect(isOver(aSession({ phase: 'Ending' }))).toBe(false)
    expect(isOver(aSession({ phase: 'Ended' }))).toBe(true)
    expect(isOver(aSession({ phase: 'Failed' }))).toBe(true)
    expect(isOver(aSession({ deletedAt: '2026-11-22T11:00:00Z' }))).toBe(true)
  })

  it('lists the newest first', () => {
    const sessions = [
      aSession({ name: 'b', createdAt: '2026-01-01T00:00:00Z' }),
      aSession({ name: 'c', createdAt: '2026-01-02T00:00:00Z' }),
      aSession({ name: 'a', createdAt: '2026-01-01T00:00:00Z' }),
    ]
    expect(sessions.sort(newestFirst).map(({ metadata }) => metadata.name)).toEqual(['c', 'a', 'b'])
  })
})
