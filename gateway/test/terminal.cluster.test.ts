// Real shells in real pods, through replicas in this process that may do what the installed gateway may, and no more.
// The installed operator makes the sessions, the real client attaches.
import { type HelloFrame, LIMITS } from '@cpc/protocol'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SOCKET_LIMITS } from '../src/core/limits/socket.ts'
import { ATTACH } from './attachment-bench.ts'
import { type Replica, SESSION_NAMESPACE, TestBed, type Wire, until } from './cluster.ts'
import { Terminal } from './terminal.ts'
import { WireClient } from './wire-client.ts'

const OWNER = `gateway-test-${randomUUID().slice(0, 8)}`

let bed: TestBed
let token: string
let a: Replica
let b: Replica
/** Reaches the API server through `wire`. */
let wired: Replica
let wire: Wire

const made: string[] = []
const terminals: Terminal[] = []

beforeAll(async () => {
  bed = await TestBed.connect()
  token = await bed.token(OWNER)
  const namespace = SESSION_NAMESPACE
  const cluster = await bed.asGateway()
  const sessionsPerOwnerMax = 32
  a = await bed.replica({ namespace, cluster, sessionsPerOwnerMax })
  b = await bed.replica({ namespace, cluster, sessionsPerOwnerMax })
  const route = await bed.wire()
  wire = route.wire
  wired = await bed.replica({ namespace, cluster: route.cluster, sessionsPerOwnerMax })
})
afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.stop()
})
afterAll(async () => {
  for (const name of made) await call(a, 'DELETE', `/sessions/${name}`)
  await bed.close()
  wire.close()
})

