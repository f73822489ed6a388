// The gateway as the process it is in its image: settings, refusals to start, SIGTERM. The API server is away, which must not matter.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettings } from '../src/env.ts'
import { AUDIENCE, ISSUER, jwksOf, makeFolder, makeKey, makeTicketKey } from './keys.ts'
import { WireClient } from './wire-client.ts'

const MAIN = new URL('../src/main.ts', import.meta.url).pathname
const folder = makeFolder()
afterAll(() => folder.remove())

const kubeconfig = {
  clusters: [{ name: 'away', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'nobody', user: { token: 'x' } }],
  contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
  'current-context': 'away',
}
const jwksFile = folder.write('jwks.json', await jwksOf({ pair: makeKey('ES256'), kid: 'k1' }))
const GOOD = {
  KUBECONFIG: folder.write('kubeconfig', JSON.stringify(kubeconfig)),
  CPC_LISTEN_PORT: '0',
  CPC_METRICS_PORT: '0',
  CPC_SESSION_NAMESPACE: 'sessions',
  CPC_ISSUERS_FILE: folder.write(
    'issuers.json',
    JSON.stringify([{ issuer: ISSUER, audience: AUDIENCE, keys: { jwksFile } }]),
  ),
  CPC_TICKET_KEY_FILE: makeTicketKey(folder),
}

interface Run {
  child: ChildProcess
  output: () => string
  exit: Promise<number | null>
}

function run(env: Record<string, string>): Run {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, output: () => output, exit: once(child, 'close').then(([code]) => code as number | null) }
}

describe('settings', () => {
  it('have the defaults of the spec', () => {
    expect(readSettings(GOOD)).toMatchObject({
      sessionsPerOwnerMax: 10,
      trustedProxyHops: 0,
      logLevel: 'info',
      drainMs: 20_000,
    })
    const { CPC_LISTEN_PORT: _listen, CPC_METRICS_PORT: _metrics, ...ports } = GOOD
    expect(readSettings(ports)).toMatchObject({ listenPort: 8080, metricsPort: 9090 })
  })

  it('take origins as a list', () => {
    const { allowedOrigins } = readSettings({
      ...GOOD,
      CPC_ALLOWED_ORIGINS: 'https://a.example, capacitor://localhost',
    })
    expect([...allowedOrigins]).toEqual(['https://a.example', 'capacitor://localhost'])
  })

  it.each([
    ['CPC_SESSION_NAMESPACE', ''],
    ['CPC_LISTEN_PORT', '80000'],
    ['CPC_ALLOWED_ORIGINS', 'https://a.example/path'],
    ['CPC_ALLOWED_ORIGINS', '*'],
    ['CPC_SESSIONS_PER_OWNER_MAX', '0'],
    ['CPC_LOG_LEVEL', 'loud'],
    ['CPC_DRAIN_MS', '-1'],
  ])('%s=%j is refused by name', (name, value) => {
    expect(() => readSettings({ ...GOOD, [name]: value })).toThrow(name)
  })
})

describe('the process', () => {
  it('does not start without its settings, and names every one', async () => {
    const { exit, output } = run({})
    expect(await exit).toBe(1)
    for (const name of ['CPC_SESSION_NAMESPACE', 'CPC_ISSUERS_FILE', 'CPC_TICKET_KEY_FILE'])
      expect(output()).toContain(name)
    expect(output()).not.toContain('    at ')
  })

  it('does not start with a key it cannot read, and names the file', async () => {
    const { exit, output } = run({ ...GOOD, CPC_TICKET_KEY_FILE: folder.path('nothing') })
    expect(await exit).toBe(1)
    expect(output()).toContain(folder.path('nothing'))
  })

  it('does not start on a port that is taken, and names it', async () => {
    const other = createServer().listen(0)
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { exit, output } = run({ ...GOOD, CPC_LISTEN_PORT: String(port) })
    expect(await exit).toBe(1)
    expect(output()).toContain(`Port ${port} cannot be used`)
    other.close()
  })

  it('[G57] [G70] starts while the API server is away, says so, and leaves orderly on SIGTERM with 0', async () => {
    const { child, exit, output } = run(GOOD)
    let listening: RegExpExecArray | null = null
    while (!listening) {
      listening = /"listen":(\d+),"metrics":(\d+)/.exec(output())
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    const [port, metricsPort] = [Number(listening[1]), Number(listening[2])]
    const health = await fetch(`http://127.0.0.1:${port}/api/v1/health`)
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ status: 'starting' })
    expect((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status).toBe(503)
    expect((await fetch(`http://127.0.0.1:${metricsPort}/healthz`)).status).toBe(200)
    const client = await WireClient.connect(port)
    child.kill('SIGTERM')
    expect((await client.closed()).code).toBe(1012)
    expect(await exit).toBe(0)
    expect(output()).toContain('gateway stopped')
  })
})
