import type { TerminalSession } from '@cpc/crds'
import { ApiError, type KubeClient } from '@cpc/kube'
import { describe, expect, it } from 'vitest'
import { ANNOTATION_IDEMPOTENCY_KEY, type CreateRequest } from '../core/create-request.ts'
import { SESSION_LIMITS } from '../core/limits/sessions.ts'
import type { Lease } from '../core/slots.ts'
import { digestOf } from './digest.ts'
import { createSessionMaker } from './session-maker.ts'
import { createSlotKeeper } from './slot-keeper.ts'

const SLOTS = 3

/** What is used of a Resource. */
interface Named {
  plural: string
}

/** Objects by plural and name, with the API server's conflicts and preconditions; every call lets others go first. */
function aCluster() {
  const objects = new Map<string, Lease>()
  let version = 0
  const refuse = (code: number, reason: string, name: string) =>
    new ApiError(`CALL ${name}`, code, { reason, message: reason })
  const keyOf = (resource: Named, name: string) => `${resource.plural}/${name}`
  const existing = (key: string) => {
    const object = objects.get(key)
    if (!object) throw refuse(404, 'NotFound', key)
    return object
  }
  const put = (key: string, object: Lease, uid: string) => {
    const kept = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String((version += 1)) } }
    objects.set(key, kept)
    return Promise.resolve(structuredClone(kept))
  }
  const checked = (key: string, resourceVersion: string | undefined) => {
    const old = existing(key)
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw refuse(409, 'Conflict', key)
    return old
  }
  const soon = () => new Promise<void>(resolve => setImmediate(resolve))
  const client = {
    async create(resource: Named, object: Lease) {
      await soon()
      const key = keyOf(resource, object.metadata.name)
      if (objects.has(key)) throw refuse(409, 'AlreadyExists', key)
      return put(key, { ...object, metadata: { ...object.metadata, namespace: 'sessions' } }, `uid-${version}`)
    },
    async get(resource: Named, { name }: { name: string }) {
      await soon()
      return structuredClone(existing(keyOf(resource, name)))
    },
    async replace(resource: Named, object: Lease) {
      await soon()
      const key = keyOf(resource, object.metadata.name)
      const { uid = '' } = checked(key, object.metadata.resourceVersion).metadata
      return put(key, object, uid)
    },
    async patch(resource: Named, { name }: { name: string }, { body }: { body: object }) {
      await soon()
      const { metadata } = body as Lease
      const key = keyOf(resource, name)
      const old = checked(key, metadata.resourceVersion)
      return put(key, { ...old, metadata: { ...old.metadata, ...metadata } }, old.metadata.uid ?? '')
    },
    async delete(resource: Named, { name }: { name: string }, options: DeleteOptions) {
      await soon()
      checked(keyOf(resource, name), options.preconditions?.resourceVersion)
      objects.delete(keyOf(resource, name))
    },
  } as unknown as KubeClient
  const sessions = () =>
    [...objects]
      .filter(([key]) => key.startsWith('terminalsessions/'))
      .map(([, object]) => object as unknown as TerminalSession)
  return { client, objects, sessions }
}

interface DeleteOptions {
  preconditions?: { resourceVersion?: string }
}

type FakeCluster = ReturnType<typeof aCluster>

/** A replica. `blind`: its cache has not seen anything yet. */
function aReplica({ client, sessions }: FakeCluster, cache: 'fresh' | 'blind', wallMs = () => 1_000_000) {
  const seen = () => (cache === 'fresh' ? sessions() : [])
  const directory = {
    listOwned: (owner: string) => seen().filter(({ spec }) => spec.owner === owner),
    listKeyed: (digest: string) =>
      seen().filter(({ metadata }) => metadata.annotations?.[ANNOTATION_IDEMPOTENCY_KEY] === digest),
    find: (name: string) => Promise.resolve(sessions().find(({ metadata }) => metadata.name === name)),
  }
  const quiet = () => undefined
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const shared = { client, namespace: 'sessions', directory, slotsPerOwnerMax: SLOTS, logger, wallMs }
  return createSessionMaker({ ...shared, slots: createSlotKeeper(shared) })
}

