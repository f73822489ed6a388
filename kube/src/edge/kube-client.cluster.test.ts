import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRealCluster, type RealCluster } from '../../test/real-cluster.ts'
import { until } from '../../test/time.ts'
import {
  configMaps,
  createEventRecorder,
  defineResource,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  type KubeObject,
  objectPath,
  pods,
} from '../index.ts'

let real: RealCluster
beforeAll(async () => {
  real = await openRealCluster()
})
afterAll(() => real.remove())

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: unknown) => error,
  )

describe('client on a real API server', () => {
  it('[K9] gets typed refusals', async () => {
    const { client, namespace } = real
    const object = { metadata: { name: 'twice', namespace }, data: { k: 'v' } }
    await client.create(configMaps, object)
    expect(isAlreadyExists(await failure(client.create(configMaps, object)))).toBe(true)
    expect(isNotFound(await failure(client.get(configMaps, { namespace, name: 'absent' })))).toBe(true)
    const badName = { metadata: { name: 'Not A Name', namespace } }
    const invalid = await failure(client.create(configMaps, badName))
    expect(isInvalid(invalid)).toBe(true)
    expect(invalid).toMatchObject({ details: { causes: [{ field: 'metadata.name' }] } })
    const stale = { ...object, metadata: { ...object.metadata, resourceVersion: '1' } }
    expect(isConflict(await failure(client.replace(configMaps, stale)))).toBe(true)
    const impersonated = { method: 'GET', path: '/api/v1/no-such-resource' } as const
    expect(isNotFound(await failure(real.transport.request(impersonated)))).toBe(true)
    expect(isForbidden(new Error('403'))).toBe(false)
  })

  it('[K12] applies, sees another manager’s fields as a conflict, and takes them when told to', async () => {
    const { client, namespace } = real
    const ref = { namespace, name: 'applied' }
    const apply = (fieldManager: string, value: string, conflicts: 'take' | 'respect') =>
      client.apply(configMaps, ref, { data: { shared: value } }, { fieldManager, conflicts })
    const first = await apply('one', 'a', 'respect')
    expect(first).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { shared: 'a' } })
    const conflict = await failure(apply('two', 'b', 'respect'))
    expect(isConflict(conflict)).toBe(true)
    expect(conflict).toMatchObject({ details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.shared' }] } })
    expect(await apply('two', 'b', 'take')).toMatchObject({ data: { shared: 'b' } })
    const again = await apply('two', 'b', 'take')
    expect(again.metadata?.resourceVersion).toBe((await client.get(configMaps, ref)).metadata?.resourceVersion)
  })

  it('[K12] patches with merge and JSON patch, with a version as precondition', async () => {
    const { client, namespace } = real
    const ref = { namespace, name: 'patched' }
    const made = await client.create(configMaps, { metadata: ref, data: { a: '1', b: '2' } })
    const merged = await client.patch(configMaps, ref, { type: 'merge', body: { data: { a: null, c: '3' } } })
    expect(merged.data).toEqual({ b: '2', c: '3' })
    const resourceVersion = made.metadata?.resourceVersion
    const stale = { type: 'merge', body: { metadata: { resourceVersion }, data: { d: '4' } } } as const
    expect(isConflict(await failure(client.patch(configMaps, ref, stale)))).toBe(true)
    const operations = [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'replace', path: '/data/b', value: '5' },
    ] as const
    expect((await client.patch(configMaps, ref, { type: 'json', body: operations })).data).toEqual({ b: '5', c: '3' })
    expect(isInvalid(await failure(client.patch(configMaps, ref, { type: 'json', body: operations })))).toBe(true)
  })

  it('[K12] deletes only the object that was meant', async () => {
    const { client, namespace } = real
    const ref = { namespace, name: 'doomed' }
    const made = await client.create(configMaps, { metadata: ref })
    const uid = made.metadata?.uid ?? ''
    const wrongUid = failure(client.delete(configMaps, ref, { preconditions: { uid: `${uid.slice(0, -1)}x` } }))
    expect(isConflict(await wrongUid)).toBe(true)
    const changed = await client.patch(configMaps, ref, { type: 'merge', body: { data: { a: '1' } } })
    const old = { uid, resourceVersion: made.metadata?.resourceVersion ?? '' }
    expect(isConflict(await failure(client.delete(configMaps, ref, { preconditions: old })))).toBe(true)
    const now = { uid, resourceVersion: changed.metadata?.resourceVersion ?? '' }
    await client.delete(configMaps, ref, { preconditions: now })
    expect(isNotFound(await failure(client.get(configMaps, ref)))).toBe(true)
  })

  it('[K12] writes status alone through the status subresource', async () => {
    const { client, namespace } = real
    const ref = { namespace, name: 'gated' }
    const container = { name: 'main', image: 'none' }
    // automountServiceAccountToken and a gate: the pod is never scheduled and needs nothing of the namespace.
    const spec = {
      containers: [container],
      schedulingGates: [{ name: 'example.com/wait' }],
      automountServiceAccountToken: false,
    }
    await until(() =>
      client.create(pods, { metadata: ref, spec }).then(
        () => true,
        (error: unknown) => !isForbidden(error) && Promise.reject(error as Error),
      ),
    )
    const body = { status: { message: 'from a test' }, metadata: { labels: { ignored: 'yes' } } }
    const patched = await client.patch(pods, ref, { type: 'merge', body }, { subresource: 'status' })
    expect(patched.status?.message).toBe('from a test')
    expect((await client.get(pods, ref, { subresource: 'status' })).status?.message).toBe('from a test')
    await client.delete(pods, ref, { gracePeriodSeconds: 0 })
  })

  it('[K20] reads a long list in pages of one consistent state', async () => {
    const { client, namespace } = real
    const labels = { set: 'paged' }
    const names = Array.from({ length: 25 }, (_, index) => `paged-${String(index).padStart(2, '0')}`)
    await Promise.all(names.map(name => client.create(configMaps, { metadata: { name, namespace, labels } })))
    const page = await client.list(configMaps, { namespace, labelSelector: 'set=paged', limit: 10 })
    expect(page.items).toHaveLength(10)
    expect(page.metadata.continue).toBeTruthy()
    const all = await client.listAll(configMaps, { namespace, labelSelector: 'set=paged', limit: 10 })
    expect(all.items.map(item => item.metadata?.name)).toEqual(names)
    expect(all.items[0]).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
  })

  it('[K60] [K61] writes events that the API server takes, and their series', async () => {
    const { client, namespace } = real
    const about = await client.create(configMaps, { metadata: { name: 'subject', namespace } })
    const recorder = createEventRecorder({
      client,
      reportingController: 'pocketconsole.dev/kube-test',
      reportingInstance: 'kube-test-1',
    })
    const uid = about.metadata?.uid ?? ''
    const subject = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'subject', uid }
    const note = { type: 'Warning', reason: 'Tested', action: 'Test', note: '€'.repeat(600) } as const
    recorder.record(subject, note)
    await recorder.flush(30_000)
    for (let count = 0; count < 4; count += 1) recorder.record(subject, note)
    await recorder.stop(30_000)
    const events = defineResource<KubeObject>({
      group: 'events.k8s.io',
      version: 'v1',
      plural: 'events',
      kind: 'Event',
      scope: 'namespaced',
    })
    const { items } = await client.listAll(events, { namespace })
    const ours = items.filter(item => (item as { reason?: string }).reason === 'Tested')
    expect(ours).toHaveLength(1)
    expect(ours[0]).toMatchObject({
      note: '€'.repeat(341),
      type: 'Warning',
      regarding: { name: 'subject', uid },
      reportingController: 'pocketconsole.dev/kube-test',
      series: { count: 5 },
    })
  })

  it('[K4] [K10] keeps connections, and escapes names', async () => {
    const { client, namespace } = real
    const odd = { namespace, name: 'a/../../../../version' }
    expect(objectPath(configMaps, odd)).not.toContain('/version')
    expect(isNotFound(await failure(client.get(configMaps, odd)))).toBe(true)
  })
})
