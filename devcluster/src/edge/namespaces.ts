// Network and mount namespaces of the cluster: made when missing, removed with everything in them.
import { mkdir, readFile, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Layout, NodeLayout } from '../core/layout.ts'
import { mountsBelow, nodeBinds, nodeMountScript } from '../core/mounts.ts'
import { cablingScript, nodeNetworkScript, outsideScript } from '../core/network.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { run } from './run.ts'

const NETNS_DIR = '/run/netns'
const MOUNTS = '/proc/self/mounts'

/** What `up` changed on the machine and `down` gives back. */
const footprint = z.object({
  /** Empty folders made as mount points. */
  folders: z.array(z.string()),
  /** Whether /run/netns became a mount point through us. */
  netnsMount: z.boolean(),
})

function footprintPath(runDir: string): string {
  return join(runDir, 'footprint.json')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function isMountPoint(path: string): Promise<boolean> {
  return mountsBelow(await readFile(MOUNTS, 'utf8'), [path]).includes(path)
}

/** Makes folders that are missing and returns those it made. */
async function makeMountPoints(paths: readonly string[]): Promise<string[]> {
  const made: string[] = []
  for (const path of paths) {
    if (await exists(path)) continue
    await mkdir(path, { recursive: true })
    made.push(path)
  }
  return made
}

async function recordFootprint(layout: Layout, folders: readonly string[], netnsMount: boolean): Promise<void> {
  const path = footprintPath(layout.runDir)
  const text = await readIfPresent(path)
  const before = text === undefined ? { folders: [], netnsMount: false } : footprint.parse(JSON.parse(text))
  const merged = {
    folders: [...new Set([...before.folders, ...folders])],
    netnsMount: before.netnsMount || netnsMount,
  }
  await writeWhole(path, JSON.stringify(merged))
}

/** A namespace file is pinned when another file system (nsfs) is mounted on it. */
async function isPinned(pin: string, pinDir: string): Promise<boolean> {
  if (!(await exists(pin))) return false
  return (await stat(pin)).dev !== (await stat(pinDir)).dev
}

async function ensurePinDir(layout: Layout): Promise<void> {
  await mkdir(layout.pinDir, { recursive: true })
  if (await isMountPoint(layout.pinDir)) return
  // A mount namespace can only be pinned below a private mount.
  await run('mount', ['--bind', layout.pinDir, layout.pinDir])
  await run('mount', ['--make-private', layout.pinDir])
}

async function ensureMountNamespace(layout: Layout, node: NodeLayout): Promise<boolean> {
  if (await isPinned(node.mountPin, layout.pinDir)) return false
  const binds = nodeBinds(node)
  await Promise.all(binds.map(bind => mkdir(bind.from, { recursive: true })))
  await recordFootprint(layout, await makeMountPoints(binds.map(bind => bind.at)), false)
  await writeFile(node.mountPin, '')
  const script = nodeMountScript(binds)
  await run('unshare', [`--mount=${node.mountPin}`, '--propagation', 'slave', '/bin/sh', '-c', script])
  return true
}

/** Arguments of nsenter for a place in the cluster. */
export function enterNode(node: NodeLayout): string[] {
  return [`--net=${NETNS_DIR}/${node.name}`, `--mount=${node.mountPin}`]
}

export function enterOutside(layout: Layout): string[] {
  return [`--net=${NETNS_DIR}/${layout.outsideNamespace}`]
}

/** Makes all namespaces and cables that are missing, and sets addresses, routes and filters. */
export async function ensureNamespaces(layout: Layout): Promise<void> {
  const netnsWasMounted = await isMountPoint(NETNS_DIR)
  await mkdir(layout.runDir, { recursive: true, mode: 0o700 })
  await recordFootprint(layout, [], !netnsWasMounted)
  await run('/bin/sh', ['-c', cablingScript(layout)])
  await ensurePinDir(layout)
  for (const node of layout.nodes) await ensureMountNamespace(layout, node)
  await run('nsenter', [...enterOutside(layout), '/bin/sh', '-c', outsideScript(layout)])
  for (const node of layout.nodes) {
    await run('nsenter', [...enterNode(node), '/bin/sh', '-c', nodeNetworkScript(layout, node)])
  }
}

/** Tells a node's present namespaces from any before them; processes of former ones have to start again. */
export async function namespaceKey(node: NodeLayout): Promise<string> {
  const [net, mount] = await Promise.all([stat(`${NETNS_DIR}/${node.name}`), stat(node.mountPin)])
  return `${net.ino}/${mount.ino}`
}

export async function outsideKey(layout: Layout): Promise<string> {
  return String((await stat(`${NETNS_DIR}/${layout.outsideNamespace}`)).ino)
}

/** Whether a node's namespaces are there. */
export async function nodePresent(layout: Layout, node: NodeLayout): Promise<boolean> {
  return (await exists(join(NETNS_DIR, node.name))) && (await isPinned(node.mountPin, layout.pinDir))
}

/** Names of the cluster's network namespaces that exist, its nodes' and the outside one. */
export async function networkNamespaces(clusterName: string): Promise<string[]> {
  const names = await readdir(NETNS_DIR).catch(() => [])
  const pattern = new RegExp(`^${clusterName}-(outside|node(-\\d+)?)$`)
  return names.filter(name => pattern.test(name))
}

async function unmount(point: string): Promise<void> {
  await run('umount', [point]).catch(() => run('umount', ['--lazy', point]))
}

async function unmountBelow(folders: readonly string[]): Promise<void> {
  for (const point of mountsBelow(await readFile(MOUNTS, 'utf8'), folders)) await unmount(point)
}

/** Removes one node's namespaces. Its processes must have ended. */
export async function removeNode(runDir: string, name: string): Promise<void> {
  const pin = join(runDir, 'pins', name)
  await unmountBelow([pin])
  await rm(pin, { force: true })
  if (await exists(join(NETNS_DIR, name))) await run('ip', ['netns', 'delete', name])
}

/**
 * Removes everything that ties the cluster to the machine: mounts, namespaces, links, mount points, the run folder.
 * @param stateDir mounts below it, left by an interrupted run, go as well
 */
export async function removeNamespaces(clusterName: string, runDir: string, stateDir: string): Promise<void> {
  const text = await readIfPresent(footprintPath(runDir))
  const changed = text === undefined ? { folders: [], netnsMount: false } : footprint.parse(JSON.parse(text))
  for (const name of await networkNamespaces(clusterName)) await removeNode(runDir, name)
  const link = `${clusterName}-host`
  if (await exists(`/sys/class/net/${link}`)) await run('ip', ['link', 'delete', link])
  await unmountBelow([runDir, stateDir])
  for (const folder of changed.folders) await rmdir(folder).catch(() => undefined)
  await rm(runDir, { recursive: true, force: true })
  await rmdir(join(runDir, '..')).catch(() => undefined)
  const others = await readdir(NETNS_DIR).catch(() => ['?'])
  if (changed.netnsMount && others.length === 0) {
    await unmountBelow([NETNS_DIR])
    await rmdir(NETNS_DIR).catch(() => undefined)
  }
}
