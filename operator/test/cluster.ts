// For cluster tests: namespaces of our own on the real cluster, the operator as a process of its own beside it, and waiting on what is true.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { TerminalSession, TerminalSessionSpecInput, TerminalSessionStatus } from '@cpc/crds'
import {
  ApiError,
  clusterSourceFromEnv,
  createKubeClient,
  createTransport,
  defineResource,
  isNotFound,
  loadCluster,
  namespaces,
  pods,
  serviceAccounts,
  type KubeClient,
  type Pod,
} from '@cpc/kube'
import { terminalSessions } from '../src/edge/caches.ts'

/** Milliseconds a condition may take on a busy machine of two cores. */
const PATIENCE_MS = 120_000
/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 150

const SERVICE_ACCOUNT = 'pocket-console-sandbox'

/** The parts of a Deployment that name the image of the sandbox. */
interface Deployment {
  metadata?: { name?: string }
  spec?: { template: { spec?: { containers: { env?: { name: string; value?: string }[] }[] } } }
}

export interface EventObject {
  apiVersion?: string
  kind?: string
  metadata?: { name?: string; namespace?: string }
  reason?: string
  note?: string
  regarding?: { name?: string; uid?: string }
}
const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  scope: 'namespaced',
})
const events = defineResource<EventObject>({
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  scope: 'namespaced',
})

/** Looks until `look` returns something. @throws Error with what was seen last */
export async function until<T>(what: string, look: () => Promise<T | undefined>, patienceMs = PATIENCE_MS): Promise<T> {
  const giveUpAt = Date.now() + patienceMs
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
  throw new Error(`${what}: not within ${patienceMs} ms`, { cause: problem })
}

/** The image the installed release uses. @throws Error if there is no release */
async function releasedSandboxImage(client: KubeClient): Promise<string> {
  const { items } = await client.list(deployments, { labelSelector: 'app.kubernetes.io/component=operator' })
  const containers = items.flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
  const image = containers.flatMap(({ env }) => env ?? []).find(({ name }) => name === 'CPC_SANDBOX_IMAGE')?.value
  if (image === undefined) throw new Error('no release is installed: run `make up`, or set CPC_TEST_SANDBOX_IMAGE')
  return image
}

function isOver({ phase }: TerminalSessionStatus): boolean {
  return phase === 'Ended' || phase === 'Failed'
}

export class TestCluster {
  readonly client: KubeClient
  /** The sandbox image that is loaded into the cluster. */
  readonly sandboxImage: string
  readonly #namespaces: string[] = []
  #operator: ChildProcess | undefined
  #log = ''

  private constructor(client: KubeClient, sandboxImage: string) {
    this.client = client
    this.sandboxImage = sandboxImage
  }

  static async connect(): Promise<TestCluster> {
    const cluster = await loadCluster(clusterSourceFromEnv(process.env))
    const client = createKubeClient(createTransport(cluster, { userAgent: 'operator-test/0' }))
    return new TestCluster(client, process.env['CPC_TEST_SANDBOX_IMAGE'] ?? (await releasedSandboxImage(client)))
  }

  /** A namespace for sessions; `labels` default to Pod Security "restricted". */
  async namespace(
    labels: Record<string, string> = { 'pod-security.kubernetes.io/enforce': 'restricted' },
  ): Promise<string> {
    const name = `cpc-operator-${randomUUID().slice(0, 8)}`
    await this.client.create(namespaces, { metadata: { name, labels } })
    await this.client.create(serviceAccounts, {
      metadata: { name: SERVICE_ACCOUNT, namespace: name },
      automountServiceAccountToken: false,
    })
    this.#namespaces.push(name)
    return name
  }

  /** Starts the operator as `make up` would, but here, with the caller's kubeconfig. Resolves when its caches are filled. */
  async startOperator(): Promise<void> {
    const child = spawn(process.execPath, [`${import.meta.dirname}/../src/main.ts`], {
      env: {
        ...process.env,
        CPC_SESSION_NAMESPACES: this.#namespaces.join(','),
        CPC_SANDBOX_IMAGE: this.sandboxImage,
        CPC_SANDBOX_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
        CPC_METRICS_PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#operator = child
    await new Promise<void>((resolve, reject) => {
      child.once('exit', code =>
        reject(new Error(`the operator ended at its start with code ${code ?? 'none'}:\n${this.#log}`)),
      )
      child.stdout.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString('utf8')).slice(-20_000)
        if (this.#log.includes('"msg":"ready"')) resolve()
      })
    })
  }

  /** Ends the operator: orderly (SIGTERM), or as a crash would (SIGKILL). Resolves to its exit code. */
  async stopOperator(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.#operator
    this.#operator = undefined
    this.#log = ''
    if (child?.exitCode !== null) return child?.exitCode ?? null
    const exit = once(child, 'exit') as Promise<[number | null]>
    child.kill(signal)
    return (await exit)[0]
  }

  async close(): Promise<void> {
    await this.stopOperator()
    for (const name of this.#namespaces) await this.client.delete(namespaces, { name })
    await this.client.transport.close()
  }

  async create(
    namespace: string,
    name: string,
    spec: Partial<TerminalSessionSpecInput> = {},
  ): Promise<TerminalSession> {
    const manifest = { metadata: { name, namespace }, spec: { owner: 'octocat', ...spec } } as TerminalSession
    return this.client.create(terminalSessions, manifest)
  }

  async session(namespace: string, name: string): Promise<TerminalSession | undefined> {
    return this.#found(this.client.get(terminalSessions, { namespace, name }))
  }

  async pod(namespace: string, name: string): Promise<Pod | undefined> {
    return this.#found(this.client.get(pods, { namespace, name }))
  }

  /** Waits for a status; says the last one if it never comes. */
  async status(
    namespace: string,
    name: string,
    wanted: (status: TerminalSessionStatus) => boolean,
  ): Promise<TerminalSessionStatus> {
    let last: TerminalSessionStatus | undefined
    const found = await until(`the status of ${name}`, async () => {
      last = (await this.session(namespace, name))?.status
      // An end is final: waiting on for anything else would be in vain.
      return last && (wanted(last) || isOver(last)) ? last : undefined
    }).catch((error: unknown) => error)
    if (last && wanted(last)) return last
    throw new Error(`last status of ${name}: ${JSON.stringify(last)}\noperator: ${this.#log}`, { cause: found })
  }

  ready(namespace: string, name: string): Promise<TerminalSessionStatus> {
    return this.status(namespace, name, ({ phase }) => phase === 'Ready')
  }

  over(namespace: string, name: string): Promise<TerminalSessionStatus> {
    return this.status(namespace, name, isOver)
  }

  waitsFor(namespace: string, name: string, reason: string): Promise<TerminalSessionStatus> {
    return this.status(namespace, name, status => status.reason === reason)
  }

  async podGone(namespace: string, name: string | undefined): Promise<true> {
    return until(`the end of pod ${name ?? ''}`, async () =>
      (await this.pod(namespace, name ?? '')) ? undefined : true,
    )
  }

  /** Events about a session, once one of them has this reason. */
  async eventsUntil(namespace: string, session: TerminalSession, reason: string): Promise<EventObject[]> {
    return until(`the event ${reason}`, async () => {
      const { items } = await this.client.list(events, { namespace })
      const own = items.filter(({ regarding }) => regarding?.uid === session.metadata.uid)
      return own.some(event => event.reason === reason) ? own : undefined
    })
  }

  async #found<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      if (isNotFound(error)) return undefined
      if (error instanceof ApiError) throw new Error(error.serverMessage, { cause: error })
      throw error
    }
  }
}