async function call(replica: Replica, method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, prefer: 'wait=20', 'content-type': 'application/json' }
  const response = await fetch(`${replica.url}/api/v1${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

/** A session whose shell runs. */
async function aShell(): Promise<string> {
  const name = `gw-${randomUUID().slice(0, 8)}`
  made.push(name)
  const { status, body } = await call(a, 'POST', '/sessions', {
    name,
    idleTimeoutSeconds: 600,
    maxLifetimeSeconds: 1_200,
  })
  if (status !== 201 && status !== 202) throw new Error(`no session: ${JSON.stringify(body)}`)
  await until(`${name} to be ready`, async () =>
    (await call(a, 'GET', `/sessions/${name}`)).body['phase'] === 'Ready' ? true : undefined,
  )
  return name
}

async function aTerminal(session: string, url: () => string = () => a.url, options: object = {}): Promise<Terminal> {
  const terminal = new Terminal({ session, token, url, ...options })
  terminals.push(terminal)
  await terminal.attached()
  return terminal
}

async function aTicket(replica: Replica, session: string): Promise<string> {
  const { body, status } = await call(replica, 'POST', `/sessions/${session}/ticket`, { client: 'native' })
  if (status !== 201) throw new Error(`no ticket: ${JSON.stringify(body)}`)
  return String(body['ticket'])
}

function hello(ticket: string): HelloFrame {
  return { type: 'HELLO', body: { versions: [1, 1], client: { name: 'wire', version: '0' }, ticket } }
}

/** The shell's own process id, asked for in a way that the echo of the line cannot be mistaken for. */
async function shellPid(terminal: Terminal): Promise<string> {
  const mark = randomUUID().slice(0, 8)
  terminal.type(`echo "pid-${mark}"=$$\r`)
  return (await terminal.sees(new RegExp(`pid-${mark}=(\\d+)`)))[1] ?? ''
}

describe('a terminal', () => {
  it('[G50] a person types, and the shell answers', async () => {
    const terminal = await aTerminal(await aShell())
    terminal.type('echo $((6 * 7)); id -u\r')
    await terminal.sees(/\r42\r\n/)
    expect(terminal.reports).toContainEqual(expect.objectContaining({ kind: 'attached' }))
    expect(terminal.text).not.toMatch(/\n0\r\n/)
  })

  it('[T4] exit ends the session, with its code, and no second attach', async () => {
    const session = await aShell()
    const terminal = await aTerminal(session)
    terminal.type('exit 7\r')
    const end = await until('the end', () => terminal.end)
    expect(end).toMatchObject({ kind: 'exit', exit: { reason: 'Exited', exitCode: 7 } })
    await until('no more tickets', async () =>
      (await call(b, 'POST', `/sessions/${session}/ticket`)).status === 409 ? true : undefined,
    )
  })

  it('[O4] a ticket opens one socket, at whatever replica', async () => {
    const session = await aShell()
    const ticket = await aTicket(a, session)
    const first = await WireClient.connect(a.port, { session })
    first.send(hello(ticket)).send(ATTACH)
    await first.frame('ATTACHED')
    for (const replica of [a, b]) {
      const again = await WireClient.connect(replica.port, { session })
      again.send(hello(ticket)).send(ATTACH)
      expect((await again.closed()).code).toBe(4401)
    }
    expect(first.close).toBeUndefined()
    first.socket.terminate()
  })

  it('[G56] a deleted session ends its terminals within seconds, and not as if the network had failed', async () => {
    const session = await aShell()
    const terminal = await aTerminal(session)
    await call(b, 'DELETE', `/sessions/${session}`)
    const end = await until('the end', () => terminal.end)
    expect(['exit', 'closed', 'refused']).toContain(end.kind)
    if (end.kind === 'closed') expect(end.code).toBe(4404)
  })
})

describe('nothing is lost', () => {
  it('[P1] [I2] numbered streams both ways survive cut sockets, dropped execs and changed replicas: no byte lost, none doubled', async () => {
    const session = await aShell()
    let replica = 0
    const routes = [a, b, wired]
    const terminal = await aTerminal(session, () => routes[replica % routes.length]?.url ?? a.url)
    const pid = await shellPid(terminal)
    // Everything typed comes back as it was typed, so one stream proves both directions.
    terminal.type('stty raw -echo; echo be""gin; cat\r')
    const begin = await terminal.sees(/begin\r?\n/)
    const from = begin.index + begin[0].length
    const lines = 10_000
    const typed = Array.from(
      { length: lines },
      (_, n) => `line ${n} of a stream that must not lose or double a byte\n`,
    ).join('')
    const bytes = new TextEncoder().encode(typed)
    let at = 0
    let cuts = 0
    await until('the whole stream', () => {
      at += terminal.type(bytes.subarray(at, at + 8_192))
      // A cut each 25 kB or so, in turn of the client's socket and the exec behind the gateway.
      if (terminal.text.length - from > (cuts + 1) * 25_000 && terminal.client.status.phase === 'attached') {
        cuts += 1
        if (cuts % 3 === 0) wire.cut()
        else terminal.cut()
        replica += 1
      }
      // The user's "now": the back-off of many cuts in a row is not what is tested here.
      if (terminal.client.status.phase === 'waiting') terminal.client.hint()
      return terminal.text.length - from >= typed.length ? true : undefined
    })
    expect(cuts).toBeGreaterThan(5)
    expect(terminal.connections).toBeGreaterThan(cuts / 2)
    expect(terminal.text.slice(from)).toBe(typed)
    expect(
      terminal.reports.filter(({ kind }) => kind === 'gap' || kind === 'input-lost' || kind === 'restarted'),
    ).toEqual([])
    terminal.type(Uint8Array.of(4))
    expect(pid).not.toBe('')
  })

  it('[G70] a replica that stops hands its terminals over: 1012, the same shell, nothing lost', async () => {
    const going = await bed.replica({ namespace: SESSION_NAMESPACE })
    const session = await aShell()
    let url = going.url
    const terminal = await aTerminal(session, () => url)
    const pid = await shellPid(terminal)
    url = b.url
    await going.gateway.stop(20_000)
    await until('the second connection', () => (terminal.connections === 2 ? true : undefined))
    expect(await shellPid(terminal)).toBe(pid)
    const ends = going.lines
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'terminal closed')
    expect(ends).toMatchObject([{ code: 1012, owner: OWNER, session }])
  })
})

describe('bounds', () => {
  it('[C2] [C5] a client that never acknowledges a flood is bounded, harms nobody, and is closed with 4408', async () => {
    const session = await aShell()
    const watcher = await aTerminal(session, () => b.url)
    const stalled = await WireClient.connect(a.port, { session })
    stalled.send(hello(await aTicket(a, session))).send({ ...ATTACH, body: { cols: 80, rows: 24, mode: 'view' } })
    await stalled.frame('ATTACHED')
    watcher.type('yes | head -c 30000000; echo flood""-over\r')
    let heldBytesMax = 0
    const close = await until('the stalled client to be closed', () => {
      const { heldBytes, clientBufferedBytes } = a.gateway.registry.memory()
      heldBytesMax = Math.max(heldBytesMax, heldBytes + clientBufferedBytes)
      return stalled.close
    })
    expect(close).toMatchObject({ code: 4408 })
    const received = stalled.frames.reduce((sum, frame) => sum + (frame.type === 'OUT' ? frame.bytes.length : 0), 0)
    expect(received).toBeLessThanOrEqual(64 * 1024 + LIMITS.OUT_BYTES_MAX)
    expect(heldBytesMax).toBeLessThanOrEqual(SOCKET_LIMITS.HELD_BYTES_MAX)
    await watcher.sees(/flood-over/)
    expect(await shellPid(watcher)).not.toBe('')
  })

  it('[C2] a client that acknowledges gets a flood of 20 MB whole', async () => {
    const terminal = await aTerminal(await aShell(), () => a.url, { lossless: true })
    terminal.type('yes 0123456789abcdef | head -c 20000000; echo fl""ood-over\r')
    await terminal.sees(/flood-over/)
    expect(terminal.text.split('0123456789abcdef\r\n').length).toBeGreaterThan(1_100_000)
    expect(terminal.reports.filter(({ kind }) => kind === 'gap')).toEqual([])
  })
})

describe('the API server goes away', () => {
  it('[G57] sockets that live go on, new ones are 4502, REST is 503, and it comes back by itself', async () => {
    const session = await aShell()
    const terminal = await aTerminal(session, () => wired.url)
    const pid = await shellPid(terminal)
    const ticket = await aTicket(wired, session)

    wire.state = 'closed'
    expect(await shellPid(terminal)).toBe(pid)
    const late = await WireClient.connect(wired.port, { session })
    late.send(hello(ticket)).send(ATTACH)
    expect(await late.closed()).toMatchObject({ code: 4502 })
    const write = await call(wired, 'POST', '/sessions', {})
    // A connection that was open before may still carry it; then it is simply made.
    if (write.status === 201 || write.status === 202) made.push(String(write.body['id']))
    else expect(write).toMatchObject({ status: 503, body: { code: 'cluster-unavailable' } })
    expect((await call(wired, 'GET', `/sessions/${session}`)).status).toBe(200)
    expect(await shellPid(terminal)).toBe(pid)

    wire.cut()
    await until('the terminal to be without its exec', () =>
      terminal.client.status.phase === 'waiting' ? true : undefined,
    )
    expect((await call(wired, 'POST', '/sessions', {})).body).toMatchObject({
      status: 503,
      code: 'cluster-unavailable',
    })
    expect((await call(wired, 'GET', '/sessions')).status).toBe(200)
    const ready = await fetch(`http://127.0.0.1:${wired.gateway.ports.metrics}/readyz`)
    expect(ready.status).toBe(200)

    wire.state = 'open'
    await until('the terminal to be back', () => (terminal.connections === 2 ? true : undefined))
    expect(await shellPid(terminal)).toBe(pid)
    const other = await aShell()
    await until('the cache to follow again', async () => {
      const { body } = await call(wired, 'GET', '/sessions')
      return (body['items'] as { id: string }[]).some(({ id }) => id === other) || undefined
    })
  })
})

