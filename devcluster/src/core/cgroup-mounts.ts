// Where cgroups are mounted, and which of the mounts matter to us.

export type CgroupHierarchy =
  /** One version 1 hierarchy of one or several controllers. */
  | { readonly kind: 'v1'; readonly path: string; readonly controllers: readonly string[] }
  /** The unified hierarchy. */
  | { readonly kind: 'v2'; readonly path: string }

/** Processes are followed in these version 1 hierarchies: pids to find and end them, memory so that they are counted. */
const FOLLOWED_CONTROLLERS: readonly string[] = ['pids', 'memory']

/** Reads /proc/mounts. */
export function cgroupHierarchies(mounts: string): CgroupHierarchy[] {
  const found = new Map<string, CgroupHierarchy>()
  for (const line of mounts.split('\n')) {
    const [, path, type, options = ''] = line.split(' ')
    if (path === undefined) continue
    if (type === 'cgroup') found.set(path, { kind: 'v1', path, controllers: options.split(',') })
    if (type === 'cgroup2') found.set(path, { kind: 'v2', path })
  }
  return [...found.values()]
}

/** Hierarchies in which nodes need a cgroup of their own: all of version 1 where there is one, else the unified one. */
export function usedHierarchies(all: readonly CgroupHierarchy[]): CgroupHierarchy[] {
  const first = all.filter(hierarchy => hierarchy.kind === 'v1')
  return first.length > 0 ? first : [...all]
}

/** Hierarchies that a new process joins. */
export function followedHierarchies(all: readonly CgroupHierarchy[]): CgroupHierarchy[] {
  return usedHierarchies(all).filter(
    hierarchy =>
      hierarchy.kind === 'v2' || hierarchy.controllers.some(controller => FOLLOWED_CONTROLLERS.includes(controller)),
  )
}
