import { describe, expect, it } from 'vitest'
import {
  aSession,
  aSpec,
  ended,
  kinds,
  NOW,
  planFor,
  readyObserved,
  readyStatus,
  running,
  writtenStatus,
} from '../../test/builders.ts'
import type { PodView, TerminatedState } from './observed.ts'
import { QUOTE_LENGTH_MAX } from './quote.ts'

const report = (fields: object) => JSON.stringify({ reason: 'Ended', exitCode: null, ...fields })

/** A pod that is over, whose holder left these words. */
function over(holder: Partial<TerminatedState>, pod: Partial<PodView> = {}): Partial<PodView> {
  return { phase: 'Succeeded', ready: false, containers: [ended('shell'), ended('holder', holder)], ...pod }
}

const OOM = { reason: 'OOMKilled', exitCode: 137 } as const

describe('[TS14] why a session ended', () => {
  it.each<[string, Partial<PodView>, expected: object, words: RegExp]>([
    [
      'the shell exited',
      over({ message: report({ reason: 'Exited', exitCode: 7 }) }),
      { phase: 'Ended', reason: 'Exited', exitCode: 7 },
      /exited with code 7/,
    ],
    [
      'nobody typed',
      over({ message: report({ reason: 'Idle' }) }),
      { phase: 'Ended', reason: 'Idle' },
      /Nobody typed for 300 s/,
    ],
    [
      'the kubelet ended it at its deadline',
      over({ message: report({}) }, { phase: 'Failed', reason: 'DeadlineExceeded' }),
      { phase: 'Ended', reason: 'Lifetime' },
      /lived its 28800 s \(spec\.maxLifetimeSeconds\)/,
    ],
    [
      'the shell was killed for memory',
      over(
        { message: report({ reason: 'Exited', exitCode: 137 }) },
        {
          containers: [ended('shell', OOM), ended('holder', { message: report({ reason: 'Exited', exitCode: 137 }) })],
        },
      ),
      { phase: 'Failed', reason: 'OutOfMemory' },
      /more than its 512Mi of memory \(spec\.resources\.memory\)\. Create one with more/,
    ],
    [
      'the shell was killed for memory, and restarted by the kubelet before the pod ended',
      over(
        {},
        {
          containers: [
            { ...running('shell'), previous: { ...OOM, kind: 'terminated', message: undefined, finishedAtMs: NOW } },
            ended('holder', { message: report({}) }),
          ],
        },
      ),
      { phase: 'Failed', reason: 'OutOfMemory' },
      /512Mi/,
    ],
    [
      'the holder was killed for memory',
      over({ ...OOM }, { phase: 'Failed' }),
      { phase: 'Failed', reason: 'OutOfMemory' },
      /./,
    ],
    [
      'a child was killed for memory, then the shell exited by itself',
      over(
        {},
        { containers: [ended('shell', OOM), ended('holder', { message: report({ reason: 'Exited', exitCode: 7 }) })] },
      ),
      { phase: 'Ended', reason: 'Exited', exitCode: 7 },
      /code 7/,
    ],
    [
      'the pod was evicted',
      over(
        { message: report({}) },
        { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory' },
      ),
      { phase: 'Failed', reason: 'PodLost' },
      /on node node-1 was ended: Evicted: The node was low on resource: memory/,
    ],
    [
      'somebody deleted the pod',
      over({ message: report({}) }, { terminating: true }),
      { phase: 'Failed', reason: 'PodLost' },
      /was deleted by somebody else: by hand, or to drain its node\. Create a new session/,
    ],
    [
      'the node was drained',
      over({ message: report({}) }, { terminating: true, disruption: 'EvictionByEvictionAPI: Eviction API: evicting' }),
      { phase: 'Failed', reason: 'PodLost' },
      /deleted by somebody else: EvictionByEvictionAPI/,
    ],
    [
      'somebody told the holder to end',
      over({ message: report({}) }),
      { phase: 'Failed', reason: 'PodLost' },
      /told to end, and not by the operator/,
    ],
    [
      'the holder crashed',
      over({ exitCode: 2 }, { phase: 'Failed' }),
      { phase: 'Failed', reason: 'HolderFailed' },
      /exit code 2, and it left no report/,
    ],
    [
      'the init could not be installed',
      {
        phase: 'Failed',
        ready: false,
        containers: [ended('install', { exitCode: 1, reason: 'Error', message: 'no space' })],
      },
      { phase: 'Failed', reason: 'HolderFailed' },
      /container install failed before the session began: Error, exit code 1: no space\. Create/,
    ],
  ])('%s', (_case, pod, expected, words) => {
    const status = writtenStatus(planFor(readyObserved(pod)))
    expect(status).toMatchObject({ ...expected, endedAt: expect.any(String) as string })
    expect(status.message).toMatch(words)
    expect(status.conditions).toMatchObject([
      { type: 'Ready', status: 'False' },
      { type: 'PodReady', status: 'False' },
    ])
  })

  it('ends when the holder ended, not when the operator looked', () => {
    const message = report({ reason: 'Exited', exitCode: 0 })
    const status = writtenStatus(planFor(readyObserved(over({ message, finishedAtMs: NOW - 90_000 }))))
    expect(status.endedAt).toBe('2026-01-01T11:58:30Z')
  })

  it('repeats how many command records nobody fetched', () => {
    const message = report({ reason: 'Idle', unfetchedRecords: 4 })
    expect(writtenStatus(planFor(readyObserved(over({ message }))))).toMatchObject({ unfetchedRecords: 4 })
  })

  it('the holder ended just before its deadline, asked by the operator: Lifetime', () => {
    const session = { spec: aSpec({ maxLifetimeSeconds: 600 }), status: readyStatus() }
    const pod = over({ message: report({}), finishedAtMs: NOW - 1000 }, { activeDeadlineSeconds: 600 })
    expect(writtenStatus(planFor(readyObserved(pod, session)))).toMatchObject({ phase: 'Ended', reason: 'Lifetime' })
  })
})

describe('[TS24] the last words of our own containers', () => {
  const hostile = `no space\n\u001b[2J${'x'.repeat(5000)}`

  it('of the installer are in the message: one line, bounded', () => {
    const containers = [ended('install', { exitCode: 1, reason: 'Error', message: hostile })]
    const { message = '' } = writtenStatus(planFor(readyObserved({ phase: 'Failed', ready: false, containers })))
    expect(message).toMatch(/exit code 1: no space \[2Jx+\. Create a new session/)
    expect(message.length).toBeLessThan(QUOTE_LENGTH_MAX + 200)
  })

  it('of a holder that crashed too', () => {
    const pod = over({ exitCode: 2, message: 'panic: out of order\n\ngoroutine 1' }, { phase: 'Failed' })
    expect(writtenStatus(planFor(readyObserved(pod))).message).toMatch(
      /ended with exit code 2, and its report is not JSON\..* It said: panic: out of order goroutine 1$/,
    )
  })

  it('of the shell are not', () => {
    const containers = [ended('shell', { exitCode: 1, reason: 'Error', message: 'believe me' })]
    const { message } = writtenStatus(planFor(readyObserved({ phase: 'Failed', ready: false, containers })))
    expect(message).toMatch(/The container shell failed/)
    expect(message).not.toContain('believe me')
  })
})

describe('[TS13] what comes out of the pod is not believed', () => {
  it.each([
    ['another reason', report({ reason: 'Lifetime' }), /its report is not of the expected shape/],
    ['no JSON', 'Segmentation fault', /its report is not JSON/],
    [
      '5 KiB',
      JSON.stringify({ reason: 'Idle', exitCode: null, pad: 'x'.repeat(5000) }),
      /its report is longer than 4 KiB/,
    ],
  ])('%s', (_case, message, words) => {
    const status = writtenStatus(planFor(readyObserved(over({ message }))))
    expect(status).toMatchObject({ phase: 'Failed', reason: 'HolderFailed' })
    expect(status.message).toMatch(words)
  })

  it('the termination log of the shell is not read at all', () => {
    const containers = [ended('shell', { message: report({ reason: 'Idle' }) }), ended('holder', { exitCode: 1 })]
    expect(writtenStatus(planFor(readyObserved({ ...over({}), containers })))).toMatchObject({ reason: 'HolderFailed' })
  })
})

describe('[TS14] while it ends', () => {
  it('the holder is over, the pod not yet: Ending, with the reason', () => {
    const containers = [running('shell'), ended('holder', { message: report({ reason: 'Exited', exitCode: 1 }) })]
    const status = writtenStatus(planFor(readyObserved({ ready: false, containers })))
    expect(status).toMatchObject({ phase: 'Ending', reason: 'Exited', exitCode: 1 })
    expect(status.endedAt).toBeUndefined()
  })

  it('the pod is being deleted by somebody else: Ending, PodLost', () => {
    expect(writtenStatus(planFor(readyObserved({ terminating: true })))).toMatchObject({
      phase: 'Ending',
      reason: 'PodLost',
    })
  })
})

describe('[TS15] a pod that is not in the cache', () => {
  const missing = { ...readyObserved(), pod: { kind: 'none' } as const }
  const gone = { podGone: { podUid: readyStatus().podUID ?? '' } }

  it('is looked up before it is given up', () => {
    const plan = planFor(missing)
    expect(kinds(plan)).toEqual(['lookUpPod'])
    expect(plan.requeueAfterMs).toBe(1000)
  })

  it('is lost once the fresh read found none', () => {
    const status = writtenStatus(planFor({ ...missing, memory: gone }))
    expect(status).toMatchObject({ phase: 'Failed', reason: 'PodLost' })
    expect(status.message).toMatch(
      /The pod demo-b9a7c1de on node node-1 is gone, and nothing says why.*Create a new session/,
    )
  })

  it('a fresh read about another pod proves nothing', () => {
    expect(kinds(planFor({ ...missing, memory: { podGone: { podUid: 'other' } } }))).toEqual(['lookUpPod'])
  })

  it('is lost for the reason that was already on record', () => {
    const status = readyStatus({ phase: 'Ending', reason: 'Idle', message: 'Nobody typed.' })
    const plan = planFor({ ...missing, session: aSession({ status }), memory: gone })
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Ended', reason: 'Idle', message: 'Nobody typed.' })
  })
})
