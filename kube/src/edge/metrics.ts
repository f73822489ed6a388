// Metric hooks of the room, and their prom-client form with the names and labels of controller-runtime and client-go.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export interface TransportMetrics {
  /** One attempt. code: HTTP status, or `<error>` when there was no answer. The time is up to the answer's headers. */
  request(observation: { code: string; method: string; host: string; durationSeconds: number }): void
}

export interface WorkQueueMetrics {
  depth(priority: number, keys: number): void
  added(): void
  retried(): void
  /** Seconds from add to get. */
  waited(seconds: number): void
  /** Seconds from get to done. */
  worked(seconds: number): void
  /** `read` is called at every scrape. */
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
  watchEnded(reason: string): void
  /** kind: put, delete, bookmark, error, malformed, ignored. */
  eventSeen(kind: string): void
}

export interface KubeMetrics {
  transport: TransportMetrics
  workQueue(name: string): WorkQueueMetrics
  controller(name: string): ControllerMetrics
  reflector(name: string): ReflectorMetrics
}

/** As client-go's: 10 ns to 1,000 s. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, power) => 1e-8 * 10 ** power)
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
]
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

/** Registers the metrics in `registry`; call it once per registry. */
export function createKubeMetrics(registry: Registry): KubeMetrics {
  return {
    transport: transportMetrics(registry),
    workQueue: workQueueMetrics(registry),
    controller: controllerMetrics(registry),
    reflector: reflectorMetrics(registry),
  }
}

function transportMetrics(registry: Registry): TransportMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labelNames: ['code', 'method', 'host'],
    registers,
  })
  const durations = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds. Broken down by verb, and host.',
    labelNames: ['verb', 'host'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  return {
    request({ code, method, host, durationSeconds }) {
      requests.inc({ code, method, host })
      durations.observe({ verb: method, host }, durationSeconds)
    },
  }
}

function workQueueMetrics(registry: Registry): KubeMetrics['workQueue'] {
  const registers = [registry]
  const labelNames = ['name', 'controller'] as const
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue by workqueue and priority',
    labelNames: [...labelNames, 'priority'],
    registers,
  })
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue',
    labelNames,
    registers,
  })
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue',
    labelNames,
    registers,
  })
  const waits = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested',
    labelNames,
    buckets: QUEUE_BUCKETS,
    registers,
  })
  const works = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    labelNames,
    buckets: QUEUE_BUCKETS,
    registers,
  })
  const observeRunning = runningGauges(registry)
  return name => {
    const labels = { name, controller: name }
    return {
      depth: (priority, keys) => depth.set({ ...labels, priority: String(priority) }, keys),
      added: () => adds.inc(labels),
      retried: () => retries.inc(labels),
      waited: seconds => waits.observe(labels, seconds),
      worked: seconds => works.observe(labels, seconds),
      observeRunning: read => observeRunning(name, read),
    }
  }
}

type ReadRunning = () => { unfinishedSeconds: number; longestSeconds: number }

function runningGauges(registry: Registry): (name: string, read: ReadRunning) => void {
  const readers = new Map<string, ReadRunning>()
  const gauge = (name: string, help: string, value: (running: ReturnType<ReadRunning>) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['name', 'controller'],
      registers: [registry],
      collect() {
        for (const [queue, read] of readers) this.set({ name: queue, controller: queue }, value(read()))
      },
    })
  }
  gauge(
    'workqueue_unfinished_work_seconds',
    "How many seconds of work has been done that is in progress and hasn't been observed by work_duration.",
    running => running.unfinishedSeconds,
  )
  gauge(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    running => running.longestSeconds,
  )
  return (name, read) => {
    readers.set(name, read)
  }
}

function controllerMetrics(registry: Registry): KubeMetrics['controller'] {
  const registers = [registry]
  const labelNames = ['controller'] as const
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers })
  const totals = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Total number of reconciliations per controller',
    labelNames: ['controller', 'result'],
    registers,
  })
  const errors = counter(
    'controller_runtime_reconcile_errors_total',
    'Total number of reconciliation errors per controller',
  )
  const terminal = counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Total number of terminal reconciliation errors per controller',
  )
  const timeouts = counter(
    'controller_runtime_reconcile_timeouts_total',
    'Total number of reconciliation timeouts per controller',
  )
  const times = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of time per reconciliation per controller',
    labelNames,
    buckets: RECONCILE_BUCKETS,
    registers,
  })
  const maximum = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Maximum number of concurrent reconciles per controller',
    labelNames,
    registers,
  })
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Number of currently used workers per controller',
    labelNames,
    registers,
  })
  return controller => ({
    workers: max => maximum.set({ controller }, max),
    active: count => active.set({ controller }, count),
    reconciled(outcome, seconds) {
      const failed = outcome === 'terminal_error' || outcome === 'timeout' || outcome === 'error'
      totals.inc({ controller, result: failed ? 'error' : outcome })
      if (failed) errors.inc({ controller })
      if (outcome === 'terminal_error') terminal.inc({ controller })
      if (outcome === 'timeout') timeouts.inc({ controller })
      times.observe({ controller }, seconds)
    },
  })
}

function reflectorMetrics(registry: Registry): KubeMetrics['reflector'] {
  const registers = [registry]
  const lists = new Counter({
    name: 'reflector_lists_total',
    help: 'Total number of API lists done by the reflectors',
    labelNames: ['name', 'result'],
    registers,
  })
  const durations = new Histogram({
    name: 'reflector_list_duration_seconds',
    help: 'How long an API list takes to return and decode for the reflectors',
    labelNames: ['name'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const items = new Gauge({
    name: 'reflector_items',
    help: 'Objects in the last complete list',
    labelNames: ['name'],
    registers,
  })
  const watches = new Counter({
    name: 'reflector_watches_ended_total',
    help: 'Watches that ended, by reason',
    labelNames: ['name', 'reason'],
    registers,
  })
  const events = new Counter({
    name: 'reflector_watch_events_total',
    help: 'Watch events, by kind',
    labelNames: ['name', 'kind'],
    registers,
  })
  return name => ({
    listed(result, seconds, count) {
      lists.inc({ name, result })
      durations.observe({ name }, seconds)
      if (result === 'success') items.set({ name }, count)
    },
    watchEnded: reason => watches.inc({ name, reason }),
    eventSeen: kind => events.inc({ name, kind }),
  })
}
