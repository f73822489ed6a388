// REST on the real API server. Nothing makes the sessions of these namespaces real: their status is written here.
import type { TerminalSession } from '@cpc/crds'
import { type KubeObject, defineResource } from '@cpc/kube'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { slotLease, slotName } from '../src/core/slots.ts'
import { SESSION_LIMITS } from '../src/core/limits/sessions.ts'
import { sha256Hex } from '../src/edge/digest.ts'
import { SESSIONS } from '../src/edge/session-directory.ts'
import { LEASES, type Replica, TestBed, until } from './cluster.ts'

const CAP = 3

let bed: TestBed
let namespace: string
let a: Replica
let b: Replica

beforeAll(async () => {
  bed = await TestBed.connect()
  namespace = await bed.namespace()
  a = await bed.replica({ namespace, sessionsPerOwnerMax: CAP })
  b = await bed.replica({ namespace, sessionsPerOwnerMax: CAP })
})
afterAll(() => bed.close())

interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

interface Sent {
  body?: object
  headers?: object
}

/** A caller of its own for each test, so that no test uses up another's slots or limits. */
async function aCaller() {
  const owner = `owner-${randomUUID().slice(0, 8)}`
  const token = await bed.token(owner)
  const call = async (replica: Replica, method: string, path: string, sent: Sent = {}): Promise<Answer> => {
    const { body, headers = {} } = sent
    const init = {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        prefer: 'wait=0',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }
    const response = await fetch(`${replica.url}/api/v1${path}`, init)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
    }
  }
  const create = (replica: Replica, body: object = {}, headers: object = {}) =>
    call(replica, 'POST', '/sessions', { body, headers })
  return { owner, call, create }
}

const idOf = (answer: Answer) => String(answer.body['id'])

describe('sessions', () => {
  it('[G1] [G4] are made for the caller, seen by the caller on every replica at once, and by nobody else', async () => {
    const [mona, eve] = [await aCaller(), await aCaller()]
    const made = await mona.create(a, { idleTimeoutSeconds: 60, resources: { pids: 50 } })
    expect(made.status).toBe(202)
    expect(made.headers.get('location')).toBe(`/api/v1/sessions/${idOf(made)}`)
    expect(made.body).toMatchObject({
      owner: mona.owner,
      phase: 'Pending',
      spec: { idleTimeoutSeconds: 60, resources: { pids: 50, memory: '512Mi' }, command: ['bash', '-l'] },
    })
    expect((await mona.call(b, 'GET', `/sessions/${idOf(made)}`)).status).toBe(200)
    expect((await eve.call(b, 'GET', `/sessions/${idOf(made)}`)).status).toBe(404)
    expect((await eve.call(a, 'DELETE', `/sessions/${idOf(made)}`)).status).toBe(404)
    expect((await eve.call(a, 'POST', `/sessions/${idOf(made)}/ticket`)).status).toBe(404)
    await until('both lists to show it', async () => {
      const lists = await Promise.all([a, b].map(replica => mona.call(replica, 'GET', '/sessions')))
      return (
        lists.every(({ body }) => (body['items'] as { id: string }[]).some(({ id }) => id === idOf(made))) || undefined
      )
    })
    expect((await eve.call(a, 'GET', '/sessions')).body).toEqual({ items: [], truncated: false })
  })

  it('[G5] are read from the cache: no request of a reader reaches the API server', async () => {
    const { create, call } = await aCaller()
    const id = idOf(await create(a))
    await until('the cache to have it', async () => {
      const { body } = await call(a, 'GET', '/sessions')
      return (body['items'] as unknown[]).length === 1 || undefined
    })
    const before = await callsToApiServer(a)
    for (let n = 0; n < 20; n += 1) {
      expect((await call(a, 'GET', '/sessions')).status).toBe(200)
      expect((await call(a, 'GET', `/sessions/${id}`)).status).toBe(200)
    }
    expect(await callsToApiServer(a)).toBe(before)
  })

  it('[G6] 201 once it is ready, while the request waits', async () => {
    const { create } = await aCaller()
    const name = `ready-${randomUUID().slice(0, 8)}`
    const answer = create(a, { name }, { prefer: 'wait=20' })
    await until('the session', () => bed.session(namespace, name))
    await bed.setStatus(namespace, name, { phase: 'Ready', podName: 'p' })
    const { status, body } = await answer
    expect(status).toBe(201)
    expect(body['phase']).toBe('Ready')
  })

  it('[G6] 201 too when it fails while the request waits: it was made, and says why it is of no use', async () => {
    const { create } = await aCaller()
    const name = `failed-${randomUUID().slice(0, 8)}`
    const answer = create(a, { name }, { prefer: 'wait=20' })
    await until('the session', () => bed.session(namespace, name))
    await bed.setStatus(namespace, name, { phase: 'Failed', reason: 'PodLost' })
    expect(await answer).toMatchObject({ status: 201, body: { phase: 'Failed', reason: 'PodLost' } })
  })

  it('[G8] are deleted once, and a younger one of the same name is another', async () => {
    const { create, call } = await aCaller()
    const name = `again-${randomUUID().slice(0, 8)}`
    await create(a, { name })
    const first = await bed.session(namespace, name)
    expect((await call(b, 'DELETE', `/sessions/${name}`)).status).toBe(204)
    await until('it to be gone', async () => ((await bed.session(namespace, name)) ? undefined : true))
    await until('404', async () => ((await call(b, 'DELETE', `/sessions/${name}`)).status === 404 ? true : undefined))
    await until('the name to be free', async () => ((await create(a, { name })).status === 202 ? true : undefined))
    expect((await bed.session(namespace, name))?.metadata.uid).not.toBe(first?.metadata.uid)
  })

  it('[G31] a ticket follows the session’s state on every replica at once', async () => {
    const { create, call } = await aCaller()
    const id = idOf(await create(a))
    const early = await call(b, 'POST', `/sessions/${id}/ticket`)
    expect(early).toMatchObject({ status: 409, body: { code: 'not-attachable' } })
    expect(early.headers.get('retry-after')).toBe('1')
    await bed.setStatus(namespace, id, { phase: 'Ready', podName: 'p' })
    for (const replica of [a, b]) expect((await call(replica, 'POST', `/sessions/${id}/ticket`)).status).toBe(201)
  })
})

