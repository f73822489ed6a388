import { describe, expect, it } from 'vitest'
import { cgroupHierarchies, followedHierarchies, usedHierarchies } from './cgroup-mounts.ts'

const first = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`
const unified = 'proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n'

function paths(mounts: string, choose: typeof usedHierarchies): string[] {
  return choose(cgroupHierarchies(mounts)).map(hierarchy => hierarchy.path)
}

describe('cgroup hierarchies', () => {
  it('[D4] uses every version 1 hierarchy where there is one', () => {
    expect(paths(first, usedHierarchies)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct',
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/pids',
    ])
  })

  it('[D4] follows processes where they are counted', () => {
    expect(paths(first, followedHierarchies)).toEqual(['/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'])
  })

  it('[D4] uses and follows the unified hierarchy where it is alone', () => {
    expect(paths(unified, usedHierarchies)).toEqual(['/sys/fs/cgroup'])
    expect(paths(unified, followedHierarchies)).toEqual(['/sys/fs/cgroup'])
  })

  it('[D4] finds all of them for the removal', () => {
    expect(cgroupHierarchies(first)).toHaveLength(4)
  })
})
