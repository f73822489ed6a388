// Entry point of the gateway: settings, cluster, start, stop on SIGTERM. Only wiring.
import { loadCluster } from '@cpc/kube'
import { GATEWAY_VERSION } from './core/identity.ts'
import { startGateway } from './edge/gateway.ts'
import { createLogger } from './edge/log.ts'
import { readSettings } from './env.ts'

async function main(): Promise<void> {
  const settings = readSettings()
  const logger = createLogger(settings.logLevel)
  const cluster = await loadCluster(settings.cluster)
  const gateway = await startGateway(settings, cluster, logger)
  logger.info({ ...gateway.ports, version: GATEWAY_VERSION, cluster: cluster.server }, 'gateway listens')

  const stop = (signal: string) => {
    logger.info({ signal, drainMs: settings.drainMs }, 'gateway stops')
    void gateway.stop(settings.drainMs).then(() => {
      logger.info({}, 'gateway stopped')
      process.exit(0)
    })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.on('unhandledRejection', reason => {
    // A mistake of ours that hit one request or socket; the others live on, and the log says where it was.
    logger.error({ problem: reason instanceof Error ? reason.stack : String(reason) }, 'unhandled rejection')
  })
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
