// TerminalSessions on the real cluster: the operator runs as a process of its own; what is asserted is the state of the world.
import { defineResource, namespaces, networkPolicies, pods, type KubeObject } from '@cpc/kube'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_DENY_NAME } from '../src/core/network-policy.ts'
import { terminalSessions } from '../src/edge/caches.ts'
import { TestCluster, until } from './cluster.ts'

const resourceQuotas = defineResource<KubeObject & { spec: object }>({
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  scope: 'namespaced',
})
const runtimeClasses = defineResource<KubeObject & { handler: string; scheduling?: object }>({
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  kind: 'RuntimeClass',
  scope: 'cluster',
})

let cluster: TestCluster
let ns: string
/** Without the Pod Security label, until a test sets it. */
let bare: string
/** With a quota of no pods. */
let full: string
/** With a policy that opens it, until a test removes it. */
let open: string

beforeAll(async () => {
  cluster = await TestCluster.connect()
  ;[ns, bare, full, open] = await Promise.all([
    cluster.namespace(),
    cluster.namespace({}),
    cluster.namespace(),
    cluster.namespace(),
  ])
  await cluster.client.create(resourceQuotas, {
    metadata: { name: 'none', namespace: full },
    spec: { hard: { pods: '0' } },
  })
  await cluster.client.create(networkPolicies, {
    metadata: { name: 'let-it-out', namespace: open },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
  })
  await cluster.startOperator()
})

afterAll(async () => {
  await cluster.close()
})

