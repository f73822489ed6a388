import { LIMITS, encodeFrame } from '@cpc/protocol'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SOCKET_LIMITS } from '../src/core/limits/socket.ts'
import { ATTACH, out } from './attachment-bench.ts'
import type { FakeHolder } from './fake-holder.ts'
import { ORIGIN, startLocalGateway } from './local-gateway.ts'
import { type ConnectOptions, WireClient } from './wire-client.ts'

const gateway = await startLocalGateway()

const clients: WireClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.terminate()
})

async function open(options: ConnectOptions = {}): Promise<WireClient> {
  const client = await WireClient.connect(gateway.port, options)
  clients.push(client)
  return client
}

function hello(ticket: string | undefined) {
  const client = { name: 'test', version: '1' }
  return {
    type: 'HELLO',
    body: { versions: [1, 1] as [number, number], client, ...(ticket === undefined ? {} : { ticket }) },
  } as const
}

/** A terminal that streams, and its holder. */
async function attach(options: ConnectOptions = {}): Promise<[WireClient, FakeHolder]> {
  const client = await open(options)
  client.send(hello(await gateway.ticket())).send(ATTACH)
  await client.frame('ATTACHED')
  const holder = gateway.holders.opened.at(-1)
  if (!holder) throw new Error('no holder was opened')
  return [client, holder]
}

/** Waits on something that is no frame. */
async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe('the way in', () => {
  it('[G50] HELLO, ticket, ATTACH: the holder hears who it is', async () => {
    const [client, holder] = await attach({ origin: ORIGIN })
    expect(client.frames.map(({ type }) => type)).toEqual(['WELCOME', 'ATTACHED'])
    expect(client.socket.protocol).toBe('cpc.v1')
    expect(holder.podName).toBe('demo-12345678')
    expect(holder.heard).toMatchObject([{ type: 'HELLO' }, { type: 'ATTACH', body: { owner: 'octocat' } }])
    expect(JSON.stringify(holder.heard.map(frame => ('body' in frame ? frame.body : {})))).not.toContain('ticket"')
  })

  it.each([
    ['a foreign Origin', { origin: 'https://evil.example' }, 403, 'origin-refused'],
    ['no subprotocol', { subprotocols: [] }, 400, 'no-subprotocol'],
    ['another subprotocol', { subprotocols: ['cpc.v2'] }, 400, 'no-subprotocol'],
    ['an unknown path', { session: 'a/b' }, 404, 'not-found'],
  ] as const)('[G40] %s is refused before the upgrade, with a problem', async (_title, options, status, code) => {
    const refusal = await WireClient.refusal(gateway.port, {
      ...options,
      subprotocols: [...('subprotocols' in options ? options.subprotocols : ['cpc.v1'])],
    })
    expect(refusal.status).toBe(status)
    expect(refusal.headers['content-type']).toBe('application/problem+json')
    expect(refusal.body).toMatchObject({ code, status })
  })

  it('[G40] a bare request to the socket’s path is no way in', async () => {
    const response = await fetch(`${gateway.url}/ws/terminal/demo`)
    expect(response.status).toBe(404)
  })

  it('[G40] while draining new sockets are refused with 503', async () => {
    gateway.state.phase = 'draining'
    const refusal = await WireClient.refusal(gateway.port)
    gateway.state.phase = 'ok'
    expect(refusal).toMatchObject({ status: 503, body: { code: 'draining' } })
    expect(refusal.headers['retry-after']).toBe('1')
  })

  it.each([
    ['no ticket', async () => Promise.resolve(undefined), 4401],
    ['a made-up ticket', async () => Promise.resolve('a.b.c'), 4401],
    ['a token instead of a ticket', () => gateway.token(), 4401],
    ['a ticket for another session', () => gateway.ticket({ session: 'other' }), 4401],
    ['a ticket for a session that was replaced', () => gateway.ticket({ uid: 'uid-0' }), 4404],
    ['a ticket of somebody who is not the owner', () => gateway.ticket({ sub: 'mallory' }), 4404],
    ['a browser ticket without an Origin', () => gateway.ticket({ client: 'browser' }), 4403],
  ])('[O3] [G41] [G43] %s', async (_title, ticket, code) => {
    const execs = gateway.holders.opened.length
    const client = await open()
    client.send(hello(await ticket())).send(ATTACH)
    expect((await client.closed()).code).toBe(code)
    expect(gateway.holders.opened).toHaveLength(execs)
  })

  it('[G42] silent sockets of an address are bounded, and shut nobody out: the oldest goes with 4408', async () => {
    const strangers: WireClient[] = []
    for (let n = 0; n < SOCKET_LIMITS.UNVERIFIED_PER_ADDRESS_MAX; n += 1) strangers.push(await open())
    await attach()
    const oldest = await strangers[0]?.closed()
    expect(oldest?.code).toBe(4408)
    expect(oldest?.reason).toContain('No ticket was shown')
    expect(strangers.filter(({ close }) => close !== undefined)).toHaveLength(1)
    // Those that keep silent and do not read either hold no place: the flood goes on, and the honest still come in.
    for (const stranger of strangers) stranger.socket.pause()
    for (let n = 0; n < 2 * SOCKET_LIMITS.UNVERIFIED_PER_ADDRESS_MAX; n += 1) strangers.push(await open())
    await attach()
    expect(gateway.registry.counts.unverified).toBeLessThanOrEqual(SOCKET_LIMITS.UNVERIFIED_PER_ADDRESS_MAX)
    for (const stranger of strangers) stranger.socket.terminate()
    await eventually('the strangers’ places to be free', () => gateway.registry.counts.unverified === 0)
    await attach()
  })

  it('[G43] sockets of an owner are bounded', async () => {
    for (let n = 0; n < SOCKET_LIMITS.ATTACHMENTS_PER_OWNER_MAX; n += 1) await attach()
    const client = await open()
    client.send(hello(await gateway.ticket()))
    expect((await client.closed()).code).toBe(4429)
  })

  it('[G57] an exec that is refused is 4502 with words', async () => {
    gateway.holders.refuse = new Error('boom')
    const client = await open()
    client.send(hello(await gateway.ticket())).send(ATTACH)
    const close = await client.closed()
    gateway.holders.refuse = undefined
    expect(close).toEqual({ code: 4502, reason: 'The Kubernetes API server does not answer.' })
  })
})

