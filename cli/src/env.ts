// The environment cpc reads, in one place.

export interface Environment {
  gatewayUrl: string | undefined
  token: string | undefined
  tokenCommand: string | undefined
  /** The namespace Pocket Console itself runs in, where `cpc token` finds the signing key. */
  systemNamespace: string
}

const DEFAULT_SYSTEM_NAMESPACE = 'pocket-console'

export function readEnvironment(): Environment {
  const { CPC_GATEWAY_URL, CPC_TOKEN, CPC_TOKEN_COMMAND, CPC_SYSTEM_NAMESPACE } = process.env
  return {
    gatewayUrl: nonEmpty(CPC_GATEWAY_URL),
    token: nonEmpty(CPC_TOKEN),
    tokenCommand: nonEmpty(CPC_TOKEN_COMMAND),
    systemNamespace: nonEmpty(CPC_SYSTEM_NAMESPACE) ?? DEFAULT_SYSTEM_NAMESPACE,
  }
}

/** What finding a cluster needs (KUBECONFIG and its like), for the Kubernetes client. */
export function clusterEnvironment(): NodeJS.ProcessEnv {
  return process.env
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
