// The cluster's cgroups. Every process of ours lives below one of them, whatever forked it, so that none can be missed.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cgroupHierarchies, followedHierarchies, usedHierarchies, type CgroupHierarchy } from '../core/cgroup-mounts.ts'
import { readIfPresent } from './files.ts'
import { commandLine, killNumber, waitUntil } from './process-table.ts'

const KILL_TIMEOUT_MS = 20_000
const REMOVE_TIMEOUT_MS = 10_000
const V2_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'pids', 'hugetlb']

async function hierarchies(): Promise<CgroupHierarchy[]> {
  return cgroupHierarchies(await readFile('/proc/mounts', 'utf8'))
}

/** A version 1 cpuset takes no process before it has processors and memory nodes. */
async function fillCpuset(path: string): Promise<void> {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const own = await readIfPresent(join(path, name))
    if (own?.trim() !== '') continue
    await writeFile(join(path, name), await readFile(join(dirname(path), name), 'utf8'))
  }
}

/** A controller that the machine lacks cannot be passed on; the kubelet says so where it matters. */
async function passControllersOn(path: string): Promise<void> {
  for (const controller of V2_CONTROLLERS) {
    await writeFile(join(path, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined)
  }
}

async function makeIn(hierarchy: CgroupHierarchy, cgroup: string): Promise<string> {
  let path = hierarchy.path
  for (const part of cgroup.split('/')) {
    if (hierarchy.kind === 'v2') await passControllersOn(path)
    path = join(path, part)
    await mkdir(path, { recursive: true })
    if (hierarchy.kind === 'v1' && hierarchy.controllers.includes('cpuset')) await fillCpuset(path)
  }
  return path
}

/** Makes a node's cgroup in every hierarchy; the kubelet puts pods below it. */
export async function makeNodeCgroup(cgroup: string): Promise<void> {
  for (const hierarchy of usedHierarchies(await hierarchies())) {
    const path = await makeIn(hierarchy, cgroup)
    if (hierarchy.kind === 'v2') await passControllersOn(path)
  }
}

/** Makes a cgroup for one process and returns the files through which it is joined. */
export async function makeProcessCgroup(cgroup: string): Promise<string[]> {
  const followed = followedHierarchies(await hierarchies())
  return Promise.all(followed.map(async hierarchy => join(await makeIn(hierarchy, cgroup), 'cgroup.procs')))
}

/** Folders of a cgroup and all below it, the deepest first. */
async function subtree(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const below = await Promise.all(
    entries.filter(entry => entry.isDirectory()).map(entry => subtree(join(path, entry.name))),
  )
  return entries.length === 0 ? [] : [...below.flat(), path]
}

async function folders(cgroup: string): Promise<string[]> {
  const all = await Promise.all((await hierarchies()).map(hierarchy => subtree(join(hierarchy.path, cgroup))))
  return all.flat()
}

/** Numbers of all processes in a cgroup and below it. */
export async function processesIn(cgroup: string): Promise<number[]> {
  const lists = await Promise.all(
    (await folders(cgroup)).map(folder => readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')),
  )
  const numbers = lists.flatMap(list => list.split('\n').filter(line => line !== ''))
  return [...new Set(numbers.map(Number))].filter(pid => pid > 0)
}

/**
 * Ends every process in a cgroup and below it, at once.
 * @param spare command lines that are left alone
 * @throws when some are still there after 20 s
 */
export async function killCgroup(cgroup: string, spare: (command: string) => boolean = () => false): Promise<void> {
  const targets = async (): Promise<number[]> => {
    const pids = await processesIn(cgroup)
    const commands = await Promise.all(pids.map(commandLine))
    return pids.filter((_, index) => !spare(commands[index] ?? ''))
  }
  const gone = await waitUntil(async () => {
    const pids = await targets()
    for (const pid of pids) killNumber(pid, 'SIGKILL')
    return pids.length === 0
  }, KILL_TIMEOUT_MS)
  if (gone) return
  throw new Error(
    `Processes ${(await targets()).join(', ')} in cgroup ${cgroup} do not end, not even by SIGKILL; see their state in /proc/PID/stack.`,
  )
}

/** Removes a cgroup and all below it from every hierarchy. Its processes must have ended. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const removed = await waitUntil(async () => {
    const paths = await folders(cgroup)
    for (const path of paths) await rmdir(path).catch(() => undefined)
    return (await folders(cgroup)).length === 0
  }, REMOVE_TIMEOUT_MS)
  if (!removed) throw new Error(`The cgroup ${cgroup} cannot be removed: ${(await folders(cgroup)).join(', ')}`)
}
