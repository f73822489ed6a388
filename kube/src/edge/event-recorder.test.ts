import { afterEach, describe, expect, it } from 'vitest'
import {
  type Handler,
  sendJson,
  sendStatus,
  startServer,
  type TestServer,
  testTransport,
} from '../../test/http-server.ts'
import { createFastClock, settle, until } from '../../test/time.ts'
import { createEventRecorder } from './event-recorder.ts'
import { createKubeClient } from './kube-client.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const subject = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p', uid: 'u' }
const note = { type: 'Normal', reason: 'Created', action: 'Create', note: 'pod made' } as const

async function setUp(handler: Handler, speed = 200) {
  const server = await startServer(handler)
  const transport = testTransport(server, { clock: createFastClock(50) })
  const recorder = createEventRecorder({
    client: createKubeClient(transport),
    reportingController: 'pocketconsole.dev/test',
    reportingInstance: 'me',
    clock: createFastClock(speed),
  })
  cleanups.push(
    () => server.close(),
    () => transport.close(),
    () => recorder.stop(1),
  )
  return { server, recorder }
}

const accept: Handler = (_request, response, body) => sendJson(response, JSON.parse(body), 201)
const written = (server: TestServer) =>
  server.requests.map(({ method, path, body }) => ({ method, path, body: JSON.parse(body) as Record<string, unknown> }))

describe('event recorder', () => {
  it('[K60] [K61] creates an event, then patches its series', async () => {
    const { server, recorder } = await setUp(accept)
    recorder.record(subject, note)
    await until(() => server.requests.length === 1)
    recorder.record(subject, note)
    recorder.record(subject, note)
    await recorder.stop(60_000)
    const [first, ...others] = written(server)
    expect(first).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/n/events',
      body: { kind: 'Event', regarding: { name: 'p', uid: 'u' }, note: 'pod made' },
    })
    const last = others.at(-1)
    const { name } = first?.body['metadata'] as { name: string }
    expect(last).toMatchObject({ method: 'PATCH', path: `/apis/events.k8s.io/v1/namespaces/n/events/${name}` })
    expect(last?.body).toMatchObject({ series: { count: 3 } })
  })

  it('[K61] does not let a flush wait for the next turn of a series', async () => {
    const { server, recorder } = await setUp(accept, 1)
    recorder.record(subject, note)
    await until(() => server.requests.length === 1)
    for (let count = 0; count < 3; count += 1) {
      recorder.record(subject, note)
      await settle()
    }
    await recorder.flush(5000)
    expect(written(server).at(-1)?.body).toMatchObject({ series: { count: 4 } })
  })

  it('[K63] returns at once and gives up after three tries, while the server is away', async () => {
    const { server, recorder } = await setUp((_request, response) => sendStatus(response, 500, 'InternalError'))
    recorder.record(subject, note)
    await recorder.flush(600_000)
    expect(server.requests).toHaveLength(3)
  })

  it('[K63] takes an event that exists already as its own first try', async () => {
    const { server, recorder } = await setUp((_request, response) => sendStatus(response, 409, 'AlreadyExists'))
    recorder.record(subject, note)
    await recorder.flush(600_000)
    expect(server.requests).toHaveLength(1)
  })

  it('[K63] gives up at once what the server refuses for good, and goes on with the next', async () => {
    const { server, recorder } = await setUp((request, response, body) => {
      if (body.includes('NamespaceGone')) sendStatus(response, 404, 'NotFound')
      else accept(request, response, body)
    })
    recorder.record(subject, { ...note, reason: 'NamespaceGone' })
    recorder.record(subject, note)
    await recorder.flush(600_000)
    expect(written(server).map(({ body }) => body['reason'])).toEqual(['NamespaceGone', 'Created'])
  })

  it('[K63] never throws, whatever it is given, and stops though the server hangs', async () => {
    const { server, recorder } = await setUp(() => undefined)
    expect(() => recorder.record(subject, { ...note, note: undefined as unknown as string })).not.toThrow()
    recorder.record(subject, note)
    await until(() => server.requests.length === 1)
    await recorder.stop(50)
    recorder.record(subject, note)
    expect(server.requests).toHaveLength(1)
  })
})
