import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Handler,
  sendJson,
  sendStatus,
  startServer,
  testCredentials,
  type TestServer,
  testTransport,
} from '../../test/http-server.ts'
import { createFastClock, until } from '../../test/time.ts'
import type { Transport, TransportOptions } from './transport.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function setUp(
  handler: Handler,
  options: Parameters<typeof testTransport>[1] = {},
): Promise<{ server: TestServer; transport: Transport }> {
  const server = await startServer(handler)
  const transport = testTransport(server, { clock: createFastClock(20), ...options })
  cleanups.push(
    () => server.close(),
    () => transport.close(),
  )
  return { server, transport }
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as Error,
  )

/** Answers by the number of the request, the last for all after it. */
function inTurn(...handlers: Handler[]): Handler {
  let count = 0
  return (request, response, body) => handlers[Math.min(count++, handlers.length - 1)]?.(request, response, body)
}

const ok: Handler = (_request, response) => sendJson(response, { ok: true })
const reset: Handler = request => request.socket.destroy()

describe('transport', () => {
  it('[K4] sends many requests over few connections', async () => {
    const { server, transport } = await setUp(ok)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => transport.request({ method: 'GET', path: '/api' })))
    }
    expect(server.requests).toHaveLength(200)
    expect(server.connections).toBeLessThanOrEqual(16)
  })

  it('[K4] keeps requests going while as many watches hang as there are request connections', async () => {
    const { transport } = await setUp((request, response) => {
      if (request.url === '/watch') response.writeHead(200).flushHeaders()
      else sendJson(response, {})
    })
    const watches = await Promise.all(Array.from({ length: 40 }, () => transport.stream({ path: '/watch' })))
    expect(await transport.request({ method: 'GET', path: '/api' })).toEqual({})
    for (const watch of watches) watch.abort()
  })

  it('[K11] sends and returns JSON as it is, with the user agent and the query', async () => {
    const { server, transport } = await setUp((_request, response, body) => sendJson(response, JSON.parse(body)))
    const body = { spec: { invented: [1, null, 'ü'] } }
    const query = { dryRun: 'All', limit: 5, watch: true, absent: undefined, odd: 'a&b=c' }
    expect(await transport.request({ method: 'POST', path: '/x', query, body })).toEqual(body)
    expect(server.requests[0]).toMatchObject({
      path: '/x?dryRun=All&limit=5&watch=true&odd=a%26b%3Dc',
      headers: { 'user-agent': 'test/1', authorization: 'Bearer first', 'content-type': 'application/json' },
    })
  })

  it('[K6] repeats a GET whose connection broke, and not a POST', async () => {
    const { server, transport } = await setUp(inTurn(reset, reset, ok))
    expect(await transport.request({ method: 'GET', path: '/x' })).toEqual({ ok: true })
    expect(server.requests).toHaveLength(3)
    server.handler = reset
    const error = await failure(transport.request({ method: 'POST', path: '/x', body: {} }))
    expect(error).toMatchObject({ name: 'TransportError', failure: 'unreachable', sent: 'maybe-sent' })
    expect(server.requests).toHaveLength(4)
  })

  it('[K6] repeats even a POST when nobody listens, until somebody does', async () => {
    const first = await startServer(ok)
    const port = Number(new URL(first.url).port)
    await first.close()
    const transport = testTransport(first, { clock: createFastClock(4) })
    cleanups.push(() => transport.close())
    const answer = transport.request({ method: 'POST', path: '/x', body: {} })
    const second = await startServer(ok, port)
    cleanups.push(() => second.close())
    expect(await answer).toEqual({ ok: true })
    expect(second.requests).toHaveLength(1)
  })

  it('[K6] says that nothing was sent when nobody ever listens', async () => {
    const server = await startServer(ok)
    await server.close()
    const transport = testTransport(server, { clock: createFastClock(100) })
    cleanups.push(() => transport.close())
    const error = await failure(transport.request({ method: 'POST', path: '/x', body: {} }))
    expect(error).toMatchObject({ failure: 'unreachable', sent: 'not-sent' })
    expect(error.message).toMatch(/POST \/x: .*ECONNREFUSED/)
  })

  it('[K6] does not trust half an answer: a GET is repeated, a POST is not', async () => {
    const half: Handler = (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"half":')
      setImmediate(() => request.socket.destroy())
    }
    const { server, transport } = await setUp(inTurn(half, ok))
    expect(await transport.request({ method: 'GET', path: '/x' })).toEqual({ ok: true })
    server.handler = half
    expect(await failure(transport.request({ method: 'POST', path: '/x' }))).toMatchObject({ sent: 'maybe-sent' })
  })

  it('[K7] waits as long as Retry-After says, for a POST too when it is 429', async () => {
    const clock = createFastClock(50)
    const { server, transport } = await setUp(
      inTurn((_request, response) => sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '7' }), ok),
      { clock },
    )
    const startedMs = clock.nowMs()
    expect(await transport.request({ method: 'POST', path: '/x' })).toEqual({ ok: true })
    expect(clock.nowMs() - startedMs).toBeGreaterThan(6900)
    expect(server.requests).toHaveLength(2)
  })

  it('[K7] gives the refusal back at once when the server asks for too long', async () => {
    const { server, transport } = await setUp((_request, response) =>
      sendStatus(response, 503, 'ServiceUnavailable', { 'retry-after': '3600' }),
    )
    const error = await failure(transport.request({ method: 'GET', path: '/x', timeoutMs: 1e9 }))
    expect(error).toMatchObject({ code: 503, retryAfterMs: 3_600_000 })
    expect(server.requests).toHaveLength(1)
  })

  it('[K6] does not repeat a POST that was answered 503', async () => {
    const { server, transport } = await setUp((_request, response) =>
      sendStatus(response, 503, 'ServiceUnavailable', { 'retry-after': '1' }),
    )
    expect(await failure(transport.request({ method: 'POST', path: '/x' }))).toMatchObject({ code: 503 })
    expect(server.requests).toHaveLength(1)
  })

  it('[K3] reads credentials again after 401, once for many calls, and sends each call once more', async () => {
    const credentials = testCredentials(each => (each.token = 'second'))
    const { server, transport } = await setUp(
      (request, response) => {
        if (request.headers.authorization === 'Bearer second') sendJson(response, { ok: true })
        else sendStatus(response, 401, 'Unauthorized')
      },
      { credentials },
    )
    const calls = Array.from({ length: 5 }, () => transport.request({ method: 'POST', path: '/x' }))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 5 }, () => ({ ok: true })))
    expect(server.requests).toHaveLength(10)
    expect(credentials.refreshes).toBeLessThanOrEqual(5)
    server.handler = (_request, response) => sendStatus(response, 401, 'Unauthorized')
    expect(await failure(transport.request({ method: 'GET', path: '/x' }))).toMatchObject({ code: 401 })
    expect(server.requests).toHaveLength(12)
  })

  it('[K5] ends at its deadline, also when the server only goes silent in the middle', async () => {
    const { server, transport } = await setUp(() => undefined)
    expect(await failure(transport.request({ method: 'GET', path: '/x' }))).toMatchObject({ failure: 'timeout' })
    server.handler = (_request, response) => {
      response.writeHead(200).write('{')
    }
    const error = await failure(transport.request({ method: 'GET', path: '/x', timeoutMs: 4000 }))
    expect(error).toMatchObject({ failure: 'timeout', sent: 'maybe-sent' })
    // A connection that went silent is not used again.
    await until(() => server.sockets.size === 0)
  })

  it('[K5] ends with the caller’s signal, before, during and between attempts', async () => {
    const { transport, server } = await setUp(() => undefined, { clock: createFastClock(1) })
    const gone = AbortSignal.abort()
    expect(await failure(transport.request({ method: 'GET', path: '/x', signal: gone }))).toMatchObject({
      failure: 'aborted',
    })
    expect(server.requests).toHaveLength(0)
    const during = new AbortController()
    const call = failure(transport.request({ method: 'GET', path: '/x', signal: during.signal }))
    await until(() => server.requests.length === 1)
    during.abort()
    expect(await call).toMatchObject({ failure: 'aborted' })
    server.handler = (_request, response) => sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '20' })
    const between = new AbortController()
    const waiting = failure(transport.request({ method: 'GET', path: '/x', signal: between.signal }))
    await until(() => server.requests.length === 2)
    between.abort()
    expect(await waiting).toMatchObject({ failure: 'aborted' })
  })

  it('[K8] reads no more of an answer than its limit', async () => {
    const { server, transport } = await setUp((_request, response) => {
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(65_536))) continue
      }
      response.writeHead(200)
      response.on('drain', more)
      more()
    })
    const error = await failure(transport.request({ method: 'GET', path: '/x', responseBytesMax: 1e6 }))
    expect(error).toMatchObject({ failure: 'bad-response' })
    expect(error.message).toMatch(/larger than 1000000 bytes/)
    expect(server.requests).toHaveLength(1)
    await until(() => server.sockets.size === 0)
  })

  it('[K8] says so when an answer is not JSON', async () => {
    const { transport } = await setUp((_request, response) => response.end('<html>'))
    expect(await failure(transport.request({ method: 'GET', path: '/x' }))).toMatchObject({ failure: 'bad-response' })
  })

  it('[K9] turns a refusal into an ApiError, and shows a proxy’s own words', async () => {
    const { server, transport } = await setUp((_request, response) => sendStatus(response, 403, 'Forbidden'))
    expect(await failure(transport.request({ method: 'GET', path: '/x' }))).toMatchObject({
      name: 'ApiError',
      code: 403,
      reason: 'Forbidden',
      message: 'GET /x: 403 Forbidden: it is Forbidden',
    })
    server.handler = (_request, response) => response.writeHead(404).end('<b>nothing here</b>')
    const error = await failure(transport.request({ method: 'GET', path: '/x' }))
    expect(error.message).toBe('GET /x: 404: <b>nothing here</b>')
  })

  it('[K13] counts every attempt', async () => {
    const seen: Parameters<NonNullable<TransportOptions['metrics']>['request']>[0][] = []
    const { server, transport } = await setUp(
      inTurn(reset, (_request, response) => sendStatus(response, 429, 'TooManyRequests'), ok),
      { metrics: { request: observation => seen.push(observation) } },
    )
    await transport.request({ method: 'GET', path: '/x' })
    expect(seen.map(one => one.code)).toEqual(['<error>', '429', '200'])
    expect(seen[2]).toMatchObject({ method: 'GET', host: new URL(server.url).host })
    expect(seen.every(one => one.durationSeconds >= 0)).toBe(true)
  })

  it('[K24] streams until it is aborted, and tells an end from a break', async () => {
    const { server, transport } = await setUp((request, response) => {
      response.writeHead(200).write('one')
      if (request.url === '/break') setTimeout(() => request.socket.destroy(), 20)
      if (request.url === '/end') response.end('two')
    })
    const read = async (path: string): Promise<string> => {
      const stream = await transport.stream({ path })
      let text = ''
      for await (const chunk of stream.chunks) text += Buffer.from(chunk).toString()
      return text
    }
    expect(await read('/end')).toBe('onetwo')
    await expect(read('/break')).rejects.toThrow()
    const signal = new AbortController()
    const stream = await transport.stream({ path: '/stay', signal: signal.signal })
    const [socket] = [...server.sockets].slice(-1)
    const closed = socket === undefined ? Promise.resolve() : once(socket, 'close')
    signal.abort()
    await closed
    await expect(async () => {
      for await (const chunk of stream.chunks) expect(Buffer.from(chunk).toString()).toBe('one')
    }).rejects.toThrow()
  })

  it('[K4] takes new connections for new certificates, and lets calls in flight end on the old ones', async () => {
    const held: (() => void)[] = []
    let tlsVersion = '1'
    const give = () => Promise.resolve({ headers: {}, rejectUnauthorized: true, tlsVersion })
    const { server, transport } = await setUp(
      (request, response) => {
        if (request.url === '/slow') held.push(() => sendJson(response, { slow: true }))
        else sendJson(response, {})
      },
      { credentials: { current: give, refresh: give } },
    )
    const slow = transport.request({ method: 'GET', path: '/slow' })
    await until(() => held.length === 1)
    await transport.request({ method: 'GET', path: '/x' })
    expect(server.connections).toBe(2)
    tlsVersion = '2'
    await transport.request({ method: 'GET', path: '/x' })
    expect(server.connections).toBe(3)
    held[0]?.()
    expect(await slow).toEqual({ slow: true })
    // The old pool lets its connections go once nothing uses them.
    await until(() => server.sockets.size === 1)
  })

  it('[K4] closes everything', async () => {
    const { server, transport } = await setUp(ok)
    await transport.request({ method: 'GET', path: '/x' })
    await transport.stream({ path: '/y' })
    await transport.close()
    await until(() => server.sockets.size === 0)
  })
})
