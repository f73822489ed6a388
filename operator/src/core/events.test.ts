import { describe, expect, it } from 'vitest'
import type { TerminalSessionStatus } from '@cpc/crds'
import { readyStatus } from '../../test/builders.ts'
import { eventsOf } from './events.ts'

const pending: TerminalSessionStatus = { phase: 'Pending', reason: 'PodPending', message: 'waits' }

describe('[TS23] events', () => {
  it.each<[string, TerminalSessionStatus, TerminalSessionStatus, string[]]>([
    ['a first status that waits as usual is no news', {}, pending, []],
    ['the pod', pending, { ...pending, podUID: 'u', podName: 'p' }, ['Normal PodCreated']],
    ['readiness', { ...pending, podUID: 'u' }, readyStatus(), ['Normal Ready']],
    ['both at once', {}, readyStatus(), ['Normal PodCreated', 'Normal Ready']],
    ['an obstacle', pending, { ...pending, reason: 'Unschedulable' }, ['Warning Unschedulable']],
    [
      'the same obstacle in other words',
      { ...pending, reason: 'Unschedulable' },
      { ...pending, reason: 'Unschedulable', message: 'x' },
      [],
    ],
    [
      'the same obstacle on a node',
      { ...pending, reason: 'NotIsolated' },
      { phase: 'Preparing', reason: 'NotIsolated' },
      [],
    ],
    ['an end as intended', readyStatus(), readyStatus({ phase: 'Ended', reason: 'Idle' }), ['Normal Idle']],
    ['an end not as intended', readyStatus(), readyStatus({ phase: 'Failed', reason: 'PodLost' }), ['Warning PodLost']],
    ['an end that begins is told when it is over', readyStatus(), readyStatus({ phase: 'Ending', reason: 'Idle' }), []],
    [
      'a deletion is told at once',
      readyStatus(),
      readyStatus({ phase: 'Ending', reason: 'Deleted' }),
      ['Normal Deleted'],
    ],
    ['nothing', readyStatus(), readyStatus({ observedGeneration: 2 }), []],
    ['a reason nobody knows is not passed on', pending, { phase: 'Failed', reason: 'Nonsense' }, ['Warning Unknown']],
  ])('%s', (_case, before, after, expected) => {
    expect(eventsOf(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected)
  })
})
