import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { sendStatus, startServer, testCredentials, type TestServer, testTransport } from '../../test/http-server.ts'
import { createFastClock, createManualClock, settle, until } from '../../test/time.ts'
import type { CredentialSource } from './cluster.ts'
import { execCollect } from './exec-collect.ts'
import { type ExecOptions, type ExecStream, openExec } from './exec-stream.ts'
import { EXEC_DEAD_AFTER_MS, EXEC_PING_INTERVAL_MS } from './socket-exec.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const V5 = 'v5.channel.k8s.io'
const SUCCESS = Buffer.from('\u0003{"status":"Success"}')
const target = { namespace: 'n', pod: 'p', container: 'c', command: ['run', 'a b', 'ü&x=1'], stdin: true, stderr: true }

interface Peer {
  server: TestServer
  /** The server's side of the stream, once there is one. */
  socket(): Promise<WebSocket>
  /** What the client sent, message by message. */
  received: Buffer[]
}

/** A server that accepts execs with the protocol given, unless `refuse` deals with the upgrade. */
async function startPeer(
  protocol: string | false = V5,
  refuse: (request: IncomingMessage, socket: Duplex) => 'refused' | 'accept' = () => 'accept',
): Promise<Peer> {
  const server = await startServer((_request, response) => sendStatus(response, 404, 'NotFound'))
  const accepted = Promise.withResolvers<WebSocket>()
  const received: Buffer[] = []
  const upgrades = new WebSocketServer({ noServer: true, handleProtocols: () => protocol, perMessageDeflate: false })
  server.server.on('upgrade', (request, socket, head) => {
    server.requests.push({ method: 'GET', path: request.url ?? '', headers: request.headers, body: '' })
    if (refuse(request, socket) === 'refused') return
    upgrades.handleUpgrade(request, socket, head, peer => {
      peer.on('message', data => received.push(data as Buffer))
      peer.on('error', () => undefined)
      accepted.resolve(peer)
    })
  })
  cleanups.push(() => server.close())
  return { server, received, socket: () => accepted.promise }
}

interface Opened {
  exec: ExecStream
  stdout: Buffer[]
  stderr: Buffer[]
  text(): string
}

async function open(
  server: TestServer,
  options: ExecOptions & { credentials?: CredentialSource } = {},
): Promise<Opened> {
  const { credentials, ...rest } = options
  const transport = testTransport(server, credentials === undefined ? {} : { credentials })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const handlers = { onStdout: (chunk: Buffer) => stdout.push(chunk), onStderr: (chunk: Buffer) => stderr.push(chunk) }
  cleanups.push(() => transport.close())
  const exec = await openExec(transport, target, handlers, rest)
  cleanups.push(() => exec.close())
  return { exec, stdout, stderr, text: () => Buffer.concat(stdout).toString() }
}

function refuseWith(socket: Duplex, code: number, body: object): void {
  const text = JSON.stringify(body)
  socket.end(`HTTP/1.1 ${String(code)} No\r\ncontent-length: ${String(Buffer.byteLength(text))}\r\n\r\n${text}`)
}

