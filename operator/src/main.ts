// Wires the operator: reads the environment, builds the edges, starts, and stops on SIGTERM.
import { createEventRecorder, createKubeClient, createKubeMetrics, createTransport, loadCluster } from '@cpc/kube'
import { pino } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { digest } from './edge/digest.ts'
import { startHttpServer } from './edge/http-server.ts'
import { createOperator } from './edge/operator.ts'
import { readEnvironment } from './env.ts'

const VERSION = '0.1.0'
/** Milliseconds for events that are still to be written when the operator stops. */
const EVENT_FLUSH_MS = 3000

const env = readEnvironment()
const logger = pino({ level: env.logLevel, base: { service: 'operator' } })
const registry = new Registry()
collectDefaultMetrics({ register: registry })
const metrics = createKubeMetrics(registry)

const cluster = await loadCluster(env.cluster)
const userAgent = `pocket-console-operator/${VERSION}`
const client = createKubeClient(createTransport(cluster, { userAgent, metrics: metrics.transport, logger }))
const events = createEventRecorder({
  client,
  reportingController: 'pocketconsole.dev/operator',
  reportingInstance: env.instance,
  logger,
})
const operator = createOperator({
  client,
  events,
  settings: { sandboxImage: env.sandboxImage, serviceAccountName: env.serviceAccountName, digest },
  namespaces: env.namespaces,
  workers: env.workers,
  registry,
  metrics,
  logger,
})

const stopping = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(new Error(name)))
const stopped = new Promise<void>(resolve => stopping.signal.addEventListener('abort', () => resolve(), { once: true }))

const server = await startHttpServer({ port: env.metricsPort, registry, isReady: () => operator.isReady() })
logger.info({ namespaces: env.namespaces, server: cluster.server }, 'starting')
await Promise.race([operator.start(stopping.signal), stopped]).catch((error: unknown) => {
  if (!stopping.signal.aborted) throw error
})
if (operator.isReady()) logger.info({}, 'ready')
await stopped

await operator.stop(env.drainMs)
await events.stop(EVENT_FLUSH_MS)
await client.transport.close()
server.close()
server.closeAllConnections()
