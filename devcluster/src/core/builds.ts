// What is built from Go modules, and when a build may be taken from the cache: the same sources, compiler and flags.

export interface Output {
  readonly binary: string
  /** Go package path, or `.` for the component's own. */
  readonly goPackage: string
  /** Further names under which the binary is called. */
  readonly aliases?: readonly string[]
}

export interface Build {
  /** Folder under devcluster/components. */
  readonly component: string
  readonly outputs: readonly Output[]
  readonly tags: readonly string[]
  readonly cgo: boolean
  readonly linkerFlags: string
}

const KUBERNETES_VERSION = '1.36.3'
const KUBERNETES_NAMES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
]
const STRIPPED = '-s -w'

function stamp(name: string, value: string): string {
  return `-X k8s.io/component-base/version.${name}=${value}`
}

function kubernetesLinkerFlags(): string {
  const [major = '', minor = ''] = KUBERNETES_VERSION.split('.')
  return [
    STRIPPED,
    stamp('gitVersion', `v${KUBERNETES_VERSION}`),
    stamp('gitMajor', major),
    stamp('gitMinor', minor),
    stamp('gitTreeState', 'clean'),
  ].join(' ')
}

interface Variation {
  readonly tags?: readonly string[]
  readonly cgo?: boolean
}

function build(component: string, outputs: readonly Output[], variation: Variation = {}): Build {
  return { component, outputs, tags: variation.tags ?? [], cgo: variation.cgo ?? false, linkerFlags: STRIPPED }
}

function plugin(path: string): Output {
  return {
    binary: path.slice(path.lastIndexOf('/') + 1),
    goPackage: `github.com/containernetworking/plugins/plugins/${path}`,
  }
}

function containerd(binary: string): Output {
  return { binary, goPackage: `github.com/containerd/containerd/v2/cmd/${binary}` }
}

/** Every build, the longest first, so that the others fit beside it. */
export const builds: readonly Build[] = [
  {
    component: 'kubernetes',
    outputs: [{ binary: 'kubernetes', goPackage: '.', aliases: KUBERNETES_NAMES }],
    tags: [],
    cgo: false,
    linkerFlags: kubernetesLinkerFlags(),
  },
  build('helm', [{ binary: 'helm', goPackage: 'helm.sh/helm/v4/cmd/helm' }]),
  build('storage', [{ binary: 'local-path-provisioner', goPackage: 'github.com/rancher/local-path-provisioner' }]),
  build('policy', [
    {
      binary: 'kube-network-policies',
      goPackage: 'sigs.k8s.io/kube-network-policies/cmd/kube-network-policies/standard',
    },
  ]),
  build('containerd', [containerd('containerd'), containerd('containerd-shim-runc-v2'), containerd('ctr')], {
    tags: ['no_btrfs', 'no_devmapper', 'no_zfs'],
  }),
  build('coredns', [{ binary: 'coredns', goPackage: '.' }]),
  build('runc', [{ binary: 'runc', goPackage: 'github.com/opencontainers/runc' }], { tags: ['seccomp'], cgo: true }),
  build('cni', ['main/ptp', 'main/loopback', 'ipam/host-local', 'meta/portmap', 'meta/tuning'].map(plugin)),
  build('node-image', [
    { binary: 'pause', goPackage: './pause' },
    { binary: 'volume', goPackage: './volume' },
  ]),
]

export interface BuildInputs {
  /** As `go env GOVERSION` says in the component's folder. */
  readonly goVersion: string
  /** GOOS/GOARCH. */
  readonly platform: string
  /** Content hashes by path relative to the component's folder. */
  readonly fileHashes: Readonly<Record<string, string>>
}

/** The text whose hash names a build in the cache: equal text, equal binary. */
export function buildIdentity(definition: Build, inputs: BuildInputs): string {
  const files = Object.entries(inputs.fileHashes).sort(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify({ definition, goVersion: inputs.goVersion, platform: inputs.platform, files })
}

/** Arguments of `go` that build one output to `path`. */
export function goBuildArguments(definition: Build, output: Output, path: string): string[] {
  return [
    'build',
    '-trimpath',
    '-buildvcs=false',
    ...(definition.tags.length === 0 ? [] : ['-tags', definition.tags.join(',')]),
    '-ldflags',
    definition.linkerFlags,
    '-o',
    path,
    output.goPackage,
  ]
}
