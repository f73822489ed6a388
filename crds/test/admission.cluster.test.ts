// Every rule of the CRDs against the real API server: manifest → the words a person reads in kubectl's output.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ApiError,
  clusterSourceFromEnv,
  createKubeClient,
  createTransport,
  defineResource,
  loadCluster,
  namespaces,
  type KubeClient,
} from '@cpc/kube'
import {
  GROUP,
  TERMINAL_POOLS,
  TERMINAL_SESSIONS,
  VERSION,
  type TerminalPool,
  type TerminalSession,
} from '../src/index.ts'

const sessions = defineResource<TerminalSession>({
  group: GROUP,
  version: VERSION,
  plural: TERMINAL_SESSIONS,
  kind: 'TerminalSession',
  scope: 'namespaced',
})
const pools = defineResource<TerminalPool>({
  group: GROUP,
  version: VERSION,
  plural: TERMINAL_POOLS,
  kind: 'TerminalPool',
  scope: 'namespaced',
})

// A namespace no operator watches: only admission is looked at.
const namespace = `cpc-crds-${randomUUID().slice(0, 8)}`
let client: KubeClient

beforeAll(async () => {
  const cluster = await loadCluster(clusterSourceFromEnv(process.env))
  client = createKubeClient(createTransport(cluster, { userAgent: 'crds-test/0' }))
  await client.create(namespaces, { metadata: { name: namespace } })
})

afterAll(async () => {
  await client.delete(namespaces, { name: namespace })
  await client.transport.close()
})

function manifest(name: string, spec: object): TerminalSession {
  return { metadata: { name, namespace }, spec } as TerminalSession
}

async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof ApiError) return error.serverMessage
    throw error
  }
  return 'accepted'
}

const owner = 'octocat'
const create = (spec: object, name = 'probe') =>
  refusal(client.create(sessions, manifest(name, spec), { dryRun: 'All' }))

describe('[TS1] a manifest the API server refuses, and its words', () => {
  it.each<[problem: string, spec: object, words: RegExp]>([
    ['no owner', {}, /spec\.owner: Required value/],
    ['an empty owner', { owner: '' }, /spec\.owner.*at least 1 chars/],
    ['an owner with a space', { owner: 'octo cat' }, /owner must be printable ASCII without spaces, such as octocat/],
    ['an owner of 256 characters', { owner: 'o'.repeat(256) }, /spec\.owner: Too long/],
    ['an empty image', { owner, image: '' }, /spec\.image.*at least 1 chars/],
    ['an image with a space', { owner, image: 'debian 12' }, /image must be a reference such as .*without spaces/],
    ['an image of 513 characters', { owner, image: 'i'.repeat(513) }, /spec\.image: Too long/],
    ['an empty command', { owner, command: [] }, /spec\.command.*at least 1 items/],
    ['a command that begins with nothing', { owner, command: ['', 'x'] }, /command must begin with a program, such as/],
    ['a command of 65 words', { owner, command: Array.from({ length: 65 }, () => 'w') }, /spec\.command: Too many/],
    [
      'a command of 10,000 bytes',
      { owner, command: ['bash', '-c', 'x'.repeat(10_000)] },
      /spec\.command\[2\]: Too long/,
    ],
    [
      'a command of 10,000 bytes in two words',
      { owner, command: ['x'.repeat(5000), 'y'.repeat(5000)] },
      /command must not be longer than 8192 characters in all; put a long script into the image/,
    ],
    ['an idle time-out of 0', { owner, idleTimeoutSeconds: 0 }, /idleTimeoutSeconds.*greater than or equal to 10/],
    [
      'an idle time-out of two days',
      { owner, idleTimeoutSeconds: 172_800 },
      /idleTimeoutSeconds.*less than or equal to 86400/,
    ],
    ['a lifetime of 1 s', { owner, maxLifetimeSeconds: 1 }, /maxLifetimeSeconds.*greater than or equal to 10/],
    [
      'a lifetime of a month',
      { owner, maxLifetimeSeconds: 2_592_000 },
      /maxLifetimeSeconds.*less than or equal to 604800/,
    ],
    ['a negative TTL', { owner, ttlSecondsAfterFinished: -1 }, /ttlSecondsAfterFinished.*greater than or equal to 0/],
    [
      'a runtime class that is no name',
      { owner, runtimeClassName: 'g Visor' },
      /runtimeClassName must be the name of a RuntimeClass/,
    ],
    [
      'text where a number belongs',
      { owner, idleTimeoutSeconds: 'soon' },
      /idleTimeoutSeconds.*must be of type integer/,
    ],
  ])('%s', async (_problem, spec, words) => {
    expect(await create(spec)).toMatch(words)
  })

  it('environment variables: there is no such field, and kubectl, which asks for strict checking, says so', async () => {
    const spec = { owner, env: [{ name: 'BIG', value: 'x'.repeat(10_000) }] }
    const request = {
      method: 'POST',
      path: `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${TERMINAL_SESSIONS}`,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: { ...manifest('probe', spec), apiVersion: `${GROUP}/${VERSION}`, kind: 'TerminalSession' },
    } as const
    expect(await refusal(client.transport.request(request))).toMatch(/unknown field "spec\.env"/)
  })
})

