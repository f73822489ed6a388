// The configuration documents of a node: kubelet, containerd and the pod network.
import { stringify } from 'yaml'
import { DNS_SERVICE_ADDRESS, type Layout, type NodeLayout } from './layout.ts'
import { kubeletCertificate } from './certificates.ts'

/** A node's podPidsLimit, under the limits that sessions set for themselves. */
const POD_PIDS_MAX = 1024
const PODS_MAX = 200

export interface Folders {
  /** Holds the network plugins. */
  readonly cni: string
  /** Holds containerd and its shim. */
  readonly containerd: string
  readonly runc: string
}

/** KubeletConfiguration of a node. */
export function kubeletConfig(layout: Layout, node: NodeLayout): string {
  const key = `${layout.pkiDir}/${kubeletCertificate(node.name)}`
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${layout.pkiDir}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    address: '0.0.0.0',
    tlsCertFile: `${key}.crt`,
    tlsPrivateKeyFile: `${key}.key`,
    // The machine may have no systemd, and either version of cgroups.
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDNS: [DNS_SERVICE_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    maxPods: PODS_MAX,
    podPidsLimit: POD_PIDS_MAX,
    // Images are loaded, not pulled: what garbage collection took would be gone for good.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    imageMaximumGCAge: '0s',
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    serializeImagePulls: false,
    nodeStatusUpdateFrequency: '10s',
    enableDebuggingHandlers: true,
    enableProfilingHandler: false,
  })
}

/**
 * containerd's configuration. Paths under /run are the node's own.
 * @param pauseImage full name of the image that holds pods open
 */
export function containerdConfig(node: NodeLayout, folders: Folders, pauseImage: string): string {
  const quote = (text: string): string => JSON.stringify(text)
  return `version = 3
root = ${quote(`${node.stateDir}/containerd`)}
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.nri.v1.nri"]
  disable = false
  socket_path = "/run/nri/nri.sock"
  plugin_path = "/run/nri/plugins"
  plugin_config_path = "/run/nri/conf.d"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${quote(pauseImage)}

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true

  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [${quote(folders.cni)}]
    conf_dir = ${quote(`${node.configDir}/cni`)}

  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = ${quote(`${folders.runc}/runc`)}
`
}

/** Policies drop packets in silence; with two repeats a person learns after 7 s, not after 2 minutes, that nobody answers. */
const SYN_RETRIES = 2

/**
 * The pod network: a cable of its own for each pod (ptp, not a bridge), so that packets between pods cross the node's
 * filters; no IPv6, because policies do not cover it.
 */
export function podNetworkConfig(node: NodeLayout): string {
  return `${JSON.stringify(
    {
      cniVersion: '1.0.0',
      name: 'pods',
      plugins: [
        {
          type: 'ptp',
          ipMasq: false,
          ipam: {
            type: 'host-local',
            dataDir: '/run/cni/networks',
            ranges: [[{ subnet: node.podCidr }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
        {
          type: 'tuning',
          sysctl: {
            'net.ipv6.conf.default.disable_ipv6': '1',
            'net.ipv6.conf.eth0.disable_ipv6': '1',
            'net.ipv4.tcp_syn_retries': String(SYN_RETRIES),
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    },
    null,
    2,
  )}\n`
}
