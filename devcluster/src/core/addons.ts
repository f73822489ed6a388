// What every cluster has beside Kubernetes itself: names (CoreDNS), volumes (a default StorageClass), and the rights of
// the two agents that run as processes of the node.
import { stringify } from 'yaml'
import { POLICY_USER, STORAGE_USER } from './certificates.ts'
import { DNS_SERVICE_ADDRESS, type Layout } from './layout.ts'
import type { OwnImages } from './own-images.ts'

const STORAGE_CLASS = 'standard'
export const STORAGE_NAMESPACE = 'local-path-storage'
export const STORAGE_HELPER_ACCOUNT = 'volume-helper'
const STORAGE_PROVISIONER = 'rancher.io/local-path'
const VOLUME_COMMAND_SECONDS_MAX = 60

type Document = Readonly<Record<string, unknown>>

const read = ['get', 'list', 'watch']

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): Document {
  return { apiGroups: [apiGroup], resources, verbs }
}

function metadata(name: string, namespace?: string): Document {
  const labels = { 'app.kubernetes.io/part-of': 'devcluster' }
  return namespace === undefined ? { name, labels } : { name, namespace, labels }
}

interface Grant {
  readonly name: string
  readonly subject: Document
  readonly rules: readonly Document[]
}

function clusterGrant({ name, subject, rules }: Grant): Document[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  return [
    { apiVersion, kind: 'ClusterRole', metadata: metadata(name), rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: metadata(name),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [subject],
    },
  ]
}

function user(name: string): Document {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }
}

function networkPolicyRights(): Document[] {
  return clusterGrant({
    name: 'devcluster:network-policy',
    subject: user(POLICY_USER),
    rules: [rule('', ['pods', 'namespaces'], read), rule('networking.k8s.io', ['networkpolicies'], read)],
  })
}

function storageDocuments(): Document[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(STORAGE_NAMESPACE) },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(STORAGE_HELPER_ACCOUNT, STORAGE_NAMESPACE) },
    ...clusterGrant({
      name: 'devcluster:storage',
      subject: user(STORAGE_USER),
      rules: [
        rule('', ['nodes', 'persistentvolumeclaims'], read),
        rule('', ['persistentvolumes'], [...read, 'create', 'patch', 'update', 'delete']),
        rule('', ['pods'], [...read, 'create', 'delete']),
        rule('', ['events'], ['create', 'patch']),
        rule('storage.k8s.io', ['storageclasses'], read),
      ],
    }),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        ...metadata(STORAGE_CLASS),
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: STORAGE_PROVISIONER,
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ]
}

/** Two zones, because CoreDNS asks `template` before `kubernetes` within one. */
const corefile = `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache 5
    loadbalance
}
.:53 {
    errors
    health
    ready
    prometheus :9153
    reload
    # There is no way out of this cluster: every other name does not exist.
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`

function dnsContainer(image: string): Document {
  return {
    name: 'coredns',
    image,
    imagePullPolicy: 'Never',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: [
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
      { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
    ],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1, failureThreshold: 3 },
    livenessProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 10, failureThreshold: 5 },
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '170Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65_532,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
  }
}

function dnsDeployment(nodeName: string, image: string): Document {
  const labels = { 'k8s-app': 'kube-dns' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('coredns', 'kube-system'),
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'coredns',
          // Beside the API server: the loss of another node takes no names away.
          nodeSelector: { 'kubernetes.io/hostname': nodeName },
          priorityClassName: 'system-cluster-critical',
          dnsPolicy: 'Default',
          tolerations: [{ operator: 'Exists' }],
          containers: [dnsContainer(image)],
          volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
        },
      },
    },
  }
}

function dnsService(): Document {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('kube-dns', 'kube-system'),
    spec: {
      clusterIP: DNS_SERVICE_ADDRESS,
      selector: { 'k8s-app': 'kube-dns' },
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  }
}

function dnsDocuments(nodeName: string, image: string): Document[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('coredns', 'kube-system') },
    ...clusterGrant({
      name: 'devcluster:coredns',
      subject: { kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' },
      rules: [
        rule('', ['services', 'pods', 'namespaces'], ['list', 'watch']),
        rule('discovery.k8s.io', ['endpointslices'], ['list', 'watch']),
      ],
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('coredns', 'kube-system'),
      data: { Corefile: corefile },
    },
    dnsDeployment(nodeName, image),
    dnsService(),
  ]
}

/** All add-ons as one stream of YAML documents for `kubectl apply`. */
export function addonManifests(layout: Layout, images: OwnImages): string {
  const controlPlane = layout.nodes.find(node => node.isControlPlane)
  if (controlPlane === undefined) throw new Error('a cluster has a control plane node')
  return [...networkPolicyRights(), ...storageDocuments(), ...dnsDocuments(controlPlane.name, images.dns)]
    .map(document => stringify(document))
    .join('---\n')
}

/** Configuration of the storage provisioner: each node keeps its volumes in its own folder. */
export function storageConfig(layout: Layout): string {
  return JSON.stringify({
    nodePathMap: layout.nodes.map(node => ({ node: node.name, paths: [`${node.stateDir}/volumes`] })),
    setupCommand: '/volume',
    teardownCommand: '/volume',
    cmdTimeoutSeconds: VOLUME_COMMAND_SECONDS_MAX,
  })
}

/** The pod in which the provisioner makes and removes a volume's folder. */
export function storageHelperPod(images: OwnImages): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'volume-helper' },
    spec: {
      priorityClassName: 'system-node-critical',
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'helper-pod',
          image: images.node,
          imagePullPolicy: 'Never',
          securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] } },
        },
      ],
    },
  })
}