describe('[TS3] quantities are bounded', () => {
  it.each<[resources: object, words: RegExp]>([
    [{ cpu: 'lots' }, /resources\.cpu must be a Kubernetes quantity such as "500m"/],
    [{ memory: '512 Mi' }, /resources\.memory must be a Kubernetes quantity such as "512Mi"/],
    [{ tmp: '100MiB' }, /resources\.tmp must be a Kubernetes quantity such as "100Mi"/],
    [{ cpu: '1m' }, /resources\.cpu must be between 10m and 16/],
    [{ cpu: 17 }, /resources\.cpu must be between 10m and 16/],
    [{ cpu: '-1' }, /resources\.cpu must be between 10m and 16/],
    [{ memory: '1Mi' }, /resources\.memory must be between 64Mi and 64Gi/],
    [{ memory: '1Ti' }, /resources\.memory must be between 64Mi and 64Gi/],
    [{ tmp: 0 }, /resources\.tmp must be between 1Mi and 64Gi/],
    [{ memory: '64Mi' }, /resources\.tmp must not be larger than resources\.memory.*lower tmp or raise memory/],
    [{ cpu: '9'.repeat(40) }, /resources\.cpu/],
    [{ pids: 15 }, /resources\.pids.*greater than or equal to 16/],
    [{ pids: 16_385 }, /resources\.pids.*less than or equal to 16384/],
  ])('%j', async (resources, words) => {
    expect(await create({ owner, resources })).toMatch(words)
  })

  it.each([{ cpu: 1 }, { cpu: '0.5' }, { memory: '1Gi', tmp: '1G' }, { memory: 134_217_728 }])(
    '%j is accepted',
    async resources => {
      expect(await create({ owner, resources })).toBe('accepted')
    },
  )
})

describe('[TS4] the name fits a pod', () => {
  const words = /metadata\.name must be at most 52 characters, lower-case letters, digits and "-"/
  it.each(['a'.repeat(253), 'a'.repeat(53), 'a.b'])('%s is refused', async name => {
    expect(await create({ owner }, name)).toMatch(words)
  })

  it('52 characters are accepted', async () => {
    expect(await create({ owner }, 'a'.repeat(52))).toBe('accepted')
  })
})

describe('[TS2] what a session is does not change', () => {
  beforeAll(async () => {
    await client.create(sessions, manifest('fixed', { owner, image: 'debian:12' }))
    await client.create(sessions, manifest('plain', { owner }))
  })

  const patch = (name: string, spec: object) =>
    refusal(client.patch(sessions, { namespace, name }, { type: 'merge', body: { spec } }, { dryRun: 'All' }))

  it.each<[name: string, change: object, words: RegExp]>([
    ['fixed', { owner: 'mallory' }, /owner cannot be changed since it decides who may attach; create another session/],
    ['fixed', { image: 'debian:13' }, /image cannot be changed once the session exists; delete the session/],
    ['fixed', { image: null }, /image cannot be changed once the session exists/],
    ['plain', { image: 'debian:12' }, /image cannot be changed once the session exists/],
    ['plain', { runtimeClassName: 'gvisor' }, /runtimeClassName cannot be changed once the session exists/],
    ['plain', { command: ['sh'] }, /command cannot be changed once the session exists/],
    ['plain', { resources: { cpu: '1' } }, /resources cannot be changed once the session exists/],
    ['plain', { idleTimeoutSeconds: 600 }, /idleTimeoutSeconds cannot be changed once the session exists/],
    ['plain', { maxLifetimeSeconds: 600 }, /maxLifetimeSeconds cannot be changed once the session exists/],
    ['plain', { recording: { output: false } }, /recording cannot be changed once the session exists/],
  ])('%s: %j', async (name, change, words) => {
    expect(await patch(name, change)).toMatch(words)
  })

  it('except ttlSecondsAfterFinished', async () => {
    expect(await patch('plain', { ttlSecondsAfterFinished: 10 })).toBe('accepted')
  })
})

describe('[TS1] a manifest of five lines', () => {
  it('gets the defaults of the design', async () => {
    const stored = await client.create(sessions, manifest('defaults', { owner }))
    expect(stored.spec).toEqual({
      owner,
      command: ['bash', '-l'],
      resources: { cpu: '500m', memory: '512Mi', pids: 100, tmp: '100Mi' },
      idleTimeoutSeconds: 300,
      maxLifetimeSeconds: 28_800,
      recording: { commands: true, output: true },
      ttlSecondsAfterFinished: 3600,
    })
  })

  it('names an image nobody has: admission takes it, the operator tells', async () => {
    expect(await create({ owner, image: 'registry.invalid/nobody/nothing:1' })).toBe('accepted')
  })

  it('can be found by owner, and only by the fields that are selectable', async () => {
    await client.create(sessions, manifest('mine', { owner: 'somebody-else' }))
    const found = await client.list(sessions, { namespace, fieldSelector: 'spec.owner=somebody-else' })
    expect(found.items.map(item => item.metadata.name)).toEqual(['mine'])
    expect(await refusal(client.list(sessions, { namespace, fieldSelector: 'spec.image=x' }))).toMatch(
      /not supported|not known/,
    )
  })
})

describe('a TerminalPool', () => {
  const pool = (spec: object) => ({ metadata: { name: 'pool', namespace }, spec }) as TerminalPool

  it('has a scale subresource', async () => {
    await client.create(pools, pool({ replicas: 3 }))
    await client.patch(
      pools,
      { namespace, name: 'pool' },
      { type: 'merge', body: { spec: { replicas: 5 } } },
      { subresource: 'scale' },
    )
    const stored = await client.get(pools, { namespace, name: 'pool' })
    expect(stored.spec.replicas).toBe(5)
    expect(stored.spec.template.resources.pids).toBe(100)
  })

  it.each([
    [{ replicas: -1 }, /replicas.*greater than or equal to 0/],
    [{ template: { resources: { cpu: 'x' } } }, /template\.resources\.cpu must be a Kubernetes quantity/],
  ])('refuses %j', async (spec, words) => {
    expect(await refusal(client.create(pools, pool(spec), { dryRun: 'All' }))).toMatch(words)
  })
})