describe('exec upgrade', () => {
  it('[K70] offers v5 then v4, without compression or a TTY, with escaped names', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    expect(exec.protocol).toBe(V5)
    const request = peer.server.requests[0]
    expect(request?.headers).toMatchObject({
      'sec-websocket-protocol': `${V5},v4.channel.k8s.io`,
      'user-agent': 'test/1',
      authorization: 'Bearer first',
    })
    expect(request?.headers).not.toHaveProperty('sec-websocket-extensions')
    const url = new URL(request?.path ?? '', 'http://x')
    expect(url.pathname).toBe('/api/v1/namespaces/n/pods/p/exec')
    expect(url.searchParams.getAll('command')).toEqual(target.command)
    expect(url.searchParams.get('tty')).toBe('false')
  })

  it('[K76] gives the Status of a refusal', async () => {
    const status = { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'not for you', code: 403 }
    const peer = await startPeer(V5, (_request, socket) => {
      refuseWith(socket, 403, status)
      return 'refused'
    })
    await expect(open(peer.server)).rejects.toMatchObject({ name: 'ApiError', code: 403, reason: 'Forbidden' })
    expect(peer.server.requests).toHaveLength(1)
  })

  it('[K76] comes back once with new credentials after 401', async () => {
    const peer = await startPeer(V5, (request, socket) => {
      if (request.headers.authorization === 'Bearer second') return 'accept'
      refuseWith(socket, 401, { kind: 'Status', reason: 'Unauthorized' })
      return 'refused'
    })
    const credentials = testCredentials(each => (each.token = 'second'))
    const { exec } = await open(peer.server, { credentials })
    expect(exec.protocol).toBe(V5)
    const hopeless = testCredentials()
    await expect(open(peer.server, { credentials: hopeless })).rejects.toMatchObject({ code: 401 })
    expect(hopeless.refreshes).toBe(1)
  })

  it('[K76] ends at the connect deadline and with the signal, when the server says nothing', async () => {
    const peer = await startPeer(V5, (_request, socket) => {
      // A socket that nobody reads would not notice that the client left.
      socket.resume().on('end', () => socket.end())
      return 'refused'
    })
    const clock = createFastClock(50)
    await expect(open(peer.server, { clock })).rejects.toMatchObject({ failure: 'timeout' })
    const abort = new AbortController()
    const opening = open(peer.server, { signal: abort.signal })
    await until(() => peer.server.requests.length === 2)
    abort.abort()
    await expect(opening).rejects.toMatchObject({ failure: 'aborted' })
    await expect(open(peer.server, { signal: AbortSignal.abort() })).rejects.toMatchObject({ failure: 'aborted' })
    await until(() => peer.server.sockets.size === 0)
  })

  it('[K76] says that nobody listens', async () => {
    const peer = await startPeer()
    await peer.server.close()
    await expect(open(peer.server)).rejects.toMatchObject({ failure: 'unreachable', sent: 'not-sent' })
  })

  it('[K70] refuses a server that chooses no protocol of ours', async () => {
    const peer = await startPeer(false)
    await expect(open(peer.server)).rejects.toMatchObject({ name: 'TransportError' })
  })
})

