// Where the API server is and how to prove who we are: from a kubeconfig, or from the files every pod has.

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

/**
 * Chooses as kubectl does: KUBECONFIG, else the in-cluster variables, else `<HOME>/.kube/config`.
 * The caller's env.ts passes its environment; nothing here reads process.env.
 * @throws Error that says what to set, when nothing names a cluster.
 */
export function clusterSourceFromEnv(env: Readonly<Record<string, string | undefined>>): ClusterSource {
  throw new Error('body follows' + String(env))
}

/**
 * Connection settings of a cluster. @kubernetes/client-node is loaded only for a kubeconfig.
 * @throws Error naming the file and what is wrong with it.
 */
export async function loadCluster(source: ClusterSource): Promise<Cluster> {
  throw new Error('body follows' + String(source))
}
