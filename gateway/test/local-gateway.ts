// A gateway in this process: real HTTP, real WebSockets, real keys. Holders are fakes, sessions a list, and the API server is away.
import { createKubeClient, createTransport, loadCluster } from '@cpc/kube'
import type { TerminalSession } from '@cpc/crds'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll } from 'vitest'
import type { TicketClaims } from '../src/core/ticket.ts'
import { ANNOTATION_IDEMPOTENCY_KEY } from '../src/core/create-request.ts'
import { createHttpServer } from '../src/edge/http-server.ts'
import { createLogger } from '../src/edge/log.ts'
import { createGatewayMetrics } from '../src/edge/metrics.ts'
import { createRequestLimits } from '../src/edge/request-limits.ts'
import { createRestApp } from '../src/edge/rest/app.ts'
import type { Phase } from '../src/edge/rest/context.ts'
import type { SessionDirectory } from '../src/edge/session-directory.ts'
import { createSessionMaker } from '../src/edge/session-maker.ts'
import { createSlotKeeper } from '../src/edge/slot-keeper.ts'
import { SocketRegistry } from '../src/edge/socket-registry.ts'
import { createTicketGate } from '../src/edge/ticket-gate.ts'
import { createTickets } from '../src/edge/tickets.ts'
import { createTokenVerifier, readIssuers } from '../src/edge/token-verifier.ts'
import { fakeHolders } from './fake-holder.ts'
import { AUDIENCE, ISSUER, jwksOf, makeFolder, makeKey, makeTicketKey, signToken } from './keys.ts'
import { aSession } from './objects.ts'

export const ORIGIN = 'https://console.example'

export type LocalGateway = Awaited<ReturnType<typeof startLocalGateway>>

/** Nothing listens there: every call to the API server fails as when it is away. */
async function awayCluster(folder: ReturnType<typeof makeFolder>) {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'away', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'nobody', user: { token: 'x' } }],
    contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
    'current-context': 'away',
  }
  const path = folder.write('kubeconfig', JSON.stringify(kubeconfig))
  return loadCluster({ kind: 'kubeconfig', paths: [path] })
}

/** @param limitsNowMs clock of the rate limits; one that stands still refills nothing */
export async function startLocalGateway(limitsNowMs: () => number = () => performance.now()) {
  const folder = makeFolder()
  const pair = makeKey('ES256')
  const lines: string[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
  const logger = createLogger('trace', stream)
  const clocks = { logger, onKeyError: () => undefined, nowMs: () => performance.now(), wallMs: () => Date.now() }
  const jwksFile = folder.write('jwks.json', await jwksOf({ pair, kid: 'k1' }))
  const issuers = folder.write(
    'issuers.json',
    JSON.stringify([{ issuer: ISSUER, audience: AUDIENCE, keys: { jwksFile } }]),
  )
  const verifier = await createTokenVerifier(await readIssuers(issuers), clocks)
  const tickets = await createTickets({ keyFile: makeTicketKey(folder), ...clocks })
  const transport = createTransport(await awayCluster(folder), { userAgent: 'test' })
  const client = createKubeClient(transport)
  const sessions = new Map<string, TerminalSession>([['demo', aSession()]])
  const directory = directoryOf(sessions)
  const metrics = createGatewayMetrics()
  const registry = new SocketRegistry()
  const limits = createRequestLimits(limitsNowMs, limit => metrics.limited.inc({ limit }))
  const holders = fakeHolders()
  const state = { phase: 'ok' as Phase }
  const shared = { namespace: 'sessions', client, slotsPerOwnerMax: 3 }
  const slots = createSlotKeeper({ ...shared, directory, logger, wallMs: clocks.wallMs })
  const maker = createSessionMaker({ ...shared, directory, slots, logger, wallMs: clocks.wallMs })
  const drive = {
    checkTicket: createTicketGate(tickets, directory, logger),
    openHolder: holders.open,
    registry,
    metrics,
    logger,
    nowMs: clocks.nowMs,
  }
  const guard = { limits, trustedProxyHops: 0, phase: () => state.phase, logger }
  const app = createRestApp({ ...guard, ...shared, directory, maker, tickets, verifier, metrics, nowMs: clocks.nowMs })
  const server = createHttpServer({ ...guard, app, drive, allowedOrigins: new Set([ORIGIN]) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gateway = {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    registry,
    metrics,
    holders,
    sessions,
    state,
    lines,
    token: (claims: Record<string, unknown> = {}) => signToken(pair, claims),
    ticket: async (claims: Partial<TicketClaims> = {}) => {
      const all = { sub: 'octocat', session: 'demo', uid: 'uid-1', client: 'native' as const, ...claims }
      return (await tickets.issue(all)).ticket
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await transport.close()
      folder.remove()
    },
  }
  afterAll(() => gateway.stop())
  return gateway
}

/** Sessions from a list; what is not in it, is asked of an API server that is away. */
function directoryOf(sessions: Map<string, TerminalSession>): SessionDirectory {
  return {
    start: () => undefined,
    stop: () => Promise.resolve(),
    hasSynced: () => true,
    listOwned: owner => [...sessions.values()].filter(({ spec }) => spec.owner === owner),
    listKeyed: keyDigest =>
      [...sessions.values()].filter(({ metadata }) => metadata.annotations?.[ANNOTATION_IDEMPOTENCY_KEY] === keyDigest),
    find: name => Promise.resolve(sessions.get(name)),
    findAttachable: name => Promise.resolve(sessions.get(name)),
    waitFor: session => Promise.resolve(session),
    onOver: () => undefined,
  }
}
