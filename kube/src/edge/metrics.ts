// Metric hooks of the room, and their prom-client form with the names controller-runtime and client-go use.
import type { Registry } from 'prom-client'

export interface TransportMetrics {
  /** code: HTTP status, or `<error>` when there was no answer. */
  request(observation: { code: string; method: string; verb: string; host: string; durationSeconds: number }): void
}

export interface WorkQueueMetrics {
  depth(priority: number, keys: number): void
  added(): void
  retried(): void
  /** Seconds from add to get. */
  waited(seconds: number): void
  /** Seconds from get to done. */
  worked(seconds: number): void
  /** Called at scrape time through `observeRunning`. */
  observeRunning(read: () => { unfinishedSeconds: number; longestSeconds: number }): void
}

export type ReconcileOutcome = 'success' | 'error' | 'requeue_after' | 'terminal_error' | 'timeout'

export interface ControllerMetrics {
  workers(max: number): void
  active(count: number): void
  reconciled(outcome: ReconcileOutcome, seconds: number): void
}

export interface ReflectorMetrics {
  listed(outcome: 'success' | 'error', seconds: number, items: number): void
  watchEnded(reason: 'server-closed' | 'expired' | 'silent' | 'error'): void
  eventSeen(type: string): void
}

export interface KubeMetrics {
  transport: TransportMetrics
  workQueue(name: string): WorkQueueMetrics
  controller(name: string): ControllerMetrics
  reflector(name: string): ReflectorMetrics
}

/** Registers the metrics once in `registry`. */
export function createKubeMetrics(registry: Registry): KubeMetrics {
  throw new Error('body follows' + String(registry))
}
