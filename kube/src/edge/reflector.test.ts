import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { sendJson, sendStatus, testTransport } from '../../test/http-server.ts'
import { createFastClock, until } from '../../test/time.ts'
import { startWatchServer, type Thing, type WatchServer } from '../../test/watch-server.ts'
import { defineResource } from '../core/resource.ts'
import type { StoreChange } from '../core/store.ts'
import { createKubeClient } from './kube-client.ts'
import { createReflector, type Reflector, type ReflectorOptions } from './reflector.ts'

const things = defineResource<Thing>({
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  scope: 'namespaced',
})

/** 30 s of back-off pass in 150 ms, two minutes of silence in 600 ms. */
const SPEED = 200

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Rig {
  server: WatchServer
  reflector: Reflector<Thing>
  changes: StoreChange<Thing>[]
  /** Waits until the store holds what the server holds. */
  converged(): Promise<void>
  close(): Promise<void>
}

async function openRig(speed: number, options: Partial<ReflectorOptions<Thing>> = {}): Promise<Rig> {
  const server = await startWatchServer()
  const clock = createFastClock(speed)
  const transport = testTransport(server.http)
  const reflector = createReflector({ client: createKubeClient(transport), resource: things, clock, ...options })
  const changes: StoreChange<Thing>[] = []
  reflector.subscribe(change => changes.push(change))
  const held = (): string => summary(reflector.store.list())
  const wanted = (): string => summary([...server.objects.values()])
  return {
    server,
    reflector,
    changes,
    converged: () =>
      until(
        () => held() === wanted(),
        () => `store ${held()}, server ${wanted()}`,
      ),
    async close() {
      await reflector.stop()
      await transport.close()
      await server.close()
    },
  }
}

async function startRig(options: Partial<ReflectorOptions<Thing>> & { speed?: number } = {}): Promise<Rig> {
  const { speed = SPEED, ...rest } = options
  const rig = await openRig(speed, rest)
  cleanups.push(rig.close)
  return rig
}

async function startWatching(rig: Rig): Promise<void> {
  rig.reflector.start()
  await rig.reflector.waitForSync()
  await until(() => rig.server.openWatches === 1)
}

function summary(objects: Thing[]): string {
  const words = objects.map(({ metadata, value }) => `${metadata.name}=${value}@${metadata.resourceVersion}`)
  return words.sort().join(' ')
}

