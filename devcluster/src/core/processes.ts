// The processes of a cluster: what runs where, with which flags, and how one knows that it works.
import { API_PORT, GATEWAY_NODE_PORT, POD_CIDR, SERVICE_CIDR, type Layout, type NodeLayout } from './layout.ts'
import { NODE_IMAGE } from './node-files.ts'
import { POLICY_QUEUE } from './network.ts'
import { STORAGE_NAMESPACE, STORAGE_HELPER_ACCOUNT } from './addons.ts'

export type Place =
  | { readonly kind: 'node'; readonly node: NodeLayout }
  | { readonly kind: 'outside' }
  | { readonly kind: 'host' }

/** What must be true of a process that works. */
export type Probe =
  /** It listens on a TCP port of its network namespace. */
  | { readonly kind: 'listens'; readonly port: number }
  /** It answers `ok` to GET /readyz as the API server does. */
  | { readonly kind: 'api-ready' }
  /** It reads the netfilter queue of its network namespace. */
  | { readonly kind: 'reads-queue'; readonly queue: number }
  /** It accepts connections on a socket, a path as the host sees it. */
  | { readonly kind: 'accepts'; readonly socket: string }
  /** It is alive; nothing better can be seen from outside. */
  | { readonly kind: 'lives' }

export interface ProcessPlan {
  /** Unique in the cluster; names its log, record and cgroup. */
  readonly name: string
  readonly place: Place
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Files it reads once at start: when their content changes, it is started again. */
  readonly reads: readonly string[]
  readonly probe: Probe
  /** Processes that hold a connection to this one which they do not make again by themselves. */
  readonly restartWith: readonly string[]
  /** Started in order; a stage waits for the one before it. */
  readonly stage: number
}

/** Runtimes and the API server with its store. */
export const FOUNDATION_STAGES: readonly number[] = [0, 1]
/** Everything that works through the API, with rights that are granted there first. */
export const AGENT_STAGES: readonly number[] = [2]

/** Folders of built programs, by component. */
export type Programs = Readonly<Record<string, string>>

