import type { AddressInfo } from 'node:net'
import { Counter, Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHttpServer } from './http-server.ts'

describe('probes and metrics', () => {
  const registry = new Registry()
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3)
  let state: 'starting' | 'running' = 'starting'
  let server: Awaited<ReturnType<typeof startHttpServer>>
  const get = async (path: string) => {
    const { port } = server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  }

  beforeAll(async () => {
    server = await startHttpServer({ port: 0, registry, isReady: () => state === 'running' })
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  it('is alive at once, and ready when the caches are filled', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' })
    expect(await get('/readyz')).toEqual({ status: 503, text: 'the caches are not filled yet\n' })
    state = 'running'
    expect(await get('/readyz')).toMatchObject({ status: 200 })
  })

  it('shows the metrics', async () => {
    expect((await get('/metrics')).text).toContain('things_total 3')
  })

  it('says what there is', async () => {
    expect(await get('/')).toEqual({ status: 404, text: 'there are /metrics, /healthz and /readyz\n' })
  })
})
