// The gateway as one thing that starts and stops: its parts, wired to each other (G70).
import { type Cluster, createKubeClient, createKubeMetrics, createTransport } from '@cpc/kube'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { GATEWAY_VERSION } from '../core/identity.ts'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { createAdminServer } from './admin-server.ts'
import type { DriveContext } from './drive.ts'
import { createHttpServer } from './http-server.ts'
import { type GatewayMetrics, createGatewayMetrics, observeMemory } from './metrics.ts'
import { createHolderOpener } from './pod-exec.ts'
import { createRequestLimits } from './request-limits.ts'
import { createRestApp } from './rest/app.ts'
import type { Phase } from './rest/context.ts'
import { createSessionDirectory } from './session-directory.ts'
import { createSessionMaker } from './session-maker.ts'
import { createSlotKeeper } from './slot-keeper.ts'
import { SocketRegistry } from './socket-registry.ts'
import { createTicketGate } from './ticket-gate.ts'
import { createTickets } from './tickets.ts'
import { createTokenVerifier, readIssuers } from './token-verifier.ts'

export interface GatewaySettings {
  listenPort: number
  metricsPort: number
  sessionNamespace: string
  issuersFile: string
  ticketKeyFile: string
  allowedOrigins: ReadonlySet<string>
  sessionsPerOwnerMax: number
  trustedProxyHops: number
}

export interface Gateway {
  /** Ports in use; with 0 in the settings, those the system chose. */
  readonly ports: { listen: number; metrics: number }
  readonly metrics: GatewayMetrics
  readonly registry: SocketRegistry
  /** Leaves every socket and request orderly, at the latest after `drainMs`. */
  stop(drainMs: number): Promise<void>
}

const nowMs = () => performance.now()
const wallMs = () => Date.now()

/** Starts listening. @throws Error that says which file or port is wrong */
export async function startGateway(settings: GatewaySettings, cluster: Cluster, logger: Logger): Promise<Gateway> {
  const parts = await buildParts(settings, cluster, logger)
  const { metrics, registry, directory, transport } = parts
  let draining = false
  const phase = (): Phase => (draining ? 'draining' : directory.hasSynced() ? 'ok' : 'starting')
  const { http, admin } = buildServers(settings, parts, phase)
  directory.onOver((uid, message) => registry.sessionOver(uid, message))
  directory.start()
  const ports = {
    listen: await listen(http, settings.listenPort),
    metrics: await listen(admin, settings.metricsPort),
  }
  return {
    ports,
    metrics,
    registry,
    async stop(drainMs) {
      draining = true
      await drained(http, registry, drainMs)
      await directory.stop()
      await transport.close()
      admin.close()
      admin.closeAllConnections()
    },
  }
}

type Parts = Awaited<ReturnType<typeof buildParts>>

/** Everything that talks to the cluster or keeps keys, before anything listens. */
async function buildParts(settings: GatewaySettings, cluster: Cluster, logger: Logger) {
  const { sessionNamespace: namespace, sessionsPerOwnerMax: slotsPerOwnerMax } = settings
  const metrics = createGatewayMetrics()
  metrics.build.set({ version: GATEWAY_VERSION }, 1)
  const kubeMetrics = createKubeMetrics(metrics.registry)
  const transport = createTransport(cluster, {
    userAgent: `pocket-console-gateway/${GATEWAY_VERSION}`,
    metrics: kubeMetrics.transport,
    logger,
  })
  const client = createKubeClient(transport)
  const directory = createSessionDirectory({
    client,
    namespace,
    logger,
    metrics: kubeMetrics.reflector('terminalsessions'),
  })
  const keys = { nowMs, wallMs, logger, onKeyError: () => metrics.keyFileErrors.inc() }
  const verifier = await createTokenVerifier(await readIssuers(settings.issuersFile), keys)
  const tickets = await createTickets({ keyFile: settings.ticketKeyFile, ...keys })
  const slots = createSlotKeeper({ client, namespace, directory, slotsPerOwnerMax, logger, wallMs })
  const maker = createSessionMaker({ client, namespace, directory, slots, slotsPerOwnerMax, logger, wallMs })
  const limits = createRequestLimits(nowMs, limit => metrics.limited.inc({ limit }))
  const registry = new SocketRegistry()
  return { namespace, metrics, transport, client, directory, verifier, tickets, maker, limits, registry, logger }
}

function buildServers(settings: GatewaySettings, parts: Parts, phase: () => Phase): { http: Server; admin: Server } {
  const { allowedOrigins, trustedProxyHops } = settings
  const { metrics, transport, directory, tickets, limits, registry, namespace, logger } = parts
  const drive: DriveContext = {
    checkTicket: createTicketGate(tickets, directory, logger),
    openHolder: createHolderOpener(transport, namespace),
    registry,
    metrics,
    logger,
    nowMs,
  }
  const app = createRestApp({ ...parts, trustedProxyHops, phase, nowMs })
  return {
    http: createHttpServer({ app, drive, limits, allowedOrigins, trustedProxyHops, phase, logger }),
    admin: createAdminServer({ registry: metrics.registry, beforeScrape: scrape(metrics, registry), phase }),
  }
}

function scrape(metrics: GatewayMetrics, registry: SocketRegistry): () => void {
  const memory = observeMemory(metrics, () => registry.memory())
  return () => {
    metrics.sockets.set({ state: 'unverified' }, registry.counts.unverified)
    metrics.sockets.set({ state: 'verified' }, registry.counts.verified)
    memory()
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Error(`Port ${port} cannot be used: ${(error as Error).message}`, { cause: error })
  }
  return (server.address() as AddressInfo).port
}

/**
 * Sockets are told at once. REST goes on until new requests go elsewhere; then requests under way are finished, and what
 * is left when the time is over is cut.
 */
async function drained(http: Server, registry: SocketRegistry, drainMs: number): Promise<void> {
  const over = delay(drainMs, undefined, { ref: false })
  const rest = delay(Math.min(HTTP_LIMITS.LAME_DUCK_MS, drainMs)).then(async () => {
    const closed = once(http, 'close')
    http.close()
    await closed
  })
  await Promise.race([Promise.all([rest, registry.drain()]), over])
  http.closeAllConnections()
}
