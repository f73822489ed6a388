// The gates before a pod: namespace, isolation, creation.
import type { NetworkPolicy } from '@cpc/kube'
import { describe, expect, it } from 'vitest'
import {
  actionOf,
  anObserved,
  aPod,
  aSession,
  aSpec,
  kinds,
  NOW,
  planFor,
  readyObserved,
  storedPolicy,
  writtenStatus,
} from '../../test/builders.ts'
import { DEFAULT_DENY_NAME } from './network-policy.ts'

const namespace = (labels: Record<string, string>) => ({ name: 'sessions', labels })
const ready = (plan: ReturnType<typeof planFor>) => writtenStatus(plan).conditions?.find(({ type }) => type === 'Ready')

describe('[TS5] a namespace without Pod Security "restricted" gets no pod', () => {
  it.each([
    ['no label', namespace({}), /does not have the label pod-security\.kubernetes\.io\/enforce/],
    [
      'baseline',
      namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' }),
      /has "baseline" instead of "restricted"/,
    ],
    ['only warn', namespace({ 'pod-security.kubernetes.io/warn': 'restricted' }), /does not have the label/],
    ['no namespace at all', undefined, /does not have the label/],
  ])('%s', (_case, given, words) => {
    const plan = planFor(anObserved({ namespace: given }))
    expect(kinds(plan)).toEqual(['writeStatus', 'recordEvent'])
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Pending', reason: 'NamespaceNotProtected' })
    expect(ready(plan)).toMatchObject({ status: 'False', reason: 'NamespaceNotProtected' })
    expect(ready(plan)?.message).toMatch(words)
    expect(ready(plan)?.message).toMatch(
      /kubectl label --overwrite namespace sessions pod-security\.kubernetes\.io\/enforce=restricted/,
    )
    expect(actionOf(plan, 'recordEvent').event).toMatchObject({ type: 'Warning', reason: 'NamespaceNotProtected' })
  })
})

describe('[TS6] isolation comes before the pod', () => {
  it('puts the default-deny policy in place first, and nothing else', () => {
    const plan = planFor(anObserved({ policies: [] }))
    expect(kinds(plan)).toEqual(['putNetworkPolicy', 'writeStatus'])
    expect(actionOf(plan, 'putNetworkPolicy').policy).toMatchObject({
      metadata: { name: DEFAULT_DENY_NAME, namespace: 'sessions' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    })
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Pending', reason: 'PolicyPending' })
  })

  it.each<[string, NonNullable<NetworkPolicy['spec']>]>([
    ['selects some pods only', { podSelector: { matchLabels: { a: 'b' } }, policyTypes: ['Ingress', 'Egress'] }],
    ['covers ingress only', { podSelector: {}, policyTypes: ['Ingress'] }],
    ['lets something out', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{}] }],
    ['lets something in', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}] }],
  ])('repairs a policy of ours that %s, against the version that was seen', (_case, spec) => {
    const plan = planFor(anObserved({ policies: [{ ...storedPolicy(), spec }] }))
    expect(actionOf(plan, 'putNetworkPolicy').policy).toMatchObject({
      metadata: { resourceVersion: '7' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    })
    expect(kinds(plan)).not.toContain('createPod')
  })

  it('a session that is Ready is not, while its policy is away', () => {
    const plan = planFor({ ...readyObserved(), policies: [] })
    expect(kinds(plan)[0]).toBe('putNetworkPolicy')
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Preparing', reason: 'PolicyPending' })
  })

  it('names the policies that open the namespace again', () => {
    const open = (name: string): NetworkPolicy => ({ metadata: { name }, spec: { podSelector: {}, egress: [{}] } })
    const plan = planFor(anObserved({ policies: [storedPolicy(), ...['a', 'b', 'c', 'd'].map(open)] }))
    expect(writtenStatus(plan)).toMatchObject({ reason: 'NotIsolated' })
    expect(writtenStatus(plan).message).toMatch(/allow traffic: a, b, c, …\. Policies add up.*Delete them\./)
    expect(kinds(plan)).not.toContain('createPod')
  })

  it('another policy that only denies does not matter', () => {
    const deny: NetworkPolicy = { metadata: { name: 'more' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } }
    expect(kinds(planFor(anObserved({ policies: [deny, storedPolicy()] })))).toContain('createPod')
  })

  it('says why the policy cannot be written, and tries again only later', () => {
    const policyRefusal = { atMs: NOW - 100, count: 1, kind: 'rejected', message: 'no permission' } as const
    const plan = planFor(anObserved({ policies: [], memory: { policyRefusal } }))
    expect(kinds(plan)).not.toContain('putNetworkPolicy')
    expect(writtenStatus(plan).message).toMatch(/cannot be written: no permission/)
    expect(kinds(planFor(anObserved({ policies: [], memory: { policyRefusal } }), NOW + 900))).toContain(
      'putNetworkPolicy',
    )
  })
})