describe('bad input disturbs nobody', () => {
  const FRAME_100_MB = 100 * 1024 * 1024
  it.each([
    ['a text message', (client: WireClient) => client.socket.send('hello'), 'text'],
    ['a frame of 100 MB', (client: WireClient) => client.socket.send(Buffer.alloc(FRAME_100_MB)), 'longer than'],
    [
      'a frame one byte too long',
      (client: WireClient) => client.socket.send(Buffer.alloc(LIMITS.FRAME_BYTES_MAX + 1)),
      'longer than',
    ],
    ['a truncated frame', (client: WireClient) => client.socket.send(Uint8Array.of(3, 0)), 'header'],
    ['an unknown type', (client: WireClient) => client.socket.send(Uint8Array.of(0x6f, 0, 0, 0)), '0x6f'],
    ['text that is not UTF-8', (client: WireClient) => client.socket.send(Buffer.of(0xff), { binary: false }), 'UTF-8'],
    [
      'a broken WebSocket frame',
      (client: WireClient) => rawSocketOf(client).write(Buffer.of(0xff, 0xff, 0xff)),
      'RFC 6455',
    ],
  ])('[G44] [F8] %s: 4400 with a reason, before and after the ticket', async (_title, misbehave, words) => {
    const [bystander, holder] = await attach()
    const stranger = await open()
    const [known] = await attach()
    for (const client of [stranger, known]) {
      misbehave(client)
      const close = await client.closed()
      expect(close.code).toBe(4400)
      expect(close.reason).toContain(words)
    }
    expect(gateway.registry.memory().clientBufferedBytes).toBeLessThan(LIMITS.FRAME_BYTES_MAX)
    holder.say(out(0, 3))
    expect((await bystander.frame('OUT')).bytes).toHaveLength(3)
  })

  it('[G44] a message in endless fragments is refused', async () => {
    const client = await open()
    for (let n = 0; n < 200; n += 1) client.socket.send(Uint8Array.of(1), { fin: false })
    expect((await client.closed()).code).toBe(4400)
  })

  it('garbage on the port ends that connection only', async () => {
    const [client, holder] = await attach()
    const garbage = connect(gateway.port, '127.0.0.1')
    garbage.on('error', () => undefined)
    let answer = ''
    garbage.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    garbage.write('\x16\x03\x01 nonsense\r\n\r\n')
    await eventually('an answer', () => answer.includes('bad-request'))
    holder.say(out(0, 1))
    await client.frame('OUT')
  })
})

