// The only reader of the environment in e2e/.
import { join } from 'node:path'

export interface E2eEnv {
  readonly kubeconfigPath: string
  readonly gatewayUrl: string
  readonly sessionNamespace: string
  /** Folder of the devcluster's state; its tests of failures end processes recorded there. */
  readonly stateDir: string
}

/** @throws Error when KUBECONFIG is not set: these tests need a cluster with the chart installed (`make up`). */
export function readEnv(env: NodeJS.ProcessEnv = process.env): E2eEnv {
  const kubeconfigPath = env['KUBECONFIG']
  if (kubeconfigPath === undefined)
    throw new Error('KUBECONFIG is not set. Run `make up` and `. .dev/env` first, or `make test`.')
  return {
    kubeconfigPath,
    gatewayUrl: env['CPC_GATEWAY_URL'] ?? 'http://127.0.0.1:7080',
    sessionNamespace: env['CPC_NAMESPACE'] ?? 'pocket-console-sessions',
    stateDir: env['CPC_STATE_DIR'] ?? join('/var/lib', 'pocket-console'),
  }
}
