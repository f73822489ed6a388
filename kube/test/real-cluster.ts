// For tests against a real API server (KUBECONFIG): a namespace of one's own, a pod to run commands in, a wire to cut.
import { randomUUID } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  type Cluster,
  clusterSourceFromEnv,
  createKubeClient,
  createTransport,
  isNotFound,
  type KubeClient,
  loadCluster,
  namespaces,
  type Pod,
  pods,
  serviceAccounts,
  type Transport,
} from '../src/index.ts'
import { until } from './time.ts'

/** An image every cluster of the project has or can pull. */
const IMAGE = 'debian:bookworm-slim'
/** For a pod to run on a busy machine. */
export const PATIENCE_MS = 120_000

export interface RealCluster {
  cluster: Cluster
  transport: Transport
  client: KubeClient
  namespace: string
  /** Starts a pod with one container `main` that sleeps, and waits until it runs. */
  startPod(name: string): Promise<Pod>
  remove(): Promise<void>
}

export async function openRealCluster(): Promise<RealCluster> {
  const cluster = await loadCluster(clusterSourceFromEnv(process.env))
  const transport = createTransport(cluster, { userAgent: 'cpc-kube-test/1' })
  const client = createKubeClient(transport)
  const namespace = `kube-test-${randomUUID().slice(0, 8)}`
  await client.create(namespaces, { metadata: { name: namespace } })
  return {
    cluster,
    transport,
    client,
    namespace,
    async startPod(name) {
      // The ServiceAccount admission refuses pods until the controller has made the account.
      await until(() => exists(client.get(serviceAccounts, { namespace, name: 'default' })), undefined, PATIENCE_MS)
      const container = { name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent', command: ['sleep', '3600'] }
      const spec = { containers: [container], terminationGracePeriodSeconds: 0, automountServiceAccountToken: false }
      await client.create(pods, { metadata: { name, namespace }, spec })
      let pod = await client.get(pods, { namespace, name })
      await until(
        async () => {
          pod = await client.get(pods, { namespace, name })
          return pod.status?.phase === 'Running'
        },
        () => JSON.stringify(pod.status),
        PATIENCE_MS,
      )
      return pod
    },
    async remove() {
      await client.delete(namespaces, { name: namespace }, { propagationPolicy: 'Background' })
      await transport.close()
    },
  }
}

async function exists(getting: Promise<unknown>): Promise<boolean> {
  try {
    await getting
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

export interface Wire {
  /** The same cluster, reached through the wire. */
  cluster: Cluster
  /** Breaks every connection. */
  cut(): void
  /** Breaks every connection and takes no new one, until `restore`: an API server that is away. */
  takeDown(): Promise<void>
  restore(): Promise<void>
  readonly connections: number
  close(): Promise<void>
}

/** A TCP relay to the API server. TLS goes through it untouched; the certificate is checked for a name every API server has. */
export async function startWire(cluster: Cluster): Promise<Wire> {
  const target = new URL(cluster.server)
  const sockets = new Set<Socket>()
  let connections = 0
  const relay = createServer(near => {
    connections += 1
    const far = connect({ host: target.hostname, port: Number(target.port || '443') })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const listen = (port: number): Promise<void> => new Promise(resolve => relay.listen(port, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of [...sockets]) socket.destroy()
  }
  const takeDown = async (): Promise<void> => {
    const closed = new Promise(resolve => relay.close(resolve))
    cut()
    await closed
  }
  await listen(0)
  const { port } = relay.address() as AddressInfo
  const servername = 'kubernetes.default.svc'
  return {
    cluster: {
      ...cluster,
      server: `https://127.0.0.1:${String(port)}`,
      credentials: {
        current: async () => ({ ...(await cluster.credentials.current()), servername }),
        refresh: async () => ({ ...(await cluster.credentials.refresh()), servername }),
      },
    },
    get connections() {
      return connections
    },
    cut,
    takeDown,
    restore: () => listen(port),
    async close() {
      if (relay.listening) await takeDown()
    },
  }
}
