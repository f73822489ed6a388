// Where the API server is and how to prove who we are: from a kubeconfig, or from the files every pod has.
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileCredentials } from './in-cluster.ts'
import { systemClock } from './system-clock.ts'

/** Where the connection settings come from. */
export type ClusterSource =
  | { kind: 'in-cluster'; host: string; port: string; tokenFile?: string; caFile?: string; namespaceFile?: string }
  /** `paths`: kubeconfig files, merged in order as kubectl does. */
  | { kind: 'kubeconfig'; paths: string[]; context?: string }

/** TLS and header values for one connection. Never logged. */
export interface ConnectionCredentials {
  headers: Record<string, string>
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  servername?: string
  rejectUnauthorized: boolean
  /** Changes when the TLS part changes, so that pools are rebuilt then and only then. */
  tlsVersion: string
}

export interface CredentialSource {
  /** Current credentials; re-reads files whose modification time changed. */
  current(): Promise<ConnectionCredentials>
  /** Reads everything again, e.g. after a 401. */
  refresh(): Promise<ConnectionCredentials>
}

export interface Cluster {
  /** `https://host:port`, without a trailing slash. */
  readonly server: string
  /** The pod's own namespace, or the one of the kubeconfig context; 'default' if neither says. */
  readonly namespace: string
  readonly credentials: CredentialSource
}

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Chooses as kubectl does: KUBECONFIG, else the in-cluster variables, else `<HOME>/.kube/config`.
 * The caller's env.ts passes its environment; nothing here reads process.env.
 * @throws Error that says what to set, when nothing names a cluster.
 */
export function clusterSourceFromEnv(env: Readonly<Record<string, string | undefined>>): ClusterSource {
  const paths = (env['KUBECONFIG'] ?? '').split(delimiter).filter(path => path !== '')
  if (paths.length > 0) return { kind: 'kubeconfig', paths }
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (host && port) return { kind: 'in-cluster', host, port }
  const home = env['HOME']
  if (home) return { kind: 'kubeconfig', paths: [join(home, '.kube', 'config')] }
  throw new Error('no cluster is named: set KUBECONFIG to a kubeconfig file, or run inside a cluster')
}

/**
 * Connection settings of a cluster. @kubernetes/client-node is loaded only for a kubeconfig.
 * @throws Error naming the file and what is wrong with it.
 */
export async function loadCluster(source: ClusterSource): Promise<Cluster> {
  if (source.kind === 'kubeconfig') {
    const { loadKubeconfig } = await import('./kubeconfig.ts')
    return loadKubeconfig(source.paths, source.context)
  }
  const tokenFile = source.tokenFile ?? join(serviceAccountDirectory, 'token')
  const caFile = source.caFile ?? join(serviceAccountDirectory, 'ca.crt')
  const credentials = fileCredentials(tokenFile, caFile, () => systemClock.nowMs())
  await credentials.current()
  const host = isIPv6(source.host) ? `[${source.host}]` : source.host
  const namespace = await readNamespace(source.namespaceFile ?? join(serviceAccountDirectory, 'namespace'))
  return { server: `https://${host}:${source.port}`, namespace, credentials }
}

async function readNamespace(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() || 'default'
}
