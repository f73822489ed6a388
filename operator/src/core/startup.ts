// From a created pod to running containers: what the pod waits for, in words a person can act on.
import type { WaitingReason } from '@cpc/crds'
import type { ContainerView, PodView } from './observed.ts'
import { podOf, wasReady, type Input, type Step, type Verdict } from './verdict.ts'

interface Wait {
  reason: WaitingReason
  message: string
}

/** States of a container that is on its way, and needs no explanation. */
const UNDER_WAY = new Set(['', 'ContainerCreating', 'PodInitializing'])
const PULL_FAILURES = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

export const podRunning: Step = input => {
  const pod = podOf(input)
  if (!pod || pod.ready) return undefined
  const wait = notReadyAnyMore(input, pod) ?? unscheduled(pod) ?? stuckContainer(pod) ?? onItsWay(pod)
  return { kind: 'waiting', ...wait } satisfies Verdict
}

function notReadyAnyMore(input: Input, pod: PodView): Wait | undefined {
  if (!wasReady(input, pod)) return undefined
  const node = pod.nodeName ?? 'of the pod'
  const message = `The pod ${pod.name} was ready and is not any more; the node ${node} does not report it as running. It is waited for.`
  return { reason: 'PodNotReady', message }
}

function unscheduled({ unscheduled: cause, nodeName }: PodView): Wait | undefined {
  if (nodeName !== undefined) return undefined
  if (!cause) return { reason: 'PodPending', message: 'The pod waits for a node.' }
  const message = `No node can take the pod: ${cause.message}. Add a node, end other sessions, or ask for less in spec.resources.`
  return { reason: 'Unschedulable', message }
}

function stuckContainer({ containers }: PodView): Wait | undefined {
  for (const container of containers) {
    const wait = container.state.kind === 'waiting' ? waitOf(container, container.state) : undefined
    if (wait) return wait
  }
  return undefined
}

function waitOf(
  { name, image }: ContainerView,
  { reason, message }: { reason: string; message: string },
): Wait | undefined {
  if (UNDER_WAY.has(reason)) return undefined
  if (PULL_FAILURES.has(reason)) {
    const remedy = 'Check spec.image, that the image exists, and that the nodes may pull it'
    return { reason: 'ImagePullBackOff', message: `The image "${image}" cannot be pulled: ${message}. ${remedy}.` }
  }
  if (reason === 'ErrImageNeverPull') {
    return {
      reason,
      message: `The image "${image}" is not on the node and must not be pulled. Load it onto the nodes.`,
    }
  }
  if (reason === 'InvalidImageName') {
    const remedy = 'Create the session again with a reference such as registry.example/team/tools:1.2'
    return { reason, message: `"${image}" is not an image reference. ${remedy}.` }
  }
  return { reason: 'ContainerNotStarting', message: `The container ${name} does not start: ${reason}: ${message}` }
}

function onItsWay({ nodeName }: PodView): Wait {
  return { reason: 'ContainersStarting', message: `The containers are being started on node ${nodeName ?? ''}.` }
}