describe('what the API server refuses', () => {
  it('[G3] an invalid object is 422 with its own sentence, and costs no slot', async () => {
    const { create, owner } = await aCaller()
    for (let n = 0; n < 2 * CAP; n += 1) {
      const { status, body } = await create(a, { resources: { cpu: 'lots' } })
      expect(status).toBe(422)
      expect(body).toMatchObject({ code: 'invalid-session' })
      expect(body['detail']).toContain('quantity')
    }
    expect(await slotsOf(owner)).toEqual([])
  })

  it('[G3] [G7] a name that exists is 409, whoever has it, and costs no slot', async () => {
    const [mona, eve] = [await aCaller(), await aCaller()]
    const name = `taken-${randomUUID().slice(0, 8)}`
    await mona.create(a, { name })
    for (const caller of [mona, eve]) {
      expect(await caller.create(b, { name })).toMatchObject({ status: 409, body: { code: 'name-taken' } })
    }
    expect(await slotsOf(eve.owner)).toEqual([])
    expect(await slotsOf(mona.owner)).toHaveLength(1)
  })

  it('[G3] a quota is 403 with its own sentence', async () => {
    const quotas = defineResource<KubeObject & { spec: object }>({
      group: '',
      version: 'v1',
      plural: 'resourcequotas',
      kind: 'ResourceQuota',
      scope: 'namespaced',
    })
    const full = await bed.namespace()
    const hard = { 'count/terminalsessions.pocketconsole.dev': '0' }
    await bed.client.create(quotas, { metadata: { name: 'none', namespace: full }, spec: { hard } })
    const replica = await bed.replica({ namespace: full })
    const { create } = await aCaller()
    const refused = await until('the quota to count', async () => {
      const answer = await create(replica)
      return answer.status === 403 ? answer : undefined
    })
    expect(refused.body).toMatchObject({ code: 'forbidden' })
    expect(refused.body['detail']).toContain('exceeded quota')
  })

  it('[G3] a namespace that does not exist is the gateway’s fault, and says so', async () => {
    const replica = await bed.replica({ namespace: 'cpc-no-such-namespace' })
    const { create } = await aCaller()
    const { status, body } = await create(replica)
    expect(status).toBe(502)
    expect(body['detail']).toContain('cpc-no-such-namespace')
  })
})

describe('idempotency', () => {
  it('[G7] the same key, on any replica and at the same time, makes one session in one slot', async () => {
    const { create, owner } = await aCaller()
    const headers = { 'idempotency-key': randomUUID() }
    const body = { idleTimeoutSeconds: 77 }
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => create(n % 2 ? a : b, body, headers)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    expect(new Set(answers.map(idOf)).size).toBe(1)
    await until('one slot', async () => ((await slotsOf(owner)).length === 1 ? true : undefined))
    expect(idOf(await create(b, body, headers))).toBe(idOf(answers[0]!))
  })

  it('[G7] the last slot goes to the same request once, not against itself', async () => {
    const { create } = await aCaller()
    for (let n = 0; n < CAP - 1; n += 1) await create(a)
    const headers = { 'idempotency-key': randomUUID() }
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => create(n % 2 ? a : b, {}, headers)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    expect(new Set(answers.map(idOf)).size).toBe(1)
  })

  it('[G7] the same key with another body is 422; another owner’s key is another key', async () => {
    const [mona, eve] = [await aCaller(), await aCaller()]
    const headers = { 'idempotency-key': randomUUID() }
    const made = await mona.create(a, {}, headers)
    expect(await mona.create(b, { idleTimeoutSeconds: 61 }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    })
    expect(await mona.create(b, { name: `other-${randomUUID().slice(0, 8)}` }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    })
    expect(idOf(await eve.create(b, {}, headers))).not.toBe(idOf(made))
  })
})