describe('[TS21] a pod the API server refuses', () => {
  const refusal = (count: number, kind: 'quota' | 'rejected', message: string) => ({
    memory: { podRefusal: { atMs: NOW, count, kind, message } },
  })

  it.each([
    [
      'rejected',
      'pods "demo" is forbidden: violates PodSecurity',
      'PodRejected',
      /^The API server refused the pod: pods "demo" is forbidden/,
    ],
    [
      'quota',
      'exceeded quota: small',
      'QuotaExceeded',
      /ResourceQuota has no room for the pod: exceeded quota: small\. End another session/,
    ],
  ] as const)('%s: tells in the words of the API server', (kind, message, reason, words) => {
    const plan = planFor(anObserved(refusal(1, kind, message)))
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Pending', reason })
    expect(writtenStatus(plan).message).toMatch(words)
  })

  it.each([
    [1, 1000],
    [2, 2000],
    [5, 16_000],
    [6, 30_000],
    [60, 30_000],
  ])('after %d refusals the next try comes after %d ms', (count, delayMs) => {
    const observed = anObserved(refusal(count, 'rejected', 'no'))
    expect(planFor(observed)).toMatchObject({ requeueAfterMs: delayMs })
    expect(kinds(planFor(observed, NOW + delayMs - 1))).not.toContain('createPod')
    expect(kinds(planFor(observed, NOW + delayMs))).toContain('createPod')
  })

  it('[TS27] says what to do about a runtime class that does not exist', () => {
    const words = 'pods "demo" is forbidden: pod rejected: RuntimeClass "gvizor" not found'
    const session = aSession({ spec: aSpec({ runtimeClassName: 'gvizor' }) })
    const { message } = writtenStatus(planFor(anObserved({ session, ...refusal(1, 'rejected', words) })))
    expect(message).toContain(words)
    expect(message).toMatch(
      /kubectl get runtimeclasses.*kubectl -n sessions delete tsess demo\) and create another one/,
    )
    const other = writtenStatus(planFor(anObserved({ session, ...refusal(1, 'rejected', 'no') })))
    expect(other.message).toBe('The API server refused the pod: no')
  })

  it('a foreign pod with the name is not touched, and named', () => {
    const plan = planFor(anObserved({ pod: { kind: 'foreign' } }))
    expect(kinds(plan)).toEqual(['writeStatus', 'recordEvent'])
    expect(writtenStatus(plan)).toMatchObject({ reason: 'PodNameTaken' })
    expect(writtenStatus(plan).message).toMatch(/kubectl -n sessions delete pod demo-b9a7c1de/)
  })
})

describe('[TS10] a session gets one pod', () => {
  it('creates it when there is none and never was one', () => {
    expect(kinds(planFor(anObserved()))).toEqual(['createPod', 'writeStatus'])
  })

  it('creates none once status knows one', () => {
    const observed = readyObserved()
    expect(kinds(planFor({ ...observed, pod: { kind: 'none' } }))).toEqual(['lookUpPod'])
  })

  it('removes a second one, made from a stale cache', () => {
    const plan = planFor({ ...readyObserved(), pod: { kind: 'ours', pod: aPod({ uid: 'second' }) } })
    expect(actionOf(plan, 'deletePod').pod.uid).toBe('second')
    expect(kinds(plan)).toEqual(['deletePod', 'lookUpPod'])
  })
})
