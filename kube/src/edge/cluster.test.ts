import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendJson, startServer } from '../../test/http-server.ts'
import { clusterSourceFromEnv, loadCluster } from './cluster.ts'
import { FILE_CHECK_INTERVAL_MS, fileCredentials } from './in-cluster.ts'
import { createTransport } from './transport.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cpc-kube-'))
})
afterAll(() => rm(folder, { recursive: true }))

const put = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const kubeconfig = (server: string, token: string, extra: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true, ...extra } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'mine' } },
      { name: 'there', context: { cluster: 'c', user: 'u' } },
    ],
  })

describe('where the cluster is', () => {
  it('[K1] prefers KUBECONFIG, then the pod’s own, then the home folder', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }
    expect(clusterSourceFromEnv({ KUBECONFIG: '/a:/b', HOME: '/h', ...pod })).toEqual({
      kind: 'kubeconfig',
      paths: ['/a', '/b'],
    })
    expect(clusterSourceFromEnv({ HOME: '/h', ...pod })).toEqual({ kind: 'in-cluster', host: '10.96.0.1', port: '443' })
    expect(clusterSourceFromEnv({ KUBECONFIG: '', HOME: '/h' })).toEqual({
      kind: 'kubeconfig',
      paths: ['/h/.kube/config'],
    })
    expect(() => clusterSourceFromEnv({})).toThrow(/set KUBECONFIG/)
  })

  it('[K2] reads a pod’s four values', async () => {
    const files = {
      tokenFile: await put('token', 'secret\n'),
      caFile: await put('ca.crt', 'CA'),
      namespaceFile: await put('namespace', 'pocket-console'),
    }
    const cluster = await loadCluster({ kind: 'in-cluster', host: 'fd00::1', port: '6443', ...files })
    expect(cluster).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'pocket-console' })
    expect(await cluster.credentials.current()).toMatchObject({ headers: { authorization: 'Bearer secret' }, ca: 'CA' })
  })

  it('[K2] names the file that is missing', async () => {
    const source = {
      kind: 'in-cluster',
      host: 'h',
      port: '1',
      tokenFile: join(folder, 'none'),
      caFile: await put('ca', ''),
    } as const
    await expect(loadCluster(source)).rejects.toThrow(/cannot read the credentials file .*none/)
  })

  it('[K2] does not load client-node for a pod', async () => {
    const script = `
      import { registerHooks } from 'node:module'
      const loaded = []
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
      const { loadCluster } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)})
      const source = { kind: 'in-cluster', host: 'h', port: '1', tokenFile: '/dev/null', caFile: '/dev/null' }
      await loadCluster(source)
      console.log(JSON.stringify({ ours: loaded.some(url => url.includes('in-cluster')), theirs: loaded.some(url => url.includes('client-node')) }))
    `
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    expect(JSON.parse(stdout)).toEqual({ ours: true, theirs: false })
  })

  it('[K3] reads files again when they changed, keeps what it has when they vanish, and at once when told to', async () => {
    let nowMs = 0
    const token = await put('rotating', 'one')
    const ca = await put('rotating-ca', 'CA')
    const source = fileCredentials(token, ca, () => nowMs)
    const given = async (): Promise<string | undefined> => (await source.current()).headers['authorization']
    expect(await given()).toBe('Bearer one')
    await put('next', 'two')
    await rename(join(folder, 'next'), token)
    expect(await given()).toBe('Bearer one')
    nowMs += FILE_CHECK_INTERVAL_MS
    expect(await given()).toBe('Bearer two')
    await put('rotating', 'three')
    expect((await source.refresh()).headers['authorization']).toBe('Bearer three')
    await rm(token)
    nowMs += FILE_CHECK_INTERVAL_MS
    expect(await given()).toBe('Bearer three')
    await put('rotating-ca', 'another CA')
    nowMs += FILE_CHECK_INTERVAL_MS
    const before = (await source.refresh().catch(() => undefined))?.tlsVersion
    expect(before).toBeUndefined()
    await put('rotating', 'four')
    expect((await source.refresh()).tlsVersion).toBe('another CA')
  })

  it('[K1] loads a kubeconfig, its context, and merges several files', async () => {
    const first = await put('config', kubeconfig('https://first:6443/', 'secret'))
    const second = await put(
      'config2',
      kubeconfig('https://second:6443', 'x')
        .replaceAll('"c"', '"d"')
        .replaceAll('"u"', '"v"')
        .replaceAll('"here"', '"far"')
        .replaceAll('"there"', '"farther"'),
    )
    const cluster = await loadCluster({ kind: 'kubeconfig', paths: [first, second] })
    expect(cluster).toMatchObject({ server: 'https://first:6443', namespace: 'mine' })
    expect(await cluster.credentials.current()).toMatchObject({
      headers: { authorization: 'Bearer secret' },
      rejectUnauthorized: false,
    })
    const other = await loadCluster({ kind: 'kubeconfig', paths: [first, second], context: 'farther' })
    expect(other).toMatchObject({ server: 'https://second:6443', namespace: 'default' })
  })

  it('[K3] asks the kubeconfig again after a 401', async () => {
    const server = await startServer((request, response) => {
      if (request.headers.authorization === 'Bearer new') sendJson(response, { ok: true })
      else sendJson(response, { kind: 'Status', code: 401 }, 401)
    })
    const path = await put('rotated', kubeconfig(server.url, 'old'))
    const cluster = await loadCluster({ kind: 'kubeconfig', paths: [path] })
    await cluster.credentials.current()
    await put('rotated', kubeconfig(server.url, 'new'))
    const transport = createTransport(cluster, { userAgent: 'test/1' })
    expect(await transport.request({ method: 'GET', path: '/x' })).toEqual({ ok: true })
    expect(server.requests).toHaveLength(2)
    await transport.close()
    await server.close()
  })

  it('[K1] says what is wrong with a kubeconfig', async () => {
    const load = (paths: string[], context?: string) =>
      loadCluster({ kind: 'kubeconfig', paths, ...(context === undefined ? {} : { context }) })
    await expect(load([join(folder, 'absent')])).rejects.toThrow(/cannot read the kubeconfig .*absent/)
    await expect(load([await put('odd', '- a\n- b: [')])).rejects.toThrow(/cannot read the kubeconfig .*odd/)
    const good = await put('good', kubeconfig('https://x', 't'))
    await expect(load([good], 'nowhere')).rejects.toThrow(/no context "nowhere". There are: here, there/)
    const proxied = await put('proxied', kubeconfig('https://x', 't', { 'proxy-url': 'http://p' }))
    await expect(load([proxied])).rejects.toThrow(/proxy-url, which is not supported/)
  })
})
