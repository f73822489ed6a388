// What a person may choose about the cluster, read from named variables and checked once.
// Pure: the variables are an argument, nothing here knows where they came from.

/** How base images such as `debian:bookworm-slim` are got: from a registry if one answers, or always made here. */
export type BaseImageSource = 'registry-first' | 'made-here'

export interface Settings {
  /** Prefix of everything the cluster leaves on the machine: network namespaces, link, cgroup. */
  readonly clusterName: string
  /** Holds etcd, images, volumes, keys, logs; survives `down`. */
  readonly stateDir: string
  /** Holds what can be built again: binaries and images, keyed by content. */
  readonly cacheDir: string
  readonly nodeCount: number
  /** First three octets of the /24 between this machine and the nodes. */
  readonly subnet: string
  /** Port of 127.0.0.1 at which the gateway answers. */
  readonly gatewayPort: number
  readonly baseImages: BaseImageSource
}

export type SettingsResult =
  { readonly kind: 'settings'; readonly settings: Settings } | { readonly kind: 'invalid'; readonly message: string }

/** More nodes than this do not fit the /24 and the memory of a development machine. */
export const NODE_COUNT_MAX = 8
/** Link names have at most 15 characters; the longest suffix we add is `-node-8`. */
const CLUSTER_NAME_CHARACTERS_MAX = 8
const PORT_MAX = 65_535

const defaults = {
  clusterName: 'cpc',
  stateDir: '/var/lib/pocket-console',
  nodeCount: '1',
  subnet: '10.201.0',
  gatewayPort: '7080',
  baseImages: 'registry-first',
} as const

function invalid(message: string): SettingsResult {
  return { kind: 'invalid', message }
}

function integerWithin(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined
  const value = Number(text)
  return value >= min && value <= max ? value : undefined
}

function isSubnet(text: string): boolean {
  const octets = text.split('.')
  return octets.length === 3 && octets.every(octet => integerWithin(octet, 0, 255) !== undefined)
}

/**
 * Reads the settings. A variable that is unset or empty takes its default.
 * @param variables the environment, or any map of the same shape
 * @param homeDir where `.cache` lies by default
 */
export function readSettings(variables: Readonly<Record<string, string | undefined>>, homeDir: string): SettingsResult {
  const read = (name: string, fallback: string): string => {
    const value = variables[name]
    return value === undefined || value === '' ? fallback : value
  }
  const clusterName = read('CPC_CLUSTER_NAME', defaults.clusterName)
  if (!/^[a-z][a-z0-9]*$/.test(clusterName) || clusterName.length > CLUSTER_NAME_CHARACTERS_MAX) {
    return invalid(
      `CPC_CLUSTER_NAME is ${JSON.stringify(clusterName)}; use 1 to ${CLUSTER_NAME_CHARACTERS_MAX} lower-case letters and digits, a letter first.`,
    )
  }
  const nodeCount = integerWithin(read('NODES', defaults.nodeCount), 1, NODE_COUNT_MAX)
  if (nodeCount === undefined) return invalid(`NODES must be a number from 1 to ${NODE_COUNT_MAX}.`)
  const gatewayPort = integerWithin(read('CPC_GATEWAY_PORT', defaults.gatewayPort), 1, PORT_MAX)
  if (gatewayPort === undefined) return invalid(`CPC_GATEWAY_PORT must be a port number from 1 to ${PORT_MAX}.`)
  const subnet = read('CPC_CLUSTER_SUBNET', defaults.subnet)
  if (!isSubnet(subnet)) return invalid('CPC_CLUSTER_SUBNET must be the first three octets of a /24, as in 10.201.0.')
  const baseImages = read('CPC_BASE_IMAGES', defaults.baseImages)
  if (baseImages !== 'registry-first' && baseImages !== 'made-here') {
    return invalid('CPC_BASE_IMAGES must be registry-first or made-here.')
  }
  const stateDir = read('CPC_STATE_DIR', defaults.stateDir)
  const cacheDir = read('CPC_CACHE_DIR', `${homeDir}/.cache/pocket-console`)
  for (const [name, path] of [
    ['CPC_STATE_DIR', stateDir],
    ['CPC_CACHE_DIR', cacheDir],
  ] as const) {
    if (!/^\/[\w./-]+$/.test(path)) {
      return invalid(`${name} is ${JSON.stringify(path)}; it must be an absolute path of letters, digits and ._-/`)
    }
    if (path.startsWith('/run/')) {
      return invalid(
        `${name} is ${path}; the nodes have a /run of their own and would not see it. Choose another folder.`,
      )
    }
  }
  return {
    kind: 'settings',
    settings: { clusterName, stateDir, cacheDir, nodeCount, subnet, gatewayPort, baseImages },
  }
}
