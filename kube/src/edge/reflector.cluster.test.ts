import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRealCluster, type RealCluster, startWire, type Wire } from '../../test/real-cluster.ts'
import { until } from '../../test/time.ts'
import {
  collectionPath,
  type ConfigMap,
  configMaps,
  createKubeClient,
  createReflector,
  createTransport,
  type Reflector,
  systemClock,
} from '../index.ts'
import { runWatch } from './watch-session.ts'

/** The API server is away for so long. */
const AWAY_MS = 30_000

let real: RealCluster
beforeAll(async () => {
  real = await openRealCluster()
})
afterAll(() => real.remove())

function summary(objects: readonly ConfigMap[]): string[] {
  return objects
    .map(({ metadata, data }) => `${metadata?.name ?? ''}=${data?.['v'] ?? ''}@${metadata?.resourceVersion ?? ''}`)
    .sort()
}

/** Waits until the reflector holds what a fresh, consistent list holds. */
async function converged(reflector: Reflector<ConfigMap>, labelSelector: string): Promise<void> {
  const { namespace, client } = real
  let wanted: string[] = []
  let held: string[] = []
  await until(
    async () => {
      wanted = summary((await client.listAll(configMaps, { namespace, labelSelector })).items)
      held = summary(reflector.store.list())
      return JSON.stringify(held) === JSON.stringify(wanted)
    },
    () => `held ${held.join(' ')}, wanted ${wanted.join(' ')}`,
    120_000,
  )
}

async function change(round: number, set: string): Promise<void> {
  const { namespace, client } = real
  const name = (index: number): string => `${set}-${String(index)}`
  const metadata = (index: number) => ({ name: name(index), namespace, labels: { set } })
  await client.create(configMaps, { metadata: metadata(round), data: { v: '0' } })
  await client.patch(
    configMaps,
    { namespace, name: name(round) },
    { type: 'merge', body: { data: { v: String(round) } } },
  )
  if (round % 3 === 0 && round > 0) await client.delete(configMaps, { namespace, name: name(round - 1) })
}

describe('reflector on a real API server', () => {
  it('[K21] [K26] follows what its selector selects, and sees an object leave the selection as deleted', async () => {
    const { namespace, client } = real
    const reflector = createReflector({ client, resource: configMaps, namespace, labelSelector: 'set=plain' })
    const seen: string[] = []
    reflector.subscribe(each => seen.push(`${each.type} ${each.object.metadata?.name ?? ''}`))
    reflector.start()
    await reflector.waitForSync()
    for (let round = 0; round < 10; round += 1) await change(round, 'plain')
    await client.create(configMaps, { metadata: { name: 'other', namespace, labels: { set: 'other' } } })
    await converged(reflector, 'set=plain')
    const relabel = { type: 'merge', body: { metadata: { labels: { set: 'other' } } } } as const
    await client.patch(configMaps, { namespace, name: 'plain-0' }, relabel)
    await until(() => seen.includes('deleted plain-0'))
    expect(seen.some(line => line.endsWith('other'))).toBe(false)
    expect(reflector.store.list().every(object => !('managedFields' in (object.metadata ?? {})))).toBe(true)
    expect(reflector.lastSyncAgeMs()).toBeLessThan(60_000)
    await reflector.stop()
  })

  it('[K23] [K25] knows a version that is too old or none at all, and hears nothing from one of the future', async () => {
    const session = (resourceVersion: string) =>
      runWatch({
        transport: real.transport,
        path: collectionPath(configMaps, real.namespace),
        selectors: { labelSelector: undefined, fieldSelector: undefined },
        action: { kind: 'watch', resourceVersion, timeoutSeconds: 60, silenceMs: 4_000 },
        signal: new AbortController().signal,
        clock: systemClock,
        onEvent: () => undefined,
      })
    expect((await session('1')).outcome.reason).toBe('expired')
    expect((await session('yesterday')).outcome).toMatchObject({ opened: 'refused', events: 0 })
    // A server may refuse it, or open the watch and stay silent: both lead to a list, by K23 or by K25.
    const { outcome } = await session('900000000000000')
    expect(['expired', 'silent']).toContain(outcome.reason)
    expect(outcome.events).toBe(0)
  })

  describe('through a wire that breaks', () => {
    let wire: Wire
    beforeAll(async () => {
      wire = await startWire(real.cluster)
    })
    afterAll(() => wire.close())

    it('[K24] [K26] misses nothing while its connections are cut again and again, and the server is away for 30 s', async () => {
      const { namespace } = real
      const transport = createTransport(wire.cluster, { userAgent: 'cpc-kube-test/1' })
      const client = createKubeClient(transport)
      const reflector = createReflector({ client, resource: configMaps, namespace, labelSelector: 'set=cut' })
      const known = new Map<string, string>()
      reflector.subscribe(({ type, key, object }) => {
        if (type === 'deleted') known.delete(key)
        else known.set(key, object.data?.['v'] ?? '')
      })
      reflector.start()
      await reflector.waitForSync()
      for (let round = 0; round < 12; round += 1) {
        await change(round, 'cut')
        if (round % 4 === 3) wire.cut()
      }
      await converged(reflector, 'set=cut')
      await wire.takeDown()
      for (let round = 12; round < 20; round += 1) await change(round, 'cut')
      await new Promise(resolve => setTimeout(resolve, AWAY_MS))
      expect(reflector.store.get(`${namespace}/cut-19`)).toBeUndefined()
      await wire.restore()
      await converged(reflector, 'set=cut')
      const held = reflector.store
        .list()
        .map(object => [`${namespace}/${object.metadata?.name ?? ''}`, object.data?.['v'] ?? ''])
      expect([...known.entries()].sort()).toEqual(held.sort())
      await reflector.stop()
      await transport.close()
    })
  })
})