it('a mistake of ours costs one socket, and is in the log', async () => {
  const [bystander, other] = await attach()
  const [client, holder] = await attach()
  holder.send = () => {
    throw new Error('a mistake')
  }
  client.send({ type: 'KEEP_ALIVE' })
  expect((await client.closed()).code).toBe(1006)
  expect(holder.state).toBe('closed')
  expect(gateway.lines.join('')).toContain('a mistake')
  other.say(out(0, 1))
  await bystander.frame('OUT')
})

describe('bounds', () => {
  it('[C2] a flood for a client that never acknowledges costs the window and one frame', async () => {
    const [client, holder] = await attach()
    let off = 0
    while (holder.flow === 'reading') {
      holder.say(out(off, LIMITS.OUT_BYTES_MAX))
      off += LIMITS.OUT_BYTES_MAX
    }
    expect(off).toBeLessThanOrEqual(64 * 1024 + LIMITS.OUT_BYTES_MAX)
    // What an exec may still deliver behind its pause is kept, not sent.
    holder.say(out(off, LIMITS.OUT_BYTES_MAX))
    expect(gateway.registry.memory().heldBytes).toBe(LIMITS.OUT_BYTES_MAX + 12)
    await client.until(() => (received(client) === off ? true : undefined))
    client.send({ type: 'ACK', outOff: off })
    await client.until(() => (received(client) === off + LIMITS.OUT_BYTES_MAX ? true : undefined))
    await eventually('the exec to be read again', () => holder.flow === 'reading')
    expect(gateway.registry.memory().heldBytes).toBe(0)
  })

  it('[G53] a client that does not read its socket is bounded, even for frames that need no credit', async () => {
    const [client, holder] = await attach()
    const [bystander, other] = await attach()
    client.socket.pause()
    const event = { type: 'EVENT', body: { kind: 'lease', lease: 0, by: 'x'.repeat(200) } } as const
    while (holder.flow === 'reading') {
      for (let n = 0; n < 200; n += 1) holder.say(event)
      await new Promise(resolve => setImmediate(resolve))
    }
    const { clientBufferedBytes } = gateway.registry.memory()
    expect(clientBufferedBytes).toBeLessThan(SOCKET_LIMITS.CLIENT_BACKLOG_BYTES_MAX)
    other.say(out(0, 1))
    await bystander.frame('OUT')
    client.socket.resume()
    await eventually('the exec to be read again', () => holder.flow === 'reading')
    await eventually('nothing to wait', () => gateway.registry.memory().clientBufferedBytes === 0)
  })

  it('[G53] a client that asks and asks but does not read is not read either', async () => {
    const [client] = await attach()
    client.socket.pause()
    const ping = encodeFrame({ type: 'PING', opaque: 1n })
    const pongs = () => gateway.registry.memory().clientBufferedBytes
    // The client's own socket fills once the gateway stops reading it.
    const full = () => client.socket.bufferedAmount > 4 * 1024 * 1024
    while (!full()) {
      for (let n = 0; n < 5_000; n += 1) client.socket.send(ping)
      await new Promise(resolve => setTimeout(resolve, 1))
      expect(pongs()).toBeLessThan(SOCKET_LIMITS.CLIENT_BACKLOG_BYTES_MAX)
    }
    expect(client.close).toBeUndefined()
  })

  it('[G53] WebSocket pings of a client that does not read are not answered without end', async () => {
    const [client] = await attach()
    client.socket.pause()
    const full = () => client.socket.bufferedAmount > 4 * 1024 * 1024
    for (let round = 0; round < 2_000 && !full(); round += 1) {
      for (let n = 0; n < 500; n += 1) client.socket.ping(Buffer.alloc(100))
      await new Promise(resolve => setTimeout(resolve, 1))
      expect(gateway.registry.memory().clientBufferedBytes).toBeLessThan(SOCKET_LIMITS.CLIENT_BACKLOG_BYTES_MAX)
    }
  })

  it('[G53] a pod that does not read its input pauses the client', async () => {
    const [client, holder] = await attach()
    holder.bufferedBytes = SOCKET_LIMITS.HOLDER_BACKLOG_BYTES_MAX + 1
    client.send({ type: 'KEEP_ALIVE' })
    await eventually('the first to arrive', () => holder.heard.length === 3)
    client.send({ type: 'RESIZE', cols: 9, rows: 9 })
    // The second is in the kernel's hands; it arrives once the pod reads.
    holder.drain()
    await eventually('the second to arrive', () => holder.heard.length === 4)
  })
})

