// Raw objects of the API server → the views reconcile.ts works on. Missing and odd fields are ordinary: other programs write these objects too.
import { ANNOTATION_SESSION, ANNOTATION_SESSION_UID, type TerminalSession } from '@cpc/crds'
import type { Namespace, Node, Pod } from '@cpc/kube'
import type {
  ContainerState,
  ContainerView,
  NamespaceView,
  NodeView,
  PodView,
  SessionView,
  TerminatedState,
} from './observed.ts'
import { parseTime } from './time.ts'

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]
type RawState = NonNullable<ContainerStatus['state']>

/** @throws Error if the object is not one the API server stored (it has no uid or no namespace). */
export function sessionView(session: TerminalSession): SessionView {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = session.metadata
  if (namespace === undefined || uid === undefined)
    throw new Error(`the TerminalSession ${name} has no namespace or no uid`)
  return {
    namespace,
    name,
    uid,
    resourceVersion: resourceVersion ?? '',
    generation: generation ?? 0,
    createdAtMs: parseTime(creationTimestamp) ?? 0,
    deleting: deletionTimestamp !== undefined,
    spec: session.spec,
    status: session.status ?? {},
  }
}

export function podView(pod: Pod): PodView {
  const { metadata = {}, spec, status = {} } = pod
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    nodeName: spec?.nodeName,
    phase: phaseOf(status.phase),
    reason: status.reason,
    message: status.message,
    terminating: metadata.deletionTimestamp !== undefined,
    disruption: disruptionOf(pod),
    ready: conditionOf(pod, 'Ready')?.status === 'True',
    unscheduled: unscheduledOf(pod),
    startedAtMs: parseTime(status.startTime),
    activeDeadlineSeconds: spec?.activeDeadlineSeconds,
    containers: [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(containerView),
  }
}

/** The session a pod says it belongs to: its name and uid, if it says so. */
export function sessionOfPod({ metadata }: Pod): { name: string; uid: string } | undefined {
  const name = metadata?.annotations?.[ANNOTATION_SESSION]
  const uid = metadata?.annotations?.[ANNOTATION_SESSION_UID]
  return name === undefined || uid === undefined ? undefined : { name, uid }
}

/** Whether the object with this uid controls the pod: an annotation anybody may write, a controller there is only one of. */
export function isControlledBy(uid: string, { metadata }: Pod): boolean {
  return metadata?.ownerReferences?.some(owner => owner.controller === true && owner.uid === uid) ?? false
}

export function nodeView(node: Node): NodeView {
  const handlers = node.status?.runtimeHandlers ?? []
  return {
    name: node.metadata?.name ?? '',
    schedulable: node.spec?.unschedulable !== true,
    userNamespaceHandlers: handlers.flatMap(({ name, features }) =>
      features?.userNamespaces === true ? [name ?? ''] : [],
    ),
  }
}

export function namespaceView(namespace: Namespace): NamespaceView {
  return { name: namespace.metadata?.name ?? '', labels: namespace.metadata?.labels ?? {} }
}

function phaseOf(phase: string | undefined): PodView['phase'] {
  switch (phase) {
    case 'Running':
    case 'Succeeded':
    case 'Failed':
    case 'Unknown':
      return phase
    default:
      return 'Pending'
  }
}

function conditionOf({ status }: Pod, type: string) {
  return status?.conditions?.find(condition => condition.type === type)
}

function disruptionOf(pod: Pod): string | undefined {
  const target = conditionOf(pod, 'DisruptionTarget')
  if (target?.status !== 'True') return undefined
  return [target.reason, target.message].filter(text => text !== undefined && text !== '').join(': ')
}

function unscheduledOf(pod: Pod): PodView['unscheduled'] {
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status !== 'False') return undefined
  return { reason: scheduled.reason ?? '', message: scheduled.message ?? 'the scheduler does not say why' }
}

function containerView({ name, image, state, lastState }: ContainerStatus): ContainerView {
  return { name, image, state: stateOf(state), previous: terminatedOf(lastState) }
}

function stateOf(state: RawState | undefined): ContainerState {
  const ended = terminatedOf(state)
  if (ended) return ended
  if (state?.running) return { kind: 'running' }
  return { kind: 'waiting', reason: state?.waiting?.reason ?? '', message: state?.waiting?.message ?? '' }
}

function terminatedOf(state: RawState | undefined): TerminatedState | undefined {
  if (!state?.terminated) return undefined
  const { exitCode, reason, message, finishedAt } = state.terminated
  return { kind: 'terminated', exitCode, reason: reason ?? '', message, finishedAtMs: parseTime(finishedAt) }
}