describe('exec stream', () => {
  it('[K71] [K77] delivers output in order, ignores what is not for it, and then the exit', async () => {
    const peer = await startPeer()
    const { exec, stderr, text } = await open(peer.server)
    const socket = await peer.socket()
    socket.send(Buffer.from([1]))
    socket.send(Buffer.from('\u0001one '))
    socket.send(Buffer.from([255, 1]))
    socket.send(Buffer.from([77, 1, 2]))
    socket.send(Buffer.from([]))
    socket.send('text frame')
    socket.send(Buffer.from('\u0002oops'))
    socket.send(Buffer.from('\u0001two'))
    socket.send(SUCCESS.subarray(0, 9))
    socket.send(Buffer.concat([Buffer.from([3]), SUCCESS.subarray(9)]))
    socket.close()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect(text()).toBe('one two')
    expect(Buffer.concat(stderr).toString()).toBe('oops')
  })

  it('[K77] does not wait for ever for a server that does not close after the status', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server, { clock: createFastClock(100) })
    ;(await peer.socket()).send(SUCCESS)
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
  })

  it('[K77] tells a loss from an exit', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    ;(await peer.socket()).terminate()
    expect(await exec.exit).toMatchObject({ kind: 'lost', cause: 'connection' })
    const other = await startPeer()
    const { exec: second } = await open(other.server)
    ;(await other.socket()).close(1011, 'proxy went away')
    expect(await second.exit).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining('1011: proxy went away') as string,
    })
    expect(second.write(Buffer.from('x'))).toBe(0)
    await second.drained()
  })

  it('[K77] says that it was us, by close and by signal', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    exec.close()
    exec.close()
    expect(await exec.exit).toMatchObject({ kind: 'lost', cause: 'closed-by-us' })
    const abort = new AbortController()
    const { exec: second } = await open((await startPeer()).server, { signal: abort.signal })
    abort.abort()
    expect(await second.exit).toMatchObject({ kind: 'lost', cause: 'closed-by-us' })
  })

  it('[K77] ends when the receiver fails, and harms nothing else', async () => {
    const peer = await startPeer()
    const transport = testTransport(peer.server)
    cleanups.push(() => transport.close())
    const broken = (): void => {
      throw new Error('receiver')
    }
    const exec = await openExec(transport, target, { onStdout: broken })
    ;(await peer.socket()).send(Buffer.from('\u0001x'))
    expect(await exec.exit).toMatchObject({ kind: 'lost', message: 'the receiver of stdout failed: receiver' })
  })

  it('[K78] ends at a frame that is too large, or a status that never is one', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    ;(await peer.socket()).send(Buffer.alloc(2 * 1024 * 1024, 1))
    expect(await exec.exit).toMatchObject({ kind: 'lost', cause: 'protocol' })
    const other = await startPeer()
    const { exec: second } = await open(other.server)
    const socket = await other.socket()
    for (let count = 0; count < 3; count += 1) socket.send(Buffer.alloc(30_000, 3))
    expect(await second.exit).toMatchObject({ kind: 'lost', cause: 'protocol' })
  })

  it('[K73] [K74] sends input in bounded frames, then its end, and nothing after', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    exec.write(Buffer.alloc(100_000, 'x'))
    expect(exec.endInput()).toBe('sent')
    expect(exec.endInput()).toBe('sent')
    expect(exec.write(Buffer.from('late'))).toBe(0)
    await until(() => peer.received.length === 5)
    expect(peer.received.map(message => message.length)).toEqual([32_769, 32_769, 32_769, 1697, 2])
    expect([...(peer.received[4] ?? [])]).toEqual([255, 0])
    await exec.drained(0)
    expect(exec.bufferedBytes).toBe(0)
  })

  it('[K74] cannot end input on v4, and closes nothing', async () => {
    const peer = await startPeer('v4.channel.k8s.io')
    const { exec } = await open(peer.server)
    expect(exec.endInput()).toBe('unsupported')
    exec.write(Buffer.from('still here'))
    await until(() => peer.received.length === 1)
  })

  it('[K73] tells how much waits when the peer does not read, and when it reads again', async () => {
    const peer = await startPeer()
    const { exec } = await open(peer.server)
    const socket = await peer.socket()
    socket.pause()
    let buffered = 0
    for (let count = 0; count < 200; count += 1) buffered = exec.write(Buffer.alloc(256 * 1024))
    expect(buffered).toBeGreaterThan(10 * 1024 * 1024)
    let drained = false
    const waiting = exec.drained(1024 * 1024).then(() => (drained = true))
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(drained).toBe(false)
    socket.resume()
    await waiting
    expect(exec.bufferedBytes).toBeLessThanOrEqual(1024 * 1024)
  })

  it('[K72] a paused stream takes no more than a socket holds, and loses nothing', async () => {
    const peer = await startPeer()
    const { exec, stdout } = await open(peer.server)
    const socket = await peer.socket()
    exec.pause()
    const chunk = Buffer.alloc(32 * 1024 + 1, 'y')
    chunk[0] = 1
    for (let count = 0; count < 2000; count += 1) socket.send(chunk)
    socket.send(SUCCESS)
    socket.close()
    // The kernel's buffers fill first: wait until nothing moves any more.
    let before = -1
    await until(async () => {
      before = socket.bufferedAmount
      await new Promise(resolve => setTimeout(resolve, 200))
      return socket.bufferedAmount === before
    })
    expect(before).toBeGreaterThan(0)
    expect(Buffer.concat(stdout).length).toBeLessThanOrEqual(128 * 1024)
    exec.resume()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect(stdout.reduce((sum, each) => sum + each.length, 0)).toBe(2000 * 32 * 1024)
  })

  it('[K75] pings, and gives a peer up that is silent for a minute', async () => {
    const peer = await startPeer()
    const clock = createManualClock()
    const { exec, text } = await open(peer.server, { clock })
    const socket = await peer.socket()
    socket.on('ping', () => socket.send(Buffer.from('\u0001.')))
    clock.advance(EXEC_PING_INTERVAL_MS)
    await until(() => text() === '.')
    // From here the peer is gone without a word: its side reads nothing and answers nothing.
    socket.pause()
    let exit: unknown
    void exec.exit.then(how => (exit = how))
    clock.advance(EXEC_DEAD_AFTER_MS)
    await settle()
    expect(exit).toBeUndefined()
    clock.advance(EXEC_PING_INTERVAL_MS)
    expect(await exec.exit).toMatchObject({ kind: 'lost', cause: 'dead-peer' })
    expect(clock.timers).toBe(0)
  })

  it('[K75] does not judge a paused stream, nor one that answers', async () => {
    const peer = await startPeer()
    const clock = createManualClock()
    const { exec, text } = await open(peer.server, { clock })
    const socket = await peer.socket()
    let pings = 0
    socket.on('ping', () => (pings += 1))
    for (let count = 1; count <= 10; count += 1) {
      clock.advance(EXEC_PING_INTERVAL_MS)
      await until(() => pings === count)
      // The pong is on its way behind the ping: a byte of output after it shows that both arrived.
      socket.send(Buffer.from('\u0001.'))
      await until(() => text().length === count)
    }
    exec.pause()
    clock.advance(20 * EXEC_PING_INTERVAL_MS)
    exec.resume()
    socket.send(SUCCESS)
    socket.close()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
  })
})