describe('the way out', () => {
  it('[T4] EXIT closes with 1000 behind all output', async () => {
    const [client, holder] = await attach()
    holder.say(out(0, 1_000))
    holder.say({ type: 'EXIT', body: { reason: 'Exited', exitCode: 7, outHead: 1_000 } })
    expect(await client.closed()).toEqual({ code: 1000, reason: 'The shell exited with code 7.' })
    expect(client.frames.map(({ type }) => type)).toEqual(['WELCOME', 'ATTACHED', 'OUT', 'EXIT'])
    expect(holder.state).toBe('closed')
  })

  it('an exec that drops is 4502', async () => {
    const [client, holder] = await attach()
    holder.end('The way to the pod broke: reset')
    expect(await client.closed()).toEqual({ code: 4502, reason: 'The way to the pod broke: reset' })
  })

  it('[G54] a holder that sends nonsense is cut off with 4502', async () => {
    const [client, holder] = await attach()
    holder.break('A frame announces 4294967295 bytes; 65540 are allowed.')
    expect((await client.closed()).code).toBe(4502)
    expect(holder.state).toBe('closed')
  })

  it('[T6] a client that vanishes frees everything', async () => {
    const [client, holder] = await attach()
    const { verified } = gateway.registry.counts
    client.socket.terminate()
    await eventually('the exec to be closed', () => holder.state === 'closed')
    await eventually('the place to be free', () => gateway.registry.counts.verified === verified - 1)
  })

  it('[G56] a session that is over closes its sockets, and no others', async () => {
    const [client, holder] = await attach()
    gateway.registry.sessionOver('another-uid', 'Gone.')
    gateway.registry.sessionOver('uid-1', 'The session was deleted.')
    holder.end('The pod is gone.')
    expect(await client.closed()).toEqual({ code: 4404, reason: 'The session was deleted.' })
  })

  it('[G70] draining tells every socket 1012 and closes the execs', async () => {
    const [one, holder] = await attach()
    const stranger = await open()
    await gateway.registry.drain()
    expect((await one.closed()).code).toBe(1012)
    expect((await stranger.closed()).code).toBe(1012)
    expect(holder.state).toBe('closed')
    expect(gateway.registry.counts).toEqual({ unverified: 0, verified: 0 })
  })

  it('[G81] the log says who was at which terminal, and holds no terminal bytes, no ticket, no token', async () => {
    gateway.lines.length = 0
    const secret = 'correct horse battery staple'
    const ticket = await gateway.ticket()
    const token = await gateway.token()
    await fetch(`${gateway.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })
    await fetch(`${gateway.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}x` } })
    const client = await open()
    client.send(hello(ticket)).send(ATTACH)
    await client.frame('ATTACHED')
    const holder = gateway.holders.opened.at(-1)
    const bytes = new TextEncoder().encode(secret)
    holder?.say({ type: 'OUT', off: 0, bytes })
    client.send({ type: 'IN', lease: 1, off: 0, bytes })
    await client.frame('OUT')
    client.send({ type: 'DETACH' })
    await client.closed()
    await eventually('the closing line', () => gateway.lines.join('').includes('terminal closed'))
    const log = gateway.lines.join('')
    for (const never of [
      secret,
      Buffer.from(secret).toString('base64'),
      [...bytes].join(','),
      ticket,
      token,
      ...token.split('.'),
      ...ticket.split('.').slice(1),
    ]) {
      expect(log).not.toContain(never)
    }
    const lines = log
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'terminal attached',
        owner: 'octocat',
        session: 'demo',
        sessionUid: 'uid-1',
        address: '127.0.0.1',
      }),
    )
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'terminal closed', code: 1000, outputBytes: expect.any(Number) as number }),
    )
  })
})

function received(client: WireClient): number {
  return client.frames.reduce((sum, frame) => sum + (frame.type === 'OUT' ? frame.bytes.length : 0), 0)
}

/** The TCP socket below a WebSocket, to break the rules of RFC 6455. */
function rawSocketOf(client: WireClient): { write(bytes: Buffer): void } {
  return (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket
}