function asked(body: CreateRequest['body'], key: string | undefined, owner = 'octocat'): CreateRequest {
  const keyDigest = key === undefined ? undefined : digestOf(owner, key)
  return { owner, body, bodyDigest: digestOf(body), keyDigest }
}

const reused = { name: 'Problem', code: 'idempotency-key-reused' }

describe('an Idempotency-Key', () => {
  it.each(['fresh', 'blind'] as const)(
    '[G7] stands for one body, whatever name the next one has (cache: %s)',
    async cache => {
      const cluster = aCluster()
      const [a, b] = [aReplica(cluster, cache), aReplica(cluster, cache)]
      expect((await a.make(asked({ name: 'a' }, 'k1'))).how).toBe('created')
      for (const body of [{ name: 'b' }, {}, { name: 'a', idleTimeoutSeconds: 60 }])
        await expect(b.make(asked(body, 'k1'))).rejects.toMatchObject(reused)
      expect((await b.make(asked({ name: 'a' }, 'k1'))).how).toBe('found')
      expect((await b.make(asked({ name: 'c' }, 'k1', 'mona'))).how).toBe('created')
      expect(cluster.sessions().map(({ metadata }) => metadata.name)).toEqual(['a', 'c'])
    },
  )

  it('[G7] two bodies at the same instant at two replicas make one session', async () => {
    const cluster = aCluster()
    const requests = ['x', 'y', 'z'].map(name => aReplica(cluster, 'blind').make(asked({ name }, 'k1')))
    const results = await Promise.allSettled(requests)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(reused)
    expect(cluster.sessions()).toHaveLength(1)
  })

  it('[G7] the same request at the same instant makes one session, and both get it', async () => {
    const cluster = aCluster()
    const made = await Promise.all([1, 2].map(() => aReplica(cluster, 'blind').make(asked({ name: 'x' }, 'k1'))))
    expect(made.map(({ how }) => how).sort()).toEqual(['created', 'found'])
    expect(new Set(made.map(({ session }) => session.metadata.uid)).size).toBe(1)
  })

  it('[G7] is free again when nothing came of its request, and when its session is gone', async () => {
    const cluster = aCluster()
    const maker = aReplica(cluster, 'fresh')
    for (let n = 0; n < SLOTS; n += 1) await maker.make(asked({}, undefined))
    const refusal = expect(maker.make(asked({ name: 'a' }, 'k1'))).rejects
    await refusal.toMatchObject({
      code: 'session-cap',
      message: `You have ${SLOTS} sessions, which is the most allowed; end one first.`,
    })
    for (const { metadata } of cluster.sessions()) cluster.objects.delete(`terminalsessions/${metadata.name}`)
    expect((await maker.make(asked({ name: 'b' }, 'k1'))).how).toBe('created')
    cluster.objects.delete('terminalsessions/b')
    expect((await maker.make(asked({ name: 'c' }, 'k1'))).how).toBe('created')
  })

  it('[G7] is free again when the gateway that took it died, after the time a creation may take', async () => {
    const cluster = aCluster()
    let nowMs = 1_000_000
    const maker = aReplica(cluster, 'blind', () => nowMs)
    await maker.make(asked({ name: 'a' }, 'k1'))
    for (const lease of cluster.objects.values()) delete lease.metadata.ownerReferences
    cluster.objects.delete('terminalsessions/a')
    await expect(maker.make(asked({ name: 'b' }, 'k1'))).rejects.toMatchObject(reused)
    nowMs += SESSION_LIMITS.SLOT_PENDING_MS
    expect((await maker.make(asked({ name: 'b' }, 'k1'))).how).toBe('created')
  })
})
