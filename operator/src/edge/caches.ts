// What the operator watches, per session namespace, and the nodes. Nothing is read from the API server in a steady state but these watches.
import { TERMINAL_SESSIONS, type TerminalSession, GROUP, SHELL_CONTAINER, VERSION } from '@cpc/crds'
import {
  createReflector,
  defineResource,
  namespaces,
  networkPolicies,
  nodes,
  pods,
  type KubeClient,
  type KubeMetrics,
  type KubeObject,
  type Logger,
  type Namespace,
  type NetworkPolicy,
  type Node,
  type Pod,
  type Reflector,
  type ReflectorOptions,
} from '@cpc/kube'
import { sessionOfPod } from '../core/views.ts'

export const terminalSessions = defineResource<TerminalSession>({
  group: GROUP,
  version: VERSION,
  plural: TERMINAL_SESSIONS,
  kind: 'TerminalSession',
  scope: 'namespaced',
})

export interface NamespaceCaches {
  sessions: Reflector<TerminalSession>
  /** Every pod of the namespace, not only those with our labels: relabelling must not hide one. */
  pods: Reflector<Pod>
  policies: Reflector<NetworkPolicy>
  namespace: Reflector<Namespace>
}

export interface Caches {
  byNamespace: ReadonlyMap<string, NamespaceCaches>
  nodes: Reflector<Node>
  all: readonly Reflector<never>[]
}

/** Pods by the uid of their shell's user. */
export const BY_SHELL_UID = 'shellUid'
/** Pods by the name of the session they say they belong to. */
export const BY_SESSION = 'session'

export interface CacheOptions {
  client: KubeClient
  namespaces: readonly string[]
  metrics: KubeMetrics
  logger: Logger
}

/** The reflectors, not started. */
export function createCaches({ client, namespaces: names, metrics, logger }: CacheOptions): Caches {
  const reflector = <T extends KubeObject>(name: string, options: Omit<ReflectorOptions<T>, 'client'>) =>
    createReflector({ client, logger, metrics: metrics.reflector(name), ...options })
  const byNamespace = new Map(
    names.map(namespace => [
      namespace,
      {
        sessions: reflector('terminalsessions', { resource: terminalSessions, namespace }),
        pods: reflector('pods', {
          resource: pods,
          namespace,
          indexers: { [BY_SHELL_UID]: shellUids, [BY_SESSION]: sessionNames },
        }),
        policies: reflector('networkpolicies', { resource: networkPolicies, namespace }),
        namespace: reflector('namespaces', { resource: namespaces, fieldSelector: `metadata.name=${namespace}` }),
      } satisfies NamespaceCaches,
    ]),
  )
  const nodeCache = reflector('nodes', { resource: nodes, transform: slimNode })
  const all = [...byNamespace.values()].flatMap(caches => Object.values(caches) as Reflector<never>[])
  return { byNamespace, nodes: nodeCache, all: [...all, nodeCache as unknown as Reflector<never>] }
}

function shellUids({ spec }: Pod): string[] {
  const shell = spec?.initContainers?.find(({ name }) => name === SHELL_CONTAINER)
  const uid = shell?.securityContext?.runAsUser
  return uid === undefined ? [] : [String(uid)]
}

function sessionNames(pod: Pod): string[] {
  const session = sessionOfPod(pod)
  return session ? [session.name] : []
}

// A Node is large and changes with every heartbeat; four of its fields matter here.
function slimNode({ apiVersion, kind, metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion } = metadata ?? {}
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: {
      ...(name !== undefined && { name }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(spec?.unschedulable === true && { spec: { unschedulable: true } }),
    ...(status?.runtimeHandlers && { status: { runtimeHandlers: status.runtimeHandlers } }),
  }
}
