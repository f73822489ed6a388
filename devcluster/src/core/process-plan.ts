// The plan of one process: where it runs, from what, and how one knows that it works.
import type { Layout, NodeLayout } from './layout.ts'
import type { OwnImages } from './own-images.ts'

export type Place =
  { readonly kind: 'node'; readonly node: NodeLayout } | { readonly kind: 'outside' } | { readonly kind: 'host' }

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

/** Folders of built programs, by component. */
export type Programs = Readonly<Record<string, string>>

export interface ProcessInputs {
  readonly layout: Layout
  readonly programs: Programs
  readonly images: OwnImages
  /** The Node.js that runs this program, for our own small servers. */
  readonly nodeProgram: string
  readonly programsDir: string
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Folder of a component's programs. */
export function folder(inputs: ProcessInputs, component: string): string {
  const found = inputs.programs[component]
  if (found === undefined) throw new Error(`no folder is known for the component ${component}`)
  return found
}

/** Command line flags, `--name=value`. */
export function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

type Overrides = Partial<Pick<ProcessPlan, 'environment' | 'reads' | 'restartWith'>>

/** A process of a node; it sees the node's network and folders. */
export function onNode(
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

/** Where a component's kubeconfig lies. */
export function kubeconfigPath(layout: Layout, user: string): string {
  return `${layout.pkiDir}/${user}.kubeconfig`
}
