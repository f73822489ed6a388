// REST against an API server that is away: everything that is refused, answered or bounded without it. The rest is in rest.cluster.test.ts.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { GATEWAY_VERSION } from '../src/core/identity.ts'
import { HTTP_LIMITS } from '../src/core/limits/http.ts'
import { RATE_LIMITS } from '../src/core/limits/rate.ts'
import { SECURITY_HEADERS } from '../src/core/security-headers.ts'
import { type LocalGateway, startLocalGateway } from './local-gateway.ts'
import { aSession } from './objects.ts'
import { WireClient } from './wire-client.ts'

const gateway = await startLocalGateway()
const token = await gateway.token()

interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

async function call(method: string, path: string, options: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...(options.headers as Record<string, string> | undefined) }
  const response = await fetch(`${gateway.url}${path}`, { ...options, method, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  }
}

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  call('POST', path, { body, headers: { 'content-type': 'application/json', ...headers } })

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.body).toMatchObject({ type: `https://pocketconsole.dev/problems/${code}`, status, code })
  expect(answer.body['detail']).toEqual(expect.any(String))
  expect(answer.body['title']).toEqual(expect.any(String))
  expect(answer.status).toBe(status)
}

describe('refusals', () => {
  it.each([
    ['an unknown path', () => call('GET', '/nothing'), 404, 'not-found'],
    ['a path that cannot be decoded', () => call('GET', '/api/v1/sessions/%zz'), 400, 'bad-request'],
    ['a session that does not exist', () => call('GET', '/api/v1/sessions/nobody'), 404, 'no-such-session'],
    ['an id that is no name', () => call('GET', '/api/v1/sessions/..%2f..%2fsecrets'), 404, 'no-such-session'],
    ['a body that is not JSON', () => post('/api/v1/sessions', '{'), 400, 'bad-json'],
    [
      'a body of another type',
      () => call('POST', '/api/v1/sessions', { body: 'a=b', headers: { 'content-type': 'text/plain' } }),
      415,
      'unsupported-media-type',
    ],
    [
      'a compressed body',
      () => post('/api/v1/sessions', '{}', { 'content-encoding': 'gzip' }),
      415,
      'unsupported-media-type',
    ],
    [
      'a body that is too long',
      () => post('/api/v1/sessions', JSON.stringify({ image: 'x'.repeat(HTTP_LIMITS.BODY_BYTES_MAX) })),
      413,
      'body-too-large',
    ],
    ['a body that is a list', () => post('/api/v1/sessions', '[]'), 400, 'bad-request'],
    ['a field nobody knows', () => post('/api/v1/sessions', '{"size":"XL"}'), 400, 'bad-request'],
    ['an owner in the body', () => post('/api/v1/sessions', '{"owner":"root"}'), 400, 'bad-request'],
    ['idle time-out 0', () => post('/api/v1/sessions', '{"idleTimeoutSeconds":0}'), 400, 'bad-request'],
    ['a name of 253 characters', () => post('/api/v1/sessions', `{"name":"${'a'.repeat(253)}"}`), 400, 'bad-request'],
    [
      'a bad Idempotency-Key',
      () => post('/api/v1/sessions', '{}', { 'idempotency-key': 'x'.repeat(300) }),
      400,
      'bad-request',
    ],
    [
      'a ticket for an unknown client kind',
      () => post('/api/v1/sessions/demo/ticket', '{"client":"fax"}'),
      400,
      'bad-request',
    ],
  ] as const)('[G2] %s', async (_title, ask, status, code) => {
    expectProblem(await ask(), status, code)
  })

  it('[G2] names the wrong field', async () => {
    const { body } = await post('/api/v1/sessions', '{"idleTimeoutSeconds":"soon"}')
    expect(body['detail']).toContain('idleTimeoutSeconds')
  })

  it.each([
    ['PUT', '/api/v1/sessions', 'GET, HEAD, POST'],
    ['POST', '/api/v1/sessions/demo', 'GET, HEAD, DELETE'],
    ['GET', '/api/v1/sessions/demo/ticket', 'POST'],
    ['DELETE', '/api/v1/whoami', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('[G2] %s %s is 405 with Allow', async (method, path, allow) => {
    const answer = await call(method, path)
    expectProblem(answer, 405, 'method-not-allowed')
    expect(answer.headers.get('allow')).toBe(allow)
  })

  it('[G23] without a token 401, whatever the route and before the body is looked at', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/sessions'],
      ['POST', '/api/v1/sessions'],
      ['DELETE', '/api/v1/sessions/demo'],
      ['POST', '/api/v1/sessions/demo/ticket'],
      ['GET', '/api/v1/whoami'],
    ] as const) {
      const body =
        method === 'POST'
          ? { body: '{', headers: { authorization: '', 'content-type': 'application/json' } }
          : { headers: { authorization: '' } }
      const answer = await call(method, path, body)
      expectProblem(answer, 401, 'token-missing')
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    }
  })

  it('[G2] headers over 16 KiB are 431', async () => {
    const answer = await rawRequest(
      `GET / HTTP/1.1\r\nHost: x\r\nX-Filler: ${'x'.repeat(HTTP_LIMITS.HEADER_BYTES_MAX)}\r\n\r\n`,
    )
    expect(answer).toContain('HTTP/1.1 431')
    expect(answer).toContain('headers-too-large')
    expectSecurityHeaders(answer)
  })

  it.each([
    ['a method nobody knows', 'FROB / HTTP/1.1\r\nHost: x\r\n\r\n', 'known HTTP method'],
    ['a version nobody speaks', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 'version of HTTP'],
    ['no version', 'GET / nonsense\r\n\r\n', 'HTTP version'],
    ['a broken header', 'GET / HTTP/1.1\r\nHo st: x\r\n\r\n', 'header of the request'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 'Content-Length'],
    ['no Host', 'GET /api/v1/health HTTP/1.1\r\nConnection: close\r\n\r\n', 'no Host header'],
  ])(
    '[G11] %s: the parser’s refusals have the right words and the headers of all others',
    async (_title, text, words) => {
      const answer = await rawRequest(text)
      expect(answer).toContain('HTTP/1.1 400')
      expect(answer).toContain(words)
      expectSecurityHeaders(answer)
    },
  )

  it('[G11] an expectation nobody knows is passed over, and answered like the rest', async () => {
    const answer = await rawRequest(
      'GET /api/v1/health HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toContain('HTTP/1.1 200')
    expectSecurityHeaders(answer)
  })

  it('[G2] a session one does not have is told without paths, for people of any client', async () => {
    const { body } = await call('GET', '/api/v1/sessions/nobody')
    expect(body['detail']).toBe('You have no session nobody.')
  })

  it('[G2] the bound of a command is in characters, as everywhere', async () => {
    const answer = await post('/api/v1/sessions', JSON.stringify({ command: ['x'.repeat(8_193)] }))
    expectProblem(answer, 400, 'bad-request')
    expect(answer.body['detail']).toContain('8192 characters')
  })

  it.each(['transfer-encoding: chunked\r\nContent-Length: 5', 'Content-Length: 1\r\nContent-Length: 2'])(
    'a request that two parsers would read differently is refused: %j',
    async headers => {
      const answer = await rawRequest(`POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n0\r\n\r\n`)
      expect(answer).toContain('HTTP/1.1 400')
    },
  )
})

describe('owners', () => {
  it('[G4] another’s session is no session, on every route', async () => {
    gateway.sessions.set('theirs', aSession({ name: 'theirs', owner: 'mallory', uid: 'uid-2' }))
    expectProblem(await call('GET', '/api/v1/sessions/theirs'), 404, 'no-such-session')
    expectProblem(await call('DELETE', '/api/v1/sessions/theirs'), 404, 'no-such-session')
    expectProblem(await call('POST', '/api/v1/sessions/theirs/ticket'), 404, 'no-such-session')
    const { body } = await call('GET', '/api/v1/sessions')
    expect((body['items'] as { id: string }[]).map(({ id }) => id)).toEqual(['demo'])
  })

  it('[G1] whoami says who the token is for', async () => {
    const { body, status } = await call('GET', '/api/v1/whoami')
    expect(status).toBe(200)
    expect(body).toMatchObject({ owner: 'octocat', issuer: 'https://issuer.example' })
    expect(Date.parse(String(body['expiresAt']))).toBeGreaterThan(Date.now())
  })

  it('[G31] a ticket for a session that is not ready is 409 in the words of its condition; over is without Retry-After', async () => {
    gateway.sessions.set('slow', aSession({ name: 'slow', phase: 'Preparing' }))
    const slow = await call('POST', '/api/v1/sessions/slow/ticket')
    expectProblem(slow, 409, 'not-attachable')
    expect(slow.body['detail']).toBe('Unschedulable: No node can take the pod.')
    expect(slow.headers.get('retry-after')).toBe('1')
    gateway.sessions.set('past', aSession({ name: 'past', phase: 'Ended' }))
    const past = await call('POST', '/api/v1/sessions/past/ticket')
    expectProblem(past, 409, 'not-attachable')
    expect(past.headers.get('retry-after')).toBeNull()
  })
})

describe('the API server is away', () => {
  it('[G57] reads go on, writes are 503 with Retry-After and words, and nobody crashes', async () => {
    expect((await call('GET', '/api/v1/sessions/demo')).status).toBe(200)
    expect((await call('POST', '/api/v1/sessions/demo/ticket')).status).toBe(201)
    for (const write of [await post('/api/v1/sessions', '{}'), await call('DELETE', '/api/v1/sessions/demo')]) {
      expectProblem(write, 503, 'cluster-unavailable')
      expect(Number(write.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(write.body['detail']).toContain('does not answer')
    }
  })
})

describe('every answer', () => {
  it('[G11] carries the security headers and no advertisement', async () => {
    for (const path of ['/openapi.json', '/api/v1/health', '/api/v1/sessions', '/nothing']) {
      const { headers } = await call('GET', path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('server')).toBeNull()
    }
  })

  it('[G9] the API describes itself, without a token', async () => {
    const { status, body } = await call('GET', '/openapi.json', { headers: { authorization: '' } })
    expect(status).toBe(200)
    expect(body['openapi']).toBe('3.1.0')
  })

  it('[G11] without a token nobody learns which version runs', async () => {
    for (const path of ['/api/v1/health', '/openapi.json', '/nothing']) {
      const response = await fetch(`${gateway.url}${path}`)
      const said = JSON.stringify([...response.headers]) + (await response.text())
      expect(said).not.toContain(`"${GATEWAY_VERSION}"`)
    }
    const health = await fetch(`${gateway.url}/api/v1/health`)
    expect(await health.json()).toEqual({ status: 'ok' })
  })

  it('health needs no token and turns 503 while draining', async () => {
    expect(await call('GET', '/api/v1/health', { headers: { authorization: '' } })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    })
    gateway.state.phase = 'draining'
    const draining = await call('GET', '/api/v1/health')
    gateway.state.phase = 'ok'
    expect(draining).toMatchObject({ status: 503, body: { status: 'draining' } })
    expect(draining.headers.get('connection')).toBe('close')
  })

  it('[G80] is counted by route, not by path', async () => {
    await call('GET', '/api/v1/sessions/demo')
    await call('GET', '/some/strange/path')
    const text = await gateway.metrics.registry.metrics()
    expect(text).toMatch(
      /cpc_gateway_http_requests_total\{method="GET",route="\/api\/v1\/sessions\/:id",status="200"\}/,
    )
    expect(text).not.toContain('strange')
  })
})

describe('limits', () => {
  // Limits whose clock stands still refill nothing, so that counting is exact on any machine.
  const frozen = () => startLocalGateway(() => 0)
  const ask = (own: LocalGateway, path: string, bearer: string, method = 'GET') =>
    fetch(`${own.url}${path}`, { method, headers: { authorization: `Bearer ${bearer}` } })

  it('[G10] an owner’s creations are limited, with Retry-After; the owner’s other requests are not', async () => {
    const own = await frozen()
    const bearer = await own.token()
    const creations = Array.from({ length: RATE_LIMITS.creations.burst + 1 }, () =>
      ask(own, '/api/v1/sessions', bearer, 'POST'),
    )
    const answers = await Promise.all(creations)
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(RATE_LIMITS.creations.burst)
    const limited = answers.find(({ status }) => status === 429)
    expect(Number(limited?.headers.get('retry-after'))).toBe(1 / RATE_LIMITS.creations.perSecond)
    expect(await limited?.json()).toMatchObject({ code: 'rate-limited', status: 429 })
    expect((await ask(own, '/api/v1/whoami', bearer)).status).toBe(200)
    expect((await ask(own, '/api/v1/sessions', await own.token({ sub: 'somebody-else' }), 'POST')).status).toBe(503)
  })

  it('[G10] refused tokens of an address are limited; a good one is then refused too, with Retry-After', async () => {
    const own = await frozen()
    for (let n = 0; n < RATE_LIMITS.refusedTokens.burst; n += 1)
      expect((await ask(own, '/api/v1/whoami', 'x')).status).toBe(401)
    const limited = await ask(own, '/api/v1/whoami', await own.token())
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await ask(own, '/api/v1/health', 'x')).status).toBe(200)
  })

  it('[G10] every request of an address counts, upgrades too', async () => {
    const own = await frozen()
    for (let n = 0; n < RATE_LIMITS.address.burst; n += 50) {
      const round = await Promise.all(Array.from({ length: 50 }, () => ask(own, '/api/v1/health', 'x')))
      expect(round.map(({ status }) => status)).toEqual(round.map(() => 200))
    }
    expect((await ask(own, '/api/v1/health', 'x')).status).toBe(429)
    expect(await WireClient.refusal(own.port)).toMatchObject({ status: 429, body: { code: 'rate-limited' } })
  })
})

function expectSecurityHeaders(answer: string): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer).toContain(`${name}: ${value}`)
}

/** Sends bytes and gives all that comes back until the end. */
function rawRequest(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

it('[G10] a body that never comes to an end does not hold a handler: it is cut at its bound', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    }
    const request = httpRequest(`${gateway.url}/api/v1/sessions`, { method: 'POST', headers }, response =>
      resolve(response.statusCode ?? 0),
    )
    request.on('error', reject)
    for (let sent = 0; sent <= HTTP_LIMITS.BODY_BYTES_MAX; sent += 8_192) request.write(' '.repeat(8_192))
  })
  expect(status).toBe(413)
})
