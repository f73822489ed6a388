// For cluster tests: the real API server, namespaces of our own on it, gateways as replicas in this process, and a wire that can be cut.
import type { TerminalSession, TerminalSessionStatus } from '@cpc/crds'
import {
  type Cluster,
  type KubeClient,
  clusterSourceFromEnv,
  createKubeClient,
  createTransport,
  defineResource,
  isNotFound,
  loadCluster,
  namespaces,
} from '@cpc/kube'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { LABEL_SLOT, type Lease } from '../src/core/slots.ts'
import { type Gateway, startGateway } from '../src/edge/gateway.ts'
import { createLogger } from '../src/edge/log.ts'
import { SESSIONS } from '../src/edge/session-directory.ts'
import { AUDIENCE, ISSUER, jwksOf, makeFolder, makeKey, makeTicketKey, signToken } from './keys.ts'
import { ORIGIN } from './local-gateway.ts'

/** What a condition may take on a busy machine of two cores. */
const PATIENCE_MS = 120_000
const LOOK_EVERY_MS = 100

export const LEASES = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  scope: 'namespaced',
})

/** Where the release is installed. */
const SYSTEM_NAMESPACE = 'pocket-console'

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[]
  users: { user: Record<string, unknown> }[]
}

/** Where the installed operator makes sessions real. */
export const SESSION_NAMESPACE = process.env['CPC_NAMESPACE'] ?? 'pocket-console-sessions'

/** Looks until `look` gives something. @throws Error with the last problem */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const giveUpAt = Date.now() + PATIENCE_MS
  let problem: unknown
  while (Date.now() < giveUpAt) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      problem = error
    }
    await delay(LOOK_EVERY_MS)
  }
  throw new Error(`waited in vain for: ${what}`, { cause: problem })
}

export interface Replica {
  gateway: Gateway
  url: string
  port: number
  lines: string[]
}

export interface ReplicaOptions {
  namespace: string
  sessionsPerOwnerMax?: number
  cluster?: Cluster
}

export class TestBed {
  readonly client: KubeClient
  readonly cluster: Cluster
  readonly #folder = makeFolder()
  readonly #pair = makeKey('ES256')
  readonly #gateways: Gateway[] = []
  readonly #namespaces: string[] = []
  #keys: { issuersFile: string; ticketKeyFile: string } | undefined

  private constructor(cluster: Cluster) {
    this.cluster = cluster
    this.client = createKubeClient(createTransport(cluster, { userAgent: 'gateway-test/0' }))
  }

  static async connect(): Promise<TestBed> {
    return new TestBed(await loadCluster(clusterSourceFromEnv(process.env)))
  }

  token(owner: string): Promise<string> {
    return signToken(this.#pair, { sub: owner })
  }

  /** A namespace in which nothing makes sessions real: their status is the test's to write. */
  async namespace(): Promise<string> {
    const name = `cpc-gateway-${randomUUID().slice(0, 8)}`
    await this.client.create(namespaces, { metadata: { name } })
    this.#namespaces.push(name)
    return name
  }

  /** One more replica: the same keys, its own caches and sockets. */
  async replica({ namespace, sessionsPerOwnerMax = 10, cluster = this.cluster }: ReplicaOptions): Promise<Replica> {
    this.#keys ??= await this.#makeKeys()
    const lines: string[] = []
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
    const settings = {
      listenPort: 0,
      metricsPort: 0,
      sessionNamespace: namespace,
      ...this.#keys,
      allowedOrigins: new Set([ORIGIN]),
      sessionsPerOwnerMax,
      trustedProxyHops: 0,
    }
    const gateway = await startGateway(settings, cluster, createLogger('debug', stream))
    this.#gateways.push(gateway)
    const port = gateway.ports.listen
    const url = `http://127.0.0.1:${port}`
    await until('the gateway to be ready', async () => ((await fetch(`${url}/api/v1/health`)).ok ? true : undefined))
    return { gateway, url, port, lines }
  }

  /** The cluster as the installed gateway has it: with the permissions of its ServiceAccount and no others. */
  async asGateway(): Promise<Cluster> {
    return this.#clusterWith({ token: await this.#gatewayToken() })
  }

  /** The same through a route that can be closed. */
  async wire(): Promise<{ wire: Wire; cluster: Cluster }> {
    const wire = await Wire.open(new URL(this.cluster.server))
    const server = `https://127.0.0.1:${wire.port}`
    return { wire, cluster: await this.#clusterWith({ token: await this.#gatewayToken(), server }) }
  }

  async #gatewayToken(): Promise<string> {
    const answer = await this.client.transport.request({
      method: 'POST',
      path: `/api/v1/namespaces/${SYSTEM_NAMESPACE}/serviceaccounts/pocket-console-gateway/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } },
    })
    return (answer as { status: { token: string } }).status.token
  }

  async #clusterWith({ token, server }: { token: string; server?: string }): Promise<Cluster> {
    const path = process.env['KUBECONFIG']
    if (path === undefined) throw new Error('KUBECONFIG is not set')
    const config = parse(readFileSync(path, 'utf8')) as Kubeconfig
    for (const user of config.users) user.user = { token }
    for (const { cluster } of config.clusters) {
      if (server !== undefined) Object.assign(cluster, { server, 'tls-server-name': 'kubernetes.default.svc' })
    }
    const kubeconfig = this.#folder.write(`kubeconfig-${randomUUID()}`, stringify(config))
    return loadCluster({ kind: 'kubeconfig', paths: [kubeconfig] })
  }

  session(namespace: string, name: string): Promise<TerminalSession | undefined> {
    return this.client.get(SESSIONS, { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
  }

  /** Says what the operator would say. */
  async setStatus(namespace: string, name: string, status: TerminalSessionStatus): Promise<void> {
    await this.client.patch(
      SESSIONS,
      { namespace, name },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    )
  }

  async leases(namespace: string): Promise<Lease[]> {
    return (await this.client.list(LEASES, { namespace, labelSelector: `${LABEL_SLOT}=true` })).items
  }

  async close(): Promise<void> {
    await Promise.all(this.#gateways.map(gateway => gateway.stop(5_000)))
    for (const name of this.#namespaces) await this.client.delete(namespaces, { name })
    await this.client.transport.close()
    this.#folder.remove()
  }

  async #makeKeys() {
    const jwksFile = this.#folder.write('jwks.json', await jwksOf({ pair: this.#pair, kid: 'k1' }))
    const issuers = [{ issuer: ISSUER, audience: AUDIENCE, keys: { jwksFile } }]
    const issuersFile = this.#folder.write('issuers.json', JSON.stringify(issuers))
    return { issuersFile, ticketKeyFile: makeTicketKey(this.#folder) }
  }
}

/** A TCP forwarder. `closed`: it refuses new connections; those that are open go on. */
export class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  state: 'open' | 'closed' = 'open'

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(target: URL): Promise<Wire> {
    const server = createServer()
    const wire = new Wire(server)
    server.on('connection', socket => {
      socket.on('error', () => undefined)
      if (wire.state === 'closed') socket.destroy()
      else wire.#join(socket, connect(Number(target.port), target.hostname))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends what is open, too. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #join(one: Socket, two: Socket): void {
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