describe('looking at it', () => {
  it('[G80] metrics, probes, and nothing about people', async () => {
    const terminal = await aTerminal(await aShell())
    await shellPid(terminal)
    const admin = (path: string) => fetch(`http://127.0.0.1:${a.gateway.ports.metrics}${path}`)
    expect((await admin('/healthz')).status).toBe(200)
    expect((await admin('/readyz')).status).toBe(200)
    expect((await admin('/elsewhere')).status).toBe(404)
    const text = await (await admin('/metrics')).text()
    for (const name of [
      'cpc_gateway_sockets{state="verified"} ',
      'cpc_gateway_attachments_total',
      'cpc_gateway_exec_open_seconds',
      'rest_client_requests_total',
      'process_resident_memory_bytes',
    ]) {
      expect(text).toContain(name)
    }
    expect(text).not.toContain(OWNER)
    expect(text).not.toMatch(/gw-[0-9a-f]{8}/)
  })

  it('[G81] no line of any replica holds a ticket, a token, or what was typed or printed', async () => {
    const secret = `secret-${randomUUID()}`
    const terminal = await aTerminal(await aShell())
    terminal.type(`echo ${secret}\r`)
    await terminal.sees(new RegExp(`\r${secret}`))
    const log = [a, b, wired].flatMap(({ lines }) => lines).join('')
    expect(log).toContain('terminal attached')
    expect(log).not.toContain(secret)
    expect(log).not.toContain(token)
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{20,}\./)
  })
})
