// Where everything of a cluster is: names, addresses, folders. One place, so that `up`, `down` and the tests agree.
import type { Settings } from './settings.ts'

export const POD_CIDR = '10.244.0.0/16'
export const SERVICE_CIDR = '10.96.0.0/16'
export const API_SERVICE_ADDRESS = '10.96.0.1'
export const DNS_SERVICE_ADDRESS = '10.96.0.10'
export const API_PORT = 6443
/** The gateway's NodePort (Service pocket-console-gateway); the forwarder leads there. */
export const GATEWAY_NODE_PORT = 30_080
/** What a pod without a policy can reach outside the cluster; both answer HTTP on port 80. */
export const METADATA_ADDRESS = '169.254.169.254'
export const INTERNET_ADDRESS = '203.0.113.10'

/** Nodes get a /20 each, so that an address comes back late, long after its last pod's policies are forgotten. */
const POD_RANGE_THIRD_OCTETS = 16

export interface NodeLayout {
  /** Also the Kubernetes node name and the network namespace. */
  readonly name: string
  readonly isControlPlane: boolean
  readonly address: string
  readonly podCidr: string
  /** Host end of the node's cable; it is moved into the outside namespace and plugged into its switch. */
  readonly cable: string
  /** Relative to the root of each cgroup hierarchy. */
  readonly cgroup: string
  /** Pinned mount namespace in which the node's processes run. */
  readonly mountPin: string
  /** Becomes /run inside the node's mount namespace. */
  readonly runDir: string
  readonly stateDir: string
  readonly configDir: string
  /** containerd's socket as the host sees it. */
  readonly containerdSocket: string
}

export interface Layout {
  readonly clusterName: string
  readonly stateDir: string
  readonly cacheDir: string
  /** Records, pins and sockets; gone after `down` and after a reboot. */
  readonly runDir: string
  readonly pinDir: string
  readonly recordDir: string
  readonly logDir: string
  readonly pkiDir: string
  readonly kubeconfig: string
  readonly cgroup: string
  readonly hostLink: string
  readonly hostAddress: string
  readonly outsideNamespace: string
  readonly outsideAddress: string
  readonly apiServer: string
  readonly gatewayPort: number
  readonly nodes: readonly NodeLayout[]
}

/** Run folders of all clusters, one each, found by name alone, whatever the state folder was. */
export const RUN_ROOT = '/run/pocket-console'

export function runDirOf(clusterName: string): string {
  return `${RUN_ROOT}/${clusterName}`
}

function nodeName(clusterName: string, index: number): string {
  return index === 0 ? `${clusterName}-node` : `${clusterName}-node-${index + 1}`
}

function layoutNode(settings: Settings, index: number): NodeLayout {
  const name = nodeName(settings.clusterName, index)
  const runDir = `${runDirOf(settings.clusterName)}/${name}`
  const stateDir = `${settings.stateDir}/nodes/${name}`
  return {
    name,
    isControlPlane: index === 0,
    address: `${settings.subnet}.${index + 2}`,
    podCidr: `10.244.${index * POD_RANGE_THIRD_OCTETS}.0/20`,
    cable: `${settings.clusterName}-c${index + 1}`,
    cgroup: `${settings.clusterName}/${name}`,
    mountPin: `${runDirOf(settings.clusterName)}/pins/${name}`,
    runDir,
    stateDir,
    configDir: `${stateDir}/config`,
    containerdSocket: `${runDir}/containerd/containerd.sock`,
  }
}

/** Lays the cluster out. */
export function layoutCluster(settings: Settings): Layout {
  const { clusterName, stateDir, cacheDir, subnet, gatewayPort } = settings
  const runDir = runDirOf(clusterName)
  return {
    clusterName,
    stateDir,
    cacheDir,
    runDir,
    pinDir: `${runDir}/pins`,
    recordDir: `${runDir}/processes`,
    logDir: `${stateDir}/log`,
    pkiDir: `${stateDir}/pki`,
    kubeconfig: `${stateDir}/kubeconfig`,
    cgroup: clusterName,
    hostLink: `${clusterName}-host`,
    hostAddress: `${subnet}.1`,
    outsideNamespace: `${clusterName}-outside`,
    outsideAddress: `${subnet}.254`,
    apiServer: `https://${subnet}.2:${API_PORT}`,
    gatewayPort,
    nodes: Array.from({ length: settings.nodeCount }, (_, index) => layoutNode(settings, index)),
  }
}