describe('a session that works', () => {
  it('[TS11] becomes Ready from a manifest of five lines, and says where it is', async () => {
    await cluster.create(ns, 'plain')
    const status = await cluster.ready(ns, 'plain')
    const pod = await cluster.pod(ns, status.podName ?? '')
    expect(status).toMatchObject({ podUID: pod?.metadata?.uid, nodeName: pod?.spec?.nodeName, warm: false })
    expect(status.conditions).toMatchObject([
      { type: 'Ready', status: 'True', reason: 'ShellRunning' },
      { type: 'PodReady', status: 'True' },
    ])
    const lifetimeMs = Date.parse(status.expiresAt ?? '') - Date.parse(status.readyAt ?? '')
    expect(Math.abs(lifetimeMs - 28_800_000)).toBeLessThan(60_000)
  })

  it('[TS7] runs in a pod the API server stored as it was meant', async () => {
    const { podName = '' } = await cluster.ready(ns, 'plain')
    const spec = (await cluster.pod(ns, podName))?.spec
    expect(spec).toMatchObject({
      hostUsers: false,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      dnsPolicy: 'None',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 5,
    })
    expect(spec?.volumes?.filter(({ emptyDir, downwardAPI }) => emptyDir?.medium !== 'Memory' && !downwardAPI)).toEqual(
      [],
    )
  })

  it('[TS6] behind a policy that was there before its pod', async () => {
    const policy = await cluster.client.get(networkPolicies, { namespace: ns, name: DEFAULT_DENY_NAME })
    const { podName = '' } = await cluster.ready(ns, 'plain')
    const pod = await cluster.pod(ns, podName)
    expect(Date.parse(policy.metadata?.creationTimestamp ?? '')).toBeLessThanOrEqual(
      Date.parse(pod?.metadata?.creationTimestamp ?? ''),
    )
    expect(policy.spec).toMatchObject({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  })

  it('[TS6] a policy that is opened or deleted is put back', async () => {
    const ref = { namespace: ns, name: DEFAULT_DENY_NAME }
    await cluster.client.patch(networkPolicies, ref, { type: 'merge', body: { spec: { egress: [{}] } } })
    const look = async () => (await cluster.client.get(networkPolicies, ref)).spec
    await until('the repaired policy', async () => ((await look())?.egress ? undefined : true))
    await cluster.client.delete(networkPolicies, ref)
    await until('the policy again', look)
    await cluster.ready(ns, 'plain')
  })

  it('[TS7] runs any image, with the init copied into it', async () => {
    await cluster.create(ns, 'foreign', { image: 'debian:bookworm-slim', command: ['sh'] })
    const { podName = '' } = await cluster.ready(ns, 'foreign')
    const pod = await cluster.pod(ns, podName)
    expect(pod?.spec?.initContainers?.map(({ name, image }) => `${name} ${image ?? ''}`)).toEqual([
      `install ${cluster.sandboxImage}`,
      'shell debian:bookworm-slim',
    ])
  })
})

describe('[TS14] how a session ends', () => {
  it('Exited, with the exit code; then its pod is gone', async () => {
    await cluster.create(ns, 'exits', { command: ['bash', '-c', 'sleep 3; exit 7'] })
    const status = await cluster.over(ns, 'exits')
    expect(status).toMatchObject({ phase: 'Ended', reason: 'Exited', exitCode: 7 })
    await cluster.podGone(ns, status.podName)
  })

  it('Idle, when nobody types; a session that prints is idle too', async () => {
    await cluster.create(ns, 'idles', {
      idleTimeoutSeconds: 10,
      command: ['bash', '-c', 'while :; do date; sleep 1; done'],
    })
    const status = await cluster.over(ns, 'idles')
    expect(status).toMatchObject({ phase: 'Ended', reason: 'Idle' })
    await cluster.podGone(ns, status.podName)
  })

  it('[TS12] Lifetime, asked by the operator', async () => {
    await cluster.create(ns, 'expires', { maxLifetimeSeconds: 10 })
    const { expiresAt = '' } = await cluster.ready(ns, 'expires')
    const status = await cluster.over(ns, 'expires')
    expect(status).toMatchObject({ phase: 'Ended', reason: 'Lifetime' })
    expect(Date.parse(status.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(expiresAt) - 4000)
    await cluster.podGone(ns, status.podName)
  })

  it('[TS15] PodLost, when the pod is deleted under it', async () => {
    await cluster.create(ns, 'loses')
    const { podName = '' } = await cluster.ready(ns, 'loses')
    await cluster.client.delete(pods, { namespace: ns, name: podName })
    const status = await cluster.over(ns, 'loses')
    expect(status).toMatchObject({ phase: 'Failed', reason: 'PodLost' })
    expect(status.message).toMatch(/deleted by somebody else/)
  })

  it('[TS15] PodLost, when the pod vanishes without a trace', async () => {
    await cluster.create(ns, 'vanishes')
    const { podName = '' } = await cluster.ready(ns, 'vanishes')
    await cluster.client.delete(pods, { namespace: ns, name: podName }, { gracePeriodSeconds: 0 })
    expect(await cluster.over(ns, 'vanishes')).toMatchObject({ phase: 'Failed', reason: 'PodLost' })
  })

  it('OutOfMemory, when the shell needs more than it has', async () => {
    const eat = 'sleep 3; printf -v memory %500000000s'
    const resources = { memory: '64Mi', tmp: '1Mi' }
    await cluster.create(ns, 'eats', { resources, command: ['bash', '-c', eat] })
    expect(await cluster.over(ns, 'eats')).toMatchObject({ phase: 'Failed', reason: 'OutOfMemory' })
  })

  it('[TS18] Deleted: the pod goes too, and an event tells', async () => {
    const session = await cluster.create(ns, 'deleted')
    const { podName } = await cluster.ready(ns, 'deleted')
    await cluster.client.delete(terminalSessions, { namespace: ns, name: 'deleted' })
    await cluster.podGone(ns, podName)
    const told = await cluster.eventsUntil(ns, session, 'Deleted')
    expect(told.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['PodCreated', 'Ready', 'Deleted']))
  })

  it('[TS18] a pod that was left behind on purpose is ended all the same', async () => {
    await cluster.create(ns, 'orphans')
    const { podName } = await cluster.ready(ns, 'orphans')
    await cluster.client.delete(terminalSessions, { namespace: ns, name: 'orphans' }, { propagationPolicy: 'Orphan' })
    await cluster.podGone(ns, podName)
  })

  it('[TS17] after the TTL the session itself is gone', async () => {
    await cluster.create(ns, 'short', { command: ['true'], ttlSecondsAfterFinished: 1 })
    await until('the end of the session', async () => ((await cluster.session(ns, 'short')) ? undefined : true))
  })
})

describe('[TS21] what a person sees when it does not start', () => {
  it('an image nobody has', async () => {
    const session = await cluster.create(ns, 'unknown-image', { image: 'registry.invalid/nobody/nothing:1' })
    const { message, phase } = await cluster.waitsFor(ns, 'unknown-image', 'ImagePullBackOff')
    expect(phase).toBe('Preparing')
    expect(message).toMatch(/The image "registry\.invalid\/nobody\/nothing:1" cannot be pulled: .*Check spec\.image/s)
    await cluster.eventsUntil(ns, session, 'ImagePullBackOff')
  })

  it('an image reference that is none', async () => {
    await cluster.create(ns, 'bad-image', { image: 'Not:An:Image' })
    const { message } = await cluster.waitsFor(ns, 'bad-image', 'InvalidImageName')
    expect(message).toMatch(/"Not:An:Image" is not an image reference/)
  })

  it('[TS5] a namespace without Pod Security; labelled, the session starts', async () => {
    await cluster.create(bare, 'waits')
    const { message } = await cluster.waitsFor(bare, 'waits', 'NamespaceNotProtected')
    expect(message).toContain(
      `kubectl label --overwrite namespace ${bare} pod-security.kubernetes.io/enforce=restricted`,
    )
    expect((await cluster.client.list(pods, { namespace: bare })).items).toEqual([])
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await cluster.client.patch(namespaces, { name: bare }, { type: 'merge', body: { metadata: { labels } } })
    await cluster.ready(bare, 'waits')
  })

  it('[TS6] a namespace that another policy opens; closed, the session starts', async () => {
    await cluster.create(open, 'waits')
    const { message } = await cluster.waitsFor(open, 'waits', 'NotIsolated')
    expect(message).toMatch(/NetworkPolicies that allow traffic: let-it-out/)
    await cluster.client.delete(networkPolicies, { namespace: open, name: 'let-it-out' })
    await cluster.ready(open, 'waits')
  })

  it('a quota without room; with room, the session starts', async () => {
    await cluster.create(full, 'waits')
    const { message } = await cluster.waitsFor(full, 'waits', 'QuotaExceeded')
    expect(message).toMatch(/exceeded quota: none.*End another session, or have the quota raised/)
    await cluster.client.delete(resourceQuotas, { namespace: full, name: 'none' })
    await cluster.ready(full, 'waits')
  })

  it('a pod that admission refuses, in the words of the API server', async () => {
    await cluster.create(ns, 'no-such-class', { runtimeClassName: 'no-such-class' })
    const { message } = await cluster.waitsFor(ns, 'no-such-class', 'PodRejected')
    expect(message).toMatch(/The API server refused the pod: .*RuntimeClass "no-such-class" not found/)
  })

  it('a pod no node can take', async () => {
    const name = `nowhere-${ns}`
    const scheduling = { nodeSelector: { 'pocketconsole.dev/no-such-node': 'true' } }
    await cluster.client.create(runtimeClasses, { metadata: { name }, handler: 'runc', scheduling })
    try {
      await cluster.create(ns, 'nowhere', { runtimeClassName: name })
      const { message } = await cluster.waitsFor(ns, 'nowhere', 'Unschedulable')
      expect(message).toMatch(/No node can take the pod: 0\/\d+ nodes are available.*ask for less in spec\.resources/)
    } finally {
      await cluster.client.delete(runtimeClasses, { name })
    }
  })
})

describe('[TS22] the operator may die at any time', () => {
  it('killed while a session starts, another brings it up; killed while it is Ready, another adopts it', async () => {
    await cluster.create(ns, 'survives')
    await cluster.stopOperator('SIGKILL')
    await cluster.startOperator()
    const { podUID, readyAt } = await cluster.ready(ns, 'survives')
    await cluster.stopOperator('SIGKILL')
    await cluster.startOperator()
    // A change only a running operator acknowledges.
    const body = { spec: { ttlSecondsAfterFinished: 60 } }
    await cluster.client.patch(terminalSessions, { namespace: ns, name: 'survives' }, { type: 'merge', body })
    const status = await cluster.status(ns, 'survives', ({ observedGeneration }) => observedGeneration === 2)
    expect(status).toMatchObject({ phase: 'Ready', podUID, readyAt })
  })

  it('[TS12] while it is away, the kubelet keeps the lifetime and the holder the idle clock', async () => {
    await cluster.create(ns, 'expires-alone', { maxLifetimeSeconds: 15 })
    await cluster.create(ns, 'idles-alone', { idleTimeoutSeconds: 15 })
    await cluster.ready(ns, 'expires-alone')
    await cluster.ready(ns, 'idles-alone')
    expect(await cluster.stopOperator('SIGTERM')).toBe(0)
    for (const name of ['expires-alone', 'idles-alone']) {
      const podName = (await cluster.session(ns, name))?.status?.podName ?? ''
      await until(`the end of ${podName}`, async () => {
        const phase = (await cluster.pod(ns, podName))?.status?.phase
        return phase === 'Failed' || phase === 'Succeeded' ? phase : undefined
      })
    }
    await cluster.startOperator()
    expect(await cluster.over(ns, 'expires-alone')).toMatchObject({ phase: 'Ended', reason: 'Lifetime' })
    expect(await cluster.over(ns, 'idles-alone')).toMatchObject({ phase: 'Ended', reason: 'Idle' })
  })
})
