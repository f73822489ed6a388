// The only reader of the environment in tooling/: what a person may set for `make`, with its defaults.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export type ClusterChoice = 'auto' | 'devcluster' | 'kind' | 'existing'

export interface ToolingEnv {
  readonly clusterChoice: ClusterChoice
  /** The caller's own kubeconfig, used with CLUSTER=existing only. */
  readonly kubeconfigPath: string | undefined
  /** Prefix of images that an existing cluster can pull, such as `europe-docker.pkg.dev/p/r`. */
  readonly imageRegistry: string | undefined
  readonly stateDir: string
  readonly cacheDir: string
  /** Address of the gateway of an existing cluster. */
  readonly gatewayUrl: string | undefined
  /** Port of this machine that leads to the gateway of a cluster of our own. */
  readonly gatewayPort: number
  readonly path: string
}

const choices: readonly ClusterChoice[] = ['auto', 'devcluster', 'kind', 'existing']

/** @throws Error when CLUSTER is none of the known words. */
export function readEnv(env: NodeJS.ProcessEnv = process.env): ToolingEnv {
  const choice = choices.find(word => word === (env['CLUSTER'] ?? 'auto'))
  if (choice === undefined)
    throw new Error(`CLUSTER=${String(env['CLUSTER'])} is not known; use one of ${choices.join(', ')}.`)
  return {
    clusterChoice: choice,
    kubeconfigPath: env['KUBECONFIG'],
    imageRegistry: env['CPC_IMAGE_REGISTRY'],
    stateDir: resolve(env['CPC_STATE_DIR'] ?? '/var/lib/pocket-console'),
    cacheDir: resolve(
      env['CPC_CACHE_DIR'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pocket-console'),
    ),
    gatewayUrl: env['CPC_GATEWAY_URL'],
    gatewayPort: Number(env['CPC_GATEWAY_PORT'] ?? 7080),
    path: env['PATH'] ?? '',
  }
}