export interface ProcessInputs {
  readonly layout: Layout
  readonly programs: Programs
  /** The Node.js that runs this program, for our own small servers. */
  readonly nodeProgram: string
  readonly programsDir: string
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ETCD_PORT = 2379
const KUBELET_PORT = 10_250
const PROXY_HEALTH_PORT = 10_256
const CONTROLLER_PORT = 10_257
const SCHEDULER_PORT = 10_259
const POLICY_METRICS_PORT = 19_080
const HTTP_PORT = 80

function folder(inputs: ProcessInputs, component: string): string {
  const found = inputs.programs[component]
  if (found === undefined) throw new Error(`no folder is known for the component ${component}`)
  return found
}

function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

type Overrides = Partial<Pick<ProcessPlan, 'environment' | 'reads' | 'restartWith'>>

function onNode(
  node: NodeLayout,
  what: Pick<ProcessPlan, 'command' | 'probe' | 'stage'> & { readonly component: string },
  overrides: Overrides = {},
): ProcessPlan {
  const { component, ...rest } = what
  return {
    name: `${node.name}.${component}`,
    place: { kind: 'node', node },
    environment: { PATH: SYSTEM_PATH, HOME: '/root' },
    reads: [],
    restartWith: [],
    ...rest,
    ...overrides,
  }
}

function etcd(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const url = `http://127.0.0.1:${ETCD_PORT}`
  const peerUrl = 'http://127.0.0.1:2380'
  return onNode(node, {
    component: 'etcd',
    stage: 0,
    probe: { kind: 'listens', port: ETCD_PORT },
    command: [
      `${folder(inputs, 'kubernetes')}/etcd`,
      ...flags({
        name: node.name,
        'data-dir': `${inputs.layout.stateDir}/etcd`,
        'listen-client-urls': url,
        'advertise-client-urls': url,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        'initial-cluster': `${node.name}=${peerUrl}`,
        'log-level': 'warn',
        // A development cluster may lose its last seconds in a power cut; it gains a start twice as fast.
        'unsafe-no-fsync': true,
      }),
    ],
  })
}

function apiServer(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const pki = inputs.layout.pkiDir
  const reads = {
    'client-ca-file': `${pki}/ca.crt`,
    'tls-cert-file': `${pki}/apiserver.crt`,
    'tls-private-key-file': `${pki}/apiserver.key`,
    'kubelet-certificate-authority': `${pki}/ca.crt`,
    'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
    'service-account-key-file': `${pki}/service-account.pub`,
    'service-account-signing-key-file': `${pki}/service-account.key`,
  }
  const command = [
    `${folder(inputs, 'kubernetes')}/kube-apiserver`,
    ...flags({
      'etcd-servers': `http://127.0.0.1:${ETCD_PORT}`,
      'bind-address': '0.0.0.0',
      'advertise-address': node.address,
      'secure-port': API_PORT,
      'service-cluster-ip-range': SERVICE_CIDR,
      'kubelet-preferred-address-types': 'InternalIP',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'allow-privileged': true,
      profiling: false,
      ...reads,
    }),
  ]
  return onNode(
    node,
    { component: 'kube-apiserver', stage: 1, probe: { kind: 'api-ready' }, command },
    { reads: Object.values(reads) },
  )
}

function controllerManager(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const { layout } = inputs
  const kubeconfig = kubeconfigPath(layout, 'controller-manager')
  const command = [
    `${folder(inputs, 'kubernetes')}/kube-controller-manager`,
    ...flags({
      kubeconfig,
      'bind-address': '127.0.0.1',
      'service-account-private-key-file': `${layout.pkiDir}/service-account.key`,
      'root-ca-file': `${layout.pkiDir}/ca.crt`,
      'cluster-signing-cert-file': `${layout.pkiDir}/ca.crt`,
      'cluster-signing-key-file': `${layout.pkiDir}/ca.key`,
      'use-service-account-credentials': true,
      'leader-elect': false,
      // Nodes have fixed ranges, see layout.ts.
      'allocate-node-cidrs': false,
      'cluster-cidr': POD_CIDR,
      profiling: false,
    }),
  ]
  const probe: Probe = { kind: 'listens', port: CONTROLLER_PORT }
  return onNode(node, { component: 'kube-controller-manager', stage: 2, probe, command }, { reads: [kubeconfig] })
}

function scheduler(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const kubeconfig = kubeconfigPath(inputs.layout, 'scheduler')
  const command = [
    `${folder(inputs, 'kubernetes')}/kube-scheduler`,
    ...flags({ kubeconfig, 'bind-address': '127.0.0.1', 'leader-elect': false, profiling: false }),
  ]
  const probe: Probe = { kind: 'listens', port: SCHEDULER_PORT }
  return onNode(node, { component: 'kube-scheduler', stage: 2, probe, command }, { reads: [kubeconfig] })
}

function storage(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const kubeconfig = kubeconfigPath(inputs.layout, 'storage')
  const config = `${node.configDir}/storage.json`
  const helperPod = `${node.configDir}/storage-helper-pod.yaml`
  const command = [
    `${folder(inputs, 'storage')}/local-path-provisioner`,
    'start',
    ...flags({
      kubeconfig,
      config,
      namespace: STORAGE_NAMESPACE,
      'helper-pod-file': helperPod,
      'helper-image': NODE_IMAGE,
      'service-account-name': STORAGE_HELPER_ACCOUNT,
    }),
  ]
  return onNode(
    node,
    { component: 'storage', stage: 2, probe: { kind: 'lives' }, command },
    { reads: [kubeconfig, config, helperPod] },
  )
}

function containerd(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const config = `${node.configDir}/containerd.toml`
  const path = [folder(inputs, 'containerd'), folder(inputs, 'runc'), SYSTEM_PATH].join(':')
  const command = [`${folder(inputs, 'containerd')}/containerd`, '--config', config, '--log-level', 'warn']
  return onNode(
    node,
    { component: 'containerd', stage: 0, probe: { kind: 'accepts', socket: node.containerdSocket }, command },
    {
      reads: [config, `${node.configDir}/cni/10-pods.conflist`],
      environment: { PATH: path, HOME: '/root' },
      // The agent gives up on its NRI connection after ten tries.
      restartWith: [`${node.name}.network-policy`],
    },
  )
}

function kubelet(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const { layout } = inputs
  const config = `${node.configDir}/kubelet.yaml`
  const kubeconfig = kubeconfigPath(layout, `kubelet-${node.name}`)
  const command = [
    `${folder(inputs, 'kubernetes')}/kubelet`,
    ...flags({ config, kubeconfig, 'hostname-override': node.name, 'node-ip': node.address, 'root-dir': '/var/lib/kubelet' }),
  ]
  const probe: Probe = { kind: 'listens', port: KUBELET_PORT }
  const certificate = `${layout.pkiDir}/kubelet-${node.name}.crt`
  return onNode(node, { component: 'kubelet', stage: 2, probe, command }, { reads: [config, kubeconfig, certificate] })
}

function proxy(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const kubeconfig = kubeconfigPath(inputs.layout, 'kube-proxy')
  const command = [
    `${folder(inputs, 'kubernetes')}/kube-proxy`,
    ...flags({
      kubeconfig,
      'hostname-override': node.name,
      'proxy-mode': 'iptables',
      'cluster-cidr': POD_CIDR,
      'bind-address': node.address,
      'metrics-bind-address': '127.0.0.1:10249',
      'healthz-bind-address': `0.0.0.0:${PROXY_HEALTH_PORT}`,
      // These are settings of the whole machine; it keeps its own.
      'conntrack-max-per-core': 0,
      'iptables-localhost-nodeports': false,
    }),
  ]
  const probe: Probe = { kind: 'listens', port: PROXY_HEALTH_PORT }
  return onNode(node, { component: 'kube-proxy', stage: 2, probe, command }, { reads: [kubeconfig] })
}

function networkPolicy(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const kubeconfig = kubeconfigPath(inputs.layout, 'network-policy')
  const command = [
    `${folder(inputs, 'policy')}/kube-network-policies`,
    ...flags({
      kubeconfig,
      'hostname-override': node.name,
      'metrics-bind-address': `127.0.0.1:${POLICY_METRICS_PORT}`,
      'nfqueue-id': POLICY_QUEUE,
      'fail-open': false,
    }),
  ]
  const probe: Probe = { kind: 'reads-queue', queue: POLICY_QUEUE }
  return onNode(node, { component: 'network-policy', stage: 2, probe, command }, { reads: [kubeconfig] })
}

function outsideServer(inputs: ProcessInputs): ProcessPlan {
  return {
    name: 'outside.server',
    place: { kind: 'outside' },
    command: [inputs.nodeProgram, `${inputs.programsDir}/outside-server.ts`, String(HTTP_PORT)],
    environment: { PATH: SYSTEM_PATH },
    reads: [`${inputs.programsDir}/outside-server.ts`],
    probe: { kind: 'listens', port: HTTP_PORT },
    restartWith: [],
    stage: 0,
  }
}

function gatewayForwarder(inputs: ProcessInputs): ProcessPlan {
  const { layout } = inputs
  const node = layout.nodes[0]
  if (node === undefined) throw new Error('a cluster has at least one node')
  return {
    name: 'host.gateway-forwarder',
    place: { kind: 'host' },
    command: [
      inputs.nodeProgram,
      `${inputs.programsDir}/forwarder.ts`,
      `127.0.0.1:${layout.gatewayPort}`,
      `${node.address}:${GATEWAY_NODE_PORT}`,
    ],
    environment: { PATH: SYSTEM_PATH },
    reads: [`${inputs.programsDir}/forwarder.ts`],
    probe: { kind: 'listens', port: layout.gatewayPort },
    restartWith: [],
    stage: 2,
  }
}

/** Where a component's kubeconfig lies. */
export function kubeconfigPath(layout: Layout, user: string): string {
  return `${layout.pkiDir}/${user}.kubeconfig`
}

/** Every process of the cluster, in the order of starting. */
export function planProcesses(inputs: ProcessInputs): ProcessPlan[] {
  const plans = inputs.layout.nodes.flatMap(node => [
    ...(node.isControlPlane
      ? [etcd, apiServer, controllerManager, scheduler, storage].map(make => make(inputs, node))
      : []),
    ...[containerd, kubelet, proxy, networkPolicy].map(make => make(inputs, node)),
  ])
  return [outsideServer(inputs), ...plans, gatewayForwarder(inputs)].sort((left, right) => left.stage - right.stage)
}