describe('reflector', () => {
  it('[K20] [K21] lists in pages, then watches from there with bookmarks', async () => {
    const rig = await startRig()
    for (let index = 0; index < 8; index += 1) rig.server.put(`a${String(index)}`, 'x')
    expect(rig.reflector.hasSynced()).toBe(false)
    expect(rig.reflector.lastSyncAgeMs()).toBe(Infinity)
    await startWatching(rig)
    expect(rig.reflector.store.size).toBe(8)
    expect(rig.server.lists.map(query => query.get('limit'))).toEqual(['500', '500', '500'])
    expect(rig.server.lists.map(query => query.has('resourceVersion'))).toEqual([false, false, false])
    const query = rig.server.watches[0]
    expect(query?.get('resourceVersion')).toBe('108')
    expect(query?.get('allowWatchBookmarks')).toBe('true')
    expect(Number(query?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300)
    expect(Number(query?.get('timeoutSeconds'))).toBeLessThan(600)
  })

  it('[K26] reports additions, changes and deletions in order, stripped of managedFields', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.put('a', '1')
    rig.server.put('a', '2')
    rig.server.remove('a')
    await until(() => rig.changes.length === 3)
    expect(rig.changes.map(change => [change.type, change.key, change.object.value])).toEqual([
      ['added', 'n/a', '1'],
      ['updated', 'n/a', '2'],
      ['deleted', 'n/a', '2'],
    ])
    expect(rig.changes.every(change => !('managedFields' in change.object.metadata))).toBe(true)
    expect(rig.changes[0]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
  })

  it('[K20] starts the list again in one page when the server forgot it half-way', async () => {
    const rig = await startRig()
    for (let index = 0; index < 8; index += 1) rig.server.put(`a${String(index)}`, 'x')
    rig.server.faults.push(
      () => 'normal',
      () => {
        rig.server.compact()
        return 'normal'
      },
    )
    await startWatching(rig)
    await rig.converged()
    expect(rig.server.lists.map(query => query.get('limit'))).toEqual(['500', '500', null])
  })

  it('[K24] resumes after a reset from the last event, without listing', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.put('a', '1')
    await rig.converged()
    rig.server.resetWatches()
    await until(() => rig.server.openWatches === 1 && rig.server.watches.length === 2)
    rig.server.put('b', '1')
    await rig.converged()
    expect(rig.server.watches.map(query => query.get('resourceVersion'))).toEqual(['100', '101'])
    expect(rig.server.lists).toHaveLength(1)
  })

  it('[K21] resumes from a bookmark', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.compact()
    rig.server.bookmark()
    await until(() => rig.reflector.lastSyncAgeMs() < Infinity)
    rig.server.endWatches()
    await until(() => rig.server.watches.length === 2)
    expect(rig.server.watches[1]?.get('resourceVersion')).toBe('101')
    expect(rig.server.lists).toHaveLength(1)
  })

  it('[K22] leaves a half-open connection and misses nothing', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.silenceWatches()
    rig.server.put('a', '1')
    await rig.converged()
    expect(rig.server.watches.length).toBe(2)
    expect(rig.server.lists).toHaveLength(1)
  })

  it('[K25] lists again when watch after watch stays deaf', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.silenceWatches()
    rig.server.faults.push(response => {
      response.writeHead(200).flushHeaders()
      return 'answered'
    })
    rig.server.put('a', '1')
    await rig.converged()
    expect(rig.server.watches.slice(0, 2).map(query => query.get('resourceVersion'))).toEqual(['100', '100'])
    expect(rig.server.lists).toHaveLength(2)
  })

  it.each([
    ['a status', (server: WatchServer) => server.resetWatches()],
    ['an ERROR event', (server: WatchServer) => server.errorEvent(410, 'Expired')],
  ])('[K23] lists again after 410 as %s, and reports deletions missed meanwhile', async (_as, breakWatch) => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.put('a', '1')
    rig.server.put('b', '1')
    await rig.converged()
    rig.server.silenceWatches()
    rig.server.remove('a')
    rig.server.put('c', '1')
    rig.server.compact()
    breakWatch(rig.server)
    await rig.converged()
    expect(rig.changes.slice(2).map(change => [change.type, change.key])).toEqual([
      ['deleted', 'n/a'],
      ['added', 'n/c'],
    ])
    expect(rig.server.lists.length).toBeGreaterThan(1)
  })

  it('[K24] survives an ERROR event that is not 410 without listing', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.errorEvent(500, 'InternalError')
    await until(() => rig.server.watches.length === 2)
    rig.server.put('a', '1')
    await rig.converged()
    expect(rig.server.lists).toHaveLength(1)
  })

  it('[K27] drops a truncated line and gets the event again', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.breakOff('{"type":"ADDED","object":{"metadata":{"name":"ghost","resourceVersion":"10')
    await until(() => rig.server.watches.length === 2)
    rig.server.put('a', '1')
    await rig.converged()
    expect(rig.server.watches[1]?.get('resourceVersion')).toBe('100')
  })

  it('[K27] lists again after a line that is no event', async () => {
    const rig = await startRig()
    await startWatching(rig)
    rig.server.breakOff('garbage\n')
    await until(() => rig.server.watches.length === 2)
    await rig.converged()
    expect(rig.server.lists).toHaveLength(2)
  })

  it('[K24] waits as long as a loaded server asks before it watches again', async () => {
    const clock = createFastClock(SPEED)
    const rig = await startRig({ clock })
    rig.server.faults.push(
      () => 'normal',
      response => {
        sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '20' })
        return 'answered'
      },
    )
    rig.reflector.start()
    await until(() => rig.server.watches.length === 1)
    const refusedMs = clock.nowMs()
    await until(() => rig.server.watches.length === 2)
    expect(clock.nowMs() - refusedMs).toBeGreaterThan(19_000)
  })

  it('[K24] is not synced by a list that never comes, and syncs when the server does', async () => {
    const rig = await startRig()
    for (let count = 0; count < 4; count += 1) {
      rig.server.faults.push(response => {
        response.destroy()
        return 'answered'
      })
    }
    rig.server.put('a', '1')
    rig.reflector.start()
    await until(() => rig.server.lists.length >= 2)
    expect(rig.reflector.hasSynced()).toBe(false)
    await rig.reflector.waitForSync()
    expect(rig.reflector.store.get('n/a')?.value).toBe('1')
  })

  it('[K26] catches up with what changed while a slow list was on its way', async () => {
    const rig = await startRig()
    rig.server.put('a', '1')
    const [a] = [...rig.server.objects.values()]
    let answer: () => void = () => undefined
    rig.server.faults.push(response => {
      answer = () => sendJson(response, { metadata: { resourceVersion: '101' }, items: [a] })
      return 'answered'
    })
    rig.reflector.start()
    await until(() => rig.server.lists.length === 1)
    rig.server.remove('a')
    rig.server.put('b', '1')
    expect(rig.reflector.hasSynced()).toBe(false)
    answer()
    await rig.converged()
    expect(rig.changes.map(change => `${change.type} ${change.key}`)).toEqual(['added n/a', 'deleted n/a', 'added n/b'])
    expect(rig.server.lists).toHaveLength(1)
  })

  it('[K28] is not harmed by a listener that throws', async () => {
    const rig = await startRig()
    rig.reflector.subscribe(() => {
      throw new Error('listener')
    })
    const after: string[] = []
    const unsubscribe = rig.reflector.subscribe(change => after.push(change.key))
    await startWatching(rig)
    rig.server.put('a', '1')
    await rig.converged()
    unsubscribe()
    rig.server.put('b', '1')
    await rig.converged()
    expect(after).toEqual(['n/a'])
    expect(rig.server.watches).toHaveLength(1)
  })

  it('[K29] tells how old its knowledge is, and lets a waiter go', async () => {
    const rig = await startRig({ speed: 1 })
    const waiting = new AbortController()
    const wait = rig.reflector.waitForSync(waiting.signal)
    waiting.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
    await startWatching(rig)
    await until(() => rig.reflector.lastSyncAgeMs() > 1000)
    rig.server.bookmark()
    await until(() => rig.reflector.lastSyncAgeMs() < 1000)
  })

  it('[K29] stops in the middle of anything, and rejects who waits', async () => {
    const rig = await startRig()
    rig.server.faults.push(() => 'answered')
    const wait = rig.reflector.waitForSync()
    rig.reflector.start()
    await until(() => rig.server.lists.length === 1)
    await rig.reflector.stop()
    await expect(wait).rejects.toThrow(/stopped before it had synced/)
    await rig.reflector.stop()
  })

  it('[K26] ends equal to the server after any mixture of changes, breaks and forgetting', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), name, value: fc.string() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('rest' as const), ms: fc.integer({ min: 0, max: 15 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constantFrom('resetWatches', 'endWatches', 'silenceWatches', 'compact', 'bookmark'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('truncate', 'gone', 'internal', 'refuse') }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async steps => {
        const rig = await openRig(1000)
        try {
          rig.reflector.start()
          for (const one of steps) await perform(rig.server, one)
          await rig.converged()
          expect(replayed(rig.changes)).toBe(summary(rig.reflector.store.list()))
        } finally {
          await rig.close()
        }
      }),
      { numRuns: 25 },
    )
  })
})

