// What a machine must have, and the words for what it lacks.

export interface Tool {
  /** Any of these, found on PATH, will do. */
  readonly command: string
  readonly debianPackages: readonly string[]
  readonly purpose: string
}

/** Programs of the machine that the cluster uses. Go and Node.js are the person's own choice and never installed. */
export const tools: readonly Tool[] = [
  { command: 'iptables', debianPackages: ['iptables'], purpose: 'packet filters of the nodes' },
  { command: 'ip', debianPackages: ['iproute2'], purpose: 'links and network namespaces' },
  { command: 'nsenter', debianPackages: ['util-linux'], purpose: 'starting processes inside a node' },
  { command: 'mount', debianPackages: ['mount'], purpose: 'the nodes’ own folders' },
  { command: 'openssl', debianPackages: ['openssl'], purpose: 'the cluster’s certificates' },
  { command: 'buildah', debianPackages: ['buildah'], purpose: 'building images' },
  { command: 'debootstrap', debianPackages: ['debootstrap'], purpose: 'making base images' },
  { command: 'gcc', debianPackages: ['gcc', 'libc6-dev'], purpose: 'building runc' },
  { command: 'pkg-config', debianPackages: ['pkg-config', 'libseccomp-dev'], purpose: 'building runc' },
]

/** A library that runc links; asked for through pkg-config. */
export const seccompLibrary: Tool = {
  command: 'libseccomp',
  debianPackages: ['libseccomp-dev'],
  purpose: 'building runc with seccomp',
}

export interface Disk {
  readonly freeBytes: number
  /** Overlay file systems, such as a container's root, cannot hold the layers of other containers. */
  readonly isOverlay: boolean
}

export interface Machine {
  readonly platform: string
  readonly userId: number
  readonly missing: readonly Tool[]
  readonly hasApt: boolean
  readonly hasGo: boolean
  readonly disks: { readonly state: Disk; readonly cache: Disk }
  /** Who listens on the gateway's port, when it is not us. */
  readonly gatewayPortHolder: string | undefined
}

export interface Wanted {
  readonly gatewayPort: number
  readonly stateDir: string
  readonly cacheDir: string
  /** Whether everything is built already, which needs less room. */
  readonly everythingBuilt: boolean
}

export type Verdict =
  | { readonly kind: 'ready' }
  /** Debian packages that can be installed now. */
  | { readonly kind: 'install'; readonly packages: readonly string[] }
  | { readonly kind: 'impossible'; readonly problems: readonly string[] }

/** Said by whatever fails first without root. */
export const NOT_ROOT =
  'This cluster needs root: network namespaces, mounts and cgroups. Run it with sudo -E, or install Docker, then make up uses kind instead.'

const GIBIBYTE = 1024 ** 3
const STATE_FREE_BYTES_MIN = 2 * GIBIBYTE
/** Go's own build cache takes most of it. */
const CACHE_FREE_BYTES_MIN = 8 * GIBIBYTE
const CACHE_FREE_BYTES_MIN_BUILT = GIBIBYTE

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`
}

function diskProblems(machine: Machine, wanted: Wanted): string[] {
  const cacheMin = wanted.everythingBuilt ? CACHE_FREE_BYTES_MIN_BUILT : CACHE_FREE_BYTES_MIN
  const rows = [
    { path: wanted.stateDir, disk: machine.disks.state, min: STATE_FREE_BYTES_MIN, name: 'CPC_STATE_DIR' },
    { path: wanted.cacheDir, disk: machine.disks.cache, min: cacheMin, name: 'CPC_CACHE_DIR' },
  ]
  return rows.flatMap(({ path, disk, min, name }) => {
    const problems: string[] = []
    if (disk.freeBytes < min) {
      problems.push(
        `Disk low: ${path} has ${gibibytes(disk.freeBytes)} free, ${gibibytes(min)} are needed. Free some, or set ${name} to a folder on another disk.`,
      )
    }
    if (disk.isOverlay) {
      problems.push(
        `${path} lies on an overlay file system, which cannot hold container layers. Set ${name} to a folder on a disk, such as a mounted volume.`,
      )
    }
    return problems
  })
}

function toolProblems(machine: Machine): string[] {
  if (machine.hasApt) return []
  return machine.missing.map(
    tool =>
      `${tool.command} is missing (${tool.purpose}) and there is no apt-get to install it. Install it with your package manager; Debian calls the package ${tool.debianPackages.join(' ')}.`,
  )
}

/** Decides whether the cluster can be started here. */
export function judge(machine: Machine, wanted: Wanted): Verdict {
  const problems: string[] = []
  if (machine.platform !== 'linux') {
    problems.push('This cluster needs Linux. On other systems install Docker, then make up uses kind instead.')
  }
  if (machine.userId !== 0) problems.push(NOT_ROOT)
  if (!machine.hasGo) {
    problems.push('go is missing. Install Go 1.26 or newer from https://go.dev/dl and put it on PATH.')
  }
  if (machine.gatewayPortHolder !== undefined) {
    problems.push(
      `Port ${wanted.gatewayPort} of 127.0.0.1 is taken by ${machine.gatewayPortHolder}. End it, or choose another port with CPC_GATEWAY_PORT.`,
    )
  }
  problems.push(...diskProblems(machine, wanted), ...toolProblems(machine))
  if (problems.length > 0) return { kind: 'impossible', problems }
  if (machine.missing.length === 0) return { kind: 'ready' }
  return { kind: 'install', packages: [...new Set(machine.missing.flatMap(tool => tool.debianPackages))] }
}