describe('execCollect', () => {
  const collect = async (peer: Peer, options: Parameters<typeof execCollect>[2] = {}) => {
    const transport = testTransport(peer.server)
    cleanups.push(() => transport.close())
    return execCollect(transport, { namespace: 'n', pod: 'p', container: 'c', command: ['x'] }, options)
  }

  it('[K79] collects both outputs and the exit', async () => {
    const peer = await startPeer()
    const collecting = collect(peer, { stdin: Buffer.from('in') })
    const socket = await peer.socket()
    await until(() => peer.received.length === 2)
    socket.send(Buffer.from('\u0001out'))
    socket.send(Buffer.from('\u0002err'))
    socket.send(SUCCESS)
    socket.close()
    expect(await collecting).toEqual({
      exit: { kind: 'exited', exitCode: 0 },
      stdout: Buffer.from('out'),
      stderr: Buffer.from('err'),
      output: 'complete',
    })
  })

  it('[K79] cuts a command off that writes too much', async () => {
    const peer = await startPeer()
    const collecting = collect(peer, { outputBytesMax: 1000 })
    const socket = await peer.socket()
    socket.send(Buffer.alloc(1001, 1))
    socket.send(Buffer.alloc(1001, 1))
    const { stdout, output, exit } = await collecting
    expect([stdout.length, output, exit.kind]).toEqual([1000, 'truncated', 'lost'])
  })

  it('[K79] ends at its deadline, and with the signal', async () => {
    await expect(collect(await startPeer(), { timeoutMs: 100 })).rejects.toMatchObject({ failure: 'timeout' })
    const peer = await startPeer()
    const abort = new AbortController()
    const collecting = collect(peer, { signal: abort.signal })
    await peer.socket()
    abort.abort()
    await expect(collecting).rejects.toMatchObject({ failure: 'aborted' })
  })

  it('[K79] fails clearly when stdin cannot be closed', async () => {
    const collecting = collect(await startPeer('v4.channel.k8s.io'), { stdin: Buffer.from('in') })
    await expect(collecting).rejects.toThrow(/cannot close stdin/)
  })
})