describe('the session cap', () => {
  it('[G60] holds under concurrency and across replicas', async () => {
    const { create, owner, call } = await aCaller()
    const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => create(n % 2 ? a : b)))
    const made = answers.filter(({ status }) => status === 202)
    expect(made).toHaveLength(CAP)
    const refused = answers.filter(({ status }) => status !== 202)
    for (const answer of refused) expect(answer).toMatchObject({ status: 409, body: { code: 'session-cap' } })
    expect(await slotsOf(owner)).toHaveLength(CAP)
    await until('the list to be whole', async () => {
      const { body } = await call(a, 'GET', '/sessions')
      return (body['items'] as unknown[]).length === CAP || undefined
    })
  })

  it('[G61] a session that ended, failed or was deleted frees its slot, for one', async () => {
    const { create, call } = await aCaller()
    const ids: string[] = []
    for (let n = 0; n < CAP; n += 1) ids.push(idOf(await create(a)))
    expect((await create(b)).status).toBe(409)
    await bed.setStatus(namespace, ids[0]!, { phase: 'Ended', reason: 'Idle' })
    expect(await create(b)).toMatchObject({ status: 202 })
    expect((await create(a)).status).toBe(409)
    expect((await call(a, 'DELETE', `/sessions/${ids[1]!}`)).status).toBe(204)
    expect(await create(b)).toMatchObject({ status: 202 })
    expect((await create(a)).status).toBe(409)
  })

  it('[G61] many replicas that race for one freed slot give it to one', async () => {
    const { create } = await aCaller()
    const ids: string[] = []
    for (let n = 0; n < CAP; n += 1) ids.push(idOf(await create(a)))
    await bed.setStatus(namespace, ids[0]!, { phase: 'Failed', reason: 'PodLost' })
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => create(n % 2 ? a : b)))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
  })

  it('[G61] a creation that broke off half-way holds its slot for a while, not for ever', async () => {
    const { create, owner } = await aCaller()
    const nowMs = Date.now()
    const lease = (n: number, ageMs: number) => ({
      ...slotLease(slotName(sha256Hex(owner), n), `never-made-${n}`, nowMs - ageMs),
    })
    await bed.client.create(LEASES, lease(0, 1_000), { namespace })
    await bed.client.create(LEASES, lease(1, SESSION_LIMITS.SLOT_PENDING_MS + 1_000), { namespace })
    const answers = [await create(a), await create(b), await create(a)]
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 409])
  })

  it('[G63] sessions made with kubectl take no slot', async () => {
    const { create, owner } = await aCaller()
    for (let n = 0; n < CAP; n += 1) {
      const metadata = { name: `direct-${randomUUID().slice(0, 8)}`, namespace }
      await bed.client.create(SESSIONS, { metadata, spec: { owner } } as TerminalSession)
    }
    expect((await create(a)).status).toBe(202)
  })

  it('[G62] the slot’s Lease belongs to the session, and goes with it', async () => {
    const { create, owner } = await aCaller()
    const id = idOf(await create(a))
    const session = await bed.session(namespace, id)
    const [lease] = await slotsOf(owner)
    expect(lease?.metadata.ownerReferences).toMatchObject([
      { kind: 'TerminalSession', name: id, uid: session?.metadata.uid },
    ])
    await bed.client.delete(SESSIONS, { namespace, name: id })
    await until('the Lease to be gone', async () => ((await slotsOf(owner)).length === 0 ? true : undefined))
  })
})

/** How many calls a replica has made, by its own count. */
async function callsToApiServer({ gateway }: Replica): Promise<number> {
  const metric = await gateway.metrics.registry.getSingleMetric('rest_client_requests_total')?.get()
  if (!metric) throw new Error('no such metric')
  return metric.values.reduce((sum, { value }) => sum + value, 0)
}

async function slotsOf(owner: string) {
  const prefix = slotName(sha256Hex(owner), 0).replace(/0$/, '')
  return (await bed.leases(namespace)).filter(({ metadata }) => metadata.name.startsWith(prefix))
}