type Step =
  | { do: 'put'; name: string; value: string }
  | { do: 'remove'; name: string }
  | { do: 'resetWatches' | 'endWatches' | 'silenceWatches' | 'compact' | 'bookmark' }
  | { do: 'truncate' | 'gone' | 'internal' | 'refuse' }
  | { do: 'rest'; ms: number }

async function perform(server: WatchServer, step: Step): Promise<void> {
  switch (step.do) {
    case 'put':
      server.put(step.name, step.value)
      return
    case 'remove':
      server.remove(step.name)
      return
    case 'truncate':
      server.breakOff('{"type":"DELETED","object":{')
      return
    case 'gone':
      server.errorEvent(410, 'Expired')
      return
    case 'internal':
      server.errorEvent(500, 'InternalError')
      return
    case 'refuse':
      server.faults.push(response => {
        sendStatus(response, 503, 'ServiceUnavailable')
        return 'answered'
      })
      return
    case 'rest':
      await new Promise(resolve => setTimeout(resolve, step.ms))
      return
    default:
      server[step.do]()
  }
}

/** What a listener knows that only followed the changes. */
function replayed(changes: readonly StoreChange<Thing>[]): string {
  const known = new Map<string, Thing>()
  for (const change of changes) {
    expect(known.has(change.key)).toBe(change.type !== 'added')
    if (change.type === 'deleted') known.delete(change.key)
    else known.set(change.key, change.object)
  }
  return summary([...known.values()])
}
