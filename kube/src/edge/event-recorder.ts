// Writes events.k8s.io/v1 Events about objects: aggregated into series, limited per object, bounded, never in the caller's way.
import type { Clock, Random } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { KubeClient } from './kube-client.ts'

export interface EventSubject {
  apiVersion: string
  kind: string
  /** '' for cluster-scoped objects (the event then goes to `default`). */
  namespace: string
  name: string
  uid: string
  resourceVersion?: string
}

export interface EventNote {
  type: 'Normal' | 'Warning'
  /** UpperCamelCase, machine-readable, e.g. `PodCreated`. Cut at 128 characters. */
  reason: string
  /** What was being done, e.g. `CreatePod`. Cut at 128 characters. */
  action: string
  /** For people. Cut at 1,024 bytes. */
  note: string
  related?: EventSubject
}

export interface EventRecorderOptions {
  client: KubeClient
  /** e.g. `pocketconsole.dev/operator`. */
  reportingController: string
  /** e.g. the pod's name. */
  reportingInstance: string
  logger?: Logger
  clock?: Clock
  random?: Random
}

export interface EventRecorder {
  /** Queues an event and returns. Never throws. */
  record(subject: EventSubject, note: EventNote): void
  /** Resolves when everything recorded so far is written or given up, at most after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
  /** Flushes, then writes no more. */
  stop(timeoutMs: number): Promise<void>
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  throw new Error('body follows' + String(options))
}
