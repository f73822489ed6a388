// The processes of every node.
import { POD_CIDR, type NodeLayout } from './layout.ts'
import { POLICY_QUEUE } from './network.ts'
import {
  flags,
  folder,
  kubeconfigPath,
  onNode,
  SYSTEM_PATH,
  type Probe,
  type ProcessInputs,
  type ProcessPlan,
} from './process-plan.ts'

const KUBELET_PORT = 10_250
const PROXY_HEALTH_PORT = 10_256
const POLICY_METRICS_PORT = 19_080

export function containerd(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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

export function kubelet(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const { layout } = inputs
  const config = `${node.configDir}/kubelet.yaml`
  const kubeconfig = kubeconfigPath(layout, `kubelet-${node.name}`)
  const command = [
    `${folder(inputs, 'kubernetes')}/kubelet`,
    ...flags({
      config,
      kubeconfig,
      'hostname-override': node.name,
      'node-ip': node.address,
      'root-dir': '/var/lib/kubelet',
    }),
  ]
  const probe: Probe = { kind: 'listens', port: KUBELET_PORT }
  const certificate = `${layout.pkiDir}/kubelet-${node.name}.crt`
  return onNode(node, { component: 'kubelet', stage: 2, probe, command }, { reads: [config, kubeconfig, certificate] })
}

export function proxy(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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

export function networkPolicy(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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
