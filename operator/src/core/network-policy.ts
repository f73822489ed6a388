// No pod before its isolation: a default-deny policy over the whole namespace, in both directions, and no other policy that opens it again.
import { APP_NAME, COMPONENT_SANDBOX } from '@cpc/crds'
import type { NetworkPolicy } from '@cpc/kube'
import { backoffMs } from './time.ts'
import type { Step } from './verdict.ts'

export const DEFAULT_DENY_NAME = 'pocket-console-default-deny'
/** Milliseconds between tries of a policy the API server refused: the first wait, and the longest. */
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 30_000
/** Policies a message names. */
const NAMED_MAX = 3

/** Selects every pod whatever its labels, so that relabelling a pod changes nothing. */
export function defaultDeny(namespace: string): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: DEFAULT_DENY_NAME,
      namespace,
      labels: {
        'app.kubernetes.io/name': APP_NAME,
        'app.kubernetes.io/component': COMPONENT_SANDBOX,
        'app.kubernetes.io/managed-by': 'pocket-console-operator',
      },
    },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  }
}

export const isolated: Step = ({ session, policies, memory, nowMs }) => {
  const ours = policies.find(policy => policy.metadata?.name === DEFAULT_DENY_NAME)
  if (!ours || !deniesAll(ours)) {
    const policy = defaultDeny(session.namespace)
    const version = ours?.metadata?.resourceVersion
    if (version !== undefined) policy.metadata = { ...policy.metadata, resourceVersion: version }
    const refusal = memory.policyRefusal
    const retryAtMs = refusal ? refusal.atMs + backoffMs(refusal.count - 1, RETRY_MS_MIN, RETRY_MS_MAX) : nowMs
    return {
      kind: 'waiting',
      reason: 'PolicyPending',
      message: refusal
        ? `The NetworkPolicy ${DEFAULT_DENY_NAME} cannot be written: ${refusal.message}`
        : `The NetworkPolicy ${DEFAULT_DENY_NAME} is being put in place.`,
      actions: nowMs >= retryAtMs ? [{ kind: 'putNetworkPolicy', policy }] : [],
      wakeAtMs: Math.max(retryAtMs, nowMs + RETRY_MS_MIN),
    }
  }
  const open = policies.filter(policy => policy !== ours && allowsSomething(policy))
  if (open.length === 0) return undefined
  const names = open.slice(0, NAMED_MAX).map(policy => policy.metadata?.name ?? '')
  return {
    kind: 'waiting',
    reason: 'NotIsolated',
    message:
      `The namespace ${session.namespace} has NetworkPolicies that allow traffic: ${names.join(', ')}` +
      `${open.length > NAMED_MAX ? ', …' : ''}. Policies add up, so a session here would have a network. Delete them.`,
  }
}

function deniesAll(policy: NetworkPolicy): boolean {
  const { spec } = policy
  const selectsAll = isEmpty(spec?.podSelector?.matchLabels) && isEmpty(spec?.podSelector?.matchExpressions)
  const types = spec?.policyTypes ?? []
  return selectsAll && types.includes('Ingress') && types.includes('Egress') && !allowsSomething(policy)
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0
}

function allowsSomething({ spec }: NetworkPolicy): boolean {
  return (spec?.ingress?.length ?? 0) > 0 || (spec?.egress?.length ?? 0) > 0
}
