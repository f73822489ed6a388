// What the cluster tests share: a namespace that goes away, pods of the plain Debian image, and commands run in them.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'

export const IMAGE = 'debian:bookworm-slim'
const DEVCLUSTER = join(import.meta.dirname, '../src/main.ts')
const WAIT_SECONDS = 90

type Variables = Record<string, string>

/** Runs kubectl on the cluster that KUBECONFIG names. */
export async function kubectl(args: readonly string[], input?: string, env: Variables = {}): Promise<string> {
  const { stdout } = await execa('kubectl', args, input === undefined ? { env, stdin: 'ignore' } : { env, input })
  return stdout.trim()
}

/** Runs the devcluster command. */
export async function devcluster(args: readonly string[], env: Variables = {}): Promise<string> {
  const { stdout } = await execa(process.execPath, [DEVCLUSTER, ...args], { env, stdin: 'ignore' })
  return stdout
}

export interface Namespace {
  readonly name: string
  apply(...documents: object[]): Promise<void>
  ready(...pods: string[]): Promise<void>
  /** Standard output of a bash script in a pod; a failing script rejects. */
  bash(pod: string, script: string): Promise<string>
  get(resource: string, jsonPath: string): Promise<string>
  remove(): Promise<void>
}

/** Makes a namespace with a random name. */
export async function makeNamespace(labels: Variables = {}, env: Variables = {}): Promise<Namespace> {
  const name = `devcluster-${randomBytes(4).toString('hex')}`
  const run = (args: readonly string[], input?: string): Promise<string> =>
    kubectl(['--namespace', name, ...args], input, env)
  await kubectl(
    ['apply', '-f', '-'],
    stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
    env,
  )
  return {
    name,
    apply: async (...documents) => {
      await run(['apply', '-f', '-'], documents.map(document => stringify(document)).join('---\n'))
    },
    ready: async (...pods) => {
      const names = pods.map(pod => `pod/${pod}`)
      await run(['wait', '--for=condition=Ready', `--timeout=${WAIT_SECONDS}s`, ...names])
    },
    bash: (pod, script) => run(['exec', pod, '--', 'bash', '-c', script]),
    get: (resource, jsonPath) => run(['get', resource, `--output=jsonpath=${jsonPath}`]),
    remove: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false'], undefined, env)
    },
  }
}

export interface PodShape {
  readonly name: string
  /** A bash script; by default the pod waits. */
  readonly script?: string
  readonly labels?: Variables
  readonly spec?: object
  readonly container?: object
}

/** A pod of one container. It never restarts and ends at once. */
export function pod({
  name,
  script = 'exec sleep infinity',
  labels = {},
  spec = {},
  container = {},
}: PodShape): object {
  const shell = { name: 'shell', image: IMAGE, imagePullPolicy: 'Never', command: ['bash', '-c', script], ...container }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [shell], ...spec },
  }
}

export const denyAll = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny-all' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
}

/** A script that answers on a TCP port until it is ended. */
export function listenerScript(port: number): string {
  return `exec perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(LocalPort => ${port}, Listen => 64, ReuseAddr => 1) or die;
    while (1) { my $peer = $server->accept or next; print $peer "HTTP/1.0 200 OK\\r\\n\\r\\nhere\\n"; close $peer }'`
}

/** A script that prints those of some `host/port` that take a connection within two seconds. */
export function dialScript(targets: readonly string[]): string {
  return `for target in ${targets.join(' ')}; do
    timeout 2 bash -c "exec 3<>/dev/tcp/$target" 2>/dev/null && echo $target
  done; true`
}
