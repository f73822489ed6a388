import { afterEach, describe, expect, it } from 'vitest'
import {
  type Handler,
  sendJson,
  sendStatus,
  startServer,
  type TestServer,
  testTransport,
} from '../../test/http-server.ts'
import { configMaps, namespaces } from '../resources.ts'
import { createKubeClient, type KubeClient } from './kube-client.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function setUp(handler: Handler): Promise<{ server: TestServer; client: KubeClient }> {
  const server = await startServer(handler)
  const transport = testTransport(server)
  cleanups.push(
    () => server.close(),
    () => transport.close(),
  )
  return { server, client: createKubeClient(transport) }
}

const accept: Handler = (_request, response) => sendJson(response, {})
const ref = { namespace: 'n', name: 'a' }

describe('kube client', () => {
  it('[K12] sends each verb as the API wants it', async () => {
    const { server, client } = await setUp(accept)
    const object = { metadata: { name: 'a', namespace: 'n' }, data: { k: 'v' } }
    await client.create(configMaps, object, { fieldManager: 'm', dryRun: 'All' })
    await client.replace(configMaps, object)
    await client.patch(configMaps, ref, { type: 'merge', body: { data: null } }, { subresource: 'status' })
    await client.patch(configMaps, ref, { type: 'json', body: [{ op: 'remove', path: '/data' }] })
    await client.apply(configMaps, ref, { data: {} }, { fieldManager: 'm', conflicts: 'take' })
    await client.apply(
      configMaps,
      ref,
      { data: {} },
      { fieldManager: 'm', conflicts: 'respect', subresource: 'status' },
    )
    await client.delete(configMaps, ref, { preconditions: { uid: 'u', resourceVersion: '7' }, gracePeriodSeconds: 0 })
    const base = '/api/v1/namespaces/n/configmaps'
    expect(
      server.requests.map(({ method, path, headers }) => `${method} ${path} ${headers['content-type'] ?? ''}`),
    ).toEqual([
      `POST ${base}?fieldManager=m&dryRun=All application/json`,
      `PUT ${base}/a application/json`,
      `PATCH ${base}/a/status application/merge-patch+json`,
      `PATCH ${base}/a application/json-patch+json`,
      `PATCH ${base}/a?fieldManager=m&force=true application/apply-patch+yaml`,
      `PATCH ${base}/a/status?fieldManager=m&force=false application/apply-patch+yaml`,
      `DELETE ${base}/a application/json`,
    ])
    expect(JSON.parse(server.requests[4]?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: ref,
      data: {},
    })
    expect(JSON.parse(server.requests[6]?.body ?? '')).toMatchObject({
      kind: 'DeleteOptions',
      preconditions: { uid: 'u', resourceVersion: '7' },
      gracePeriodSeconds: 0,
    })
  })

  it('[K6] repeats lost answers of merge patch, apply and delete with uid, and of nothing else that writes', async () => {
    const { server, client } = await setUp(request => request.socket.destroy())
    const count = async (call: () => Promise<unknown>): Promise<number> => {
      const before = server.requests.length
      await expect(call()).rejects.toThrow()
      return server.requests.length - before
    }
    const signal = { timeoutMs: 400 }
    const object = { metadata: { name: 'a', namespace: 'n' } }
    expect(await count(() => client.create(configMaps, object, signal))).toBe(1)
    expect(await count(() => client.patch(configMaps, ref, { type: 'json', body: [] }, signal))).toBe(1)
    expect(await count(() => client.delete(configMaps, ref, signal))).toBe(1)
    expect(await count(() => client.patch(configMaps, ref, { type: 'merge', body: {} }, signal))).toBeGreaterThan(1)
    expect(
      await count(() => client.apply(configMaps, ref, {}, { fieldManager: 'm', conflicts: 'take', ...signal })),
    ).toBeGreaterThan(1)
    expect(
      await count(() => client.delete(configMaps, ref, { preconditions: { uid: 'u' }, ...signal })),
    ).toBeGreaterThan(1)
  })

  it('[K11] gives list items the type that the server leaves out, and keeps what it does not know', async () => {
    const { client } = await setUp((_request, response) =>
      sendJson(response, { metadata: { resourceVersion: '5' }, items: [{ metadata: { name: 'a' }, invented: 1 }] }),
    )
    expect(await client.list(namespaces)).toEqual({
      metadata: { resourceVersion: '5' },
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, invented: 1 }],
    })
  })

  it('[K8] refuses answers of the wrong shape', async () => {
    const { server, client } = await setUp((_request, response) => sendJson(response, [1]))
    await expect(client.get(configMaps, ref)).rejects.toMatchObject({ failure: 'bad-response' })
    server.handler = (_request, response) => sendJson(response, { items: 'many' })
    await expect(client.list(configMaps)).rejects.toMatchObject({ failure: 'bad-response' })
    server.handler = (_request, response) => sendJson(response, { items: null, metadata: {} })
    expect((await client.list(configMaps)).items).toEqual([])
  })

  it('[K20] does not hide other failures of a later page', async () => {
    const { server, client } = await setUp((request, response) => {
      if (request.url?.includes('continue=x')) sendStatus(response, 403, 'Forbidden')
      else sendJson(response, { metadata: { continue: 'x' }, items: [] })
    })
    await expect(client.listAll(configMaps)).rejects.toMatchObject({ code: 403 })
    expect(server.requests).toHaveLength(2)
  })
})
