// The processes that make a node the control plane.
import { STORAGE_HELPER_ACCOUNT, STORAGE_NAMESPACE } from './addons.ts'
import { API_PORT, POD_CIDR, SERVICE_CIDR, type NodeLayout } from './layout.ts'
import {
  flags,
  folder,
  kubeconfigPath,
  onNode,
  type Probe,
  type ProcessInputs,
  type ProcessPlan,
} from './process-plan.ts'

const ETCD_PORT = 2379
const CONTROLLER_PORT = 10_257
const SCHEDULER_PORT = 10_259

export function etcd(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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

export function apiServer(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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

export function controllerManager(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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

export function scheduler(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
  const kubeconfig = kubeconfigPath(inputs.layout, 'scheduler')
  const command = [
    `${folder(inputs, 'kubernetes')}/kube-scheduler`,
    ...flags({ kubeconfig, 'bind-address': '127.0.0.1', 'leader-elect': false, profiling: false }),
  ]
  const probe: Probe = { kind: 'listens', port: SCHEDULER_PORT }
  return onNode(node, { component: 'kube-scheduler', stage: 2, probe, command }, { reads: [kubeconfig] })
}

export function storage(inputs: ProcessInputs, node: NodeLayout): ProcessPlan {
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
      'helper-image': inputs.images.node,
      'service-account-name': STORAGE_HELPER_ACCOUNT,
    }),
  ]
  return onNode(
    node,
    { component: 'storage', stage: 2, probe: { kind: 'lives' }, command },
    { reads: [kubeconfig, config, helperPod] },
  )
}
