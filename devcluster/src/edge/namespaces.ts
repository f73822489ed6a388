// Network and mount namespaces of the cluster: made when missing, removed with everything in them.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layout, NodeLayout } from '../core/layout.ts'
import { nodeBinds, nodeMountScript } from '../core/mounts.ts'
import { cablingScript, nodeNetworkScript, outsideScript } from '../core/network.ts'
import { exists } from './files.ts'
import { makeMountPoints, mountPoints, NETNS_DIR, noteMachine, unmountBelow } from './footprint.ts'
import { run } from './run.ts'

/** A namespace file is pinned when another file system (nsfs) is mounted on it. */
async function isPinned(pin: string, pinDir: string): Promise<boolean> {
  if (!(await exists(pin))) return false
  return (await stat(pin)).dev !== (await stat(pinDir)).dev
}

async function ensurePinDir(layout: Layout): Promise<void> {
  await mkdir(layout.pinDir, { recursive: true })
  if ((await mountPoints([layout.pinDir])).includes(layout.pinDir)) return
  // A mount namespace can only be pinned below a private mount.
  await run('mount', ['--bind', layout.pinDir, layout.pinDir])
  await run('mount', ['--make-private', layout.pinDir])
}

async function ensureMountNamespace(layout: Layout, node: NodeLayout): Promise<void> {
  if (await isPinned(node.mountPin, layout.pinDir)) return
  const binds = nodeBinds(node)
  await Promise.all(binds.map(bind => mkdir(bind.from, { recursive: true })))
  await makeMountPoints(binds.map(bind => bind.at))
  await writeFile(node.mountPin, '')
  const script = nodeMountScript(binds)
  await run('unshare', [`--mount=${node.mountPin}`, '--propagation', 'slave', '/bin/sh', '-c', script])
}

/** Arguments of nsenter that lead into a node. */
export function enterNode(node: NodeLayout): string[] {
  return [`--net=${NETNS_DIR}/${node.name}`, `--mount=${node.mountPin}`]
}

/** Arguments of nsenter that lead into the outside namespace. */
export function enterOutside(layout: Layout): string[] {
  return [`--net=${NETNS_DIR}/${layout.outsideNamespace}`]
}

/** Makes all namespaces and cables that are missing, and sets addresses, routes and filters. */
export async function ensureNamespaces(layout: Layout): Promise<void> {
  await mkdir(layout.runDir, { recursive: true, mode: 0o700 })
  await noteMachine()
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
  const [net, mount] = await Promise.all([stat(join(NETNS_DIR, node.name)), stat(node.mountPin)])
  return `${net.ino}/${mount.ino}`
}

/** The same for the outside namespace. */
export async function outsideKey(layout: Layout): Promise<string> {
  return String((await stat(join(NETNS_DIR, layout.outsideNamespace))).ino)
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

/** Removes one node's namespaces. Its processes must have ended. */
export async function removeNode(runDir: string, name: string): Promise<void> {
  const pin = join(runDir, 'pins', name)
  await unmountBelow([pin])
  await rm(pin, { force: true })
  if (await exists(join(NETNS_DIR, name))) await run('ip', ['netns', 'delete', name])
}

/**
 * Removes everything that ties a cluster to the machine: mounts, namespaces, link, run folder.
 * @param stateDir mounts below it, left by an interrupted run, go as well
 */
export async function removeNamespaces(clusterName: string, runDir: string, stateDir: string): Promise<void> {
  for (const name of await networkNamespaces(clusterName)) await removeNode(runDir, name)
  const link = `${clusterName}-host`
  if (await exists(`/sys/class/net/${link}`)) await run('ip', ['link', 'delete', link])
  await unmountBelow([runDir, stateDir])
  await rm(runDir, { recursive: true, force: true })
}
