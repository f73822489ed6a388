// `up`: brings the cluster from whatever is there to what is planned, and does nothing where nothing is to do.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { storageConfig, storageHelperPod } from '../core/addons.ts'
import type { Layout, NodeLayout } from '../core/layout.ts'
import { containerdConfig, kubeletConfig, podNetworkConfig } from '../core/node-files.ts'
import type { OwnImages } from '../core/own-images.ts'
import type { Programs } from '../core/process-plan.ts'
import { planProcesses } from '../core/processes.ts'
import { prefetchBases } from './base-images.ts'
import { ensureBuilds, linkTools } from './builds.ts'
import { ensureCertificates } from './certificates.ts'
import { killCgroup, makeNodeCgroup, processesIn, removeCgroup } from './cgroups.ts'
import { converge } from './converge.ts'
import { recordedStateDir, recordStateDir, stopCluster } from './down.ts'
import { exists, writeWhole } from './files.ts'
import type { ImageStore } from './image-store.ts'
import { loadImage } from './image-loading.ts'
import { ensureOwnImages } from './images.ts'
import { applyAddons, deleteOtherNodes, waitForNames, waitForNodes } from './kubectl.ts'
import { cutLogs } from './logs.ts'
import { ensureNamespaces, networkNamespaces, nodePresent, removeNode } from './namespaces.ts'
import { say, step } from './progress.ts'
import { ensureRequirements } from './requirements.ts'

export interface UpInputs {
  readonly store: ImageStore
  readonly componentsDir: string
  readonly programsDir: string
  readonly searchPath: string
}

/** What was built for the cluster. */
interface Made {
  readonly programs: Programs
  readonly images: OwnImages
}

async function writeNodeFiles(layout: Layout, node: NodeLayout, made: Made): Promise<void> {
  const { programs, images } = made
  const folder = (component: string): string => programs[component] ?? ''
  const folders = { cni: folder('cni'), containerd: folder('containerd'), runc: folder('runc') }
  const write = (name: string, text: string): Promise<void> => writeWhole(join(node.configDir, name), text)
  await write('kubelet.yaml', kubeletConfig(layout, node))
  await write('containerd.toml', containerdConfig(node, folders, images.node))
  await write('cni/10-pods.conflist', podNetworkConfig(node))
  if (!node.isControlPlane) return
  await write('storage.json', storageConfig(layout))
  await write('storage-helper-pod.yaml', storageHelperPod(images))
}

/** Nodes of this cluster that exist on the machine and are not planned. */
async function surplusNodes(layout: Layout): Promise<string[]> {
  const planned = new Set([layout.outsideNamespace, ...layout.nodes.map(node => node.name)])
  return (await networkNamespaces(layout.clusterName)).filter(name => !planned.has(name))
}

async function removeSurplus(layout: Layout): Promise<void> {
  for (const name of await surplusNodes(layout)) {
    await killCgroup(`${layout.cgroup}/${name}`)
    await removeNode(layout.runDir, name)
    await removeCgroup(`${layout.cgroup}/${name}`)
  }
}

/** Makes the ground for processes. Pods of a node whose namespaces are gone cannot go on and are ended. */
async function prepareGround(layout: Layout): Promise<void> {
  await recordStateDir(layout.clusterName, layout.stateDir)
  for (const node of layout.nodes) {
    if (!(await nodePresent(layout, node))) await killCgroup(node.cgroup)
  }
  await ensureNamespaces(layout)
  for (const node of layout.nodes) await makeNodeCgroup(node.cgroup)
}

/** A cluster of this name that keeps its state elsewhere would fight for the same namespaces. */
async function leaveOtherState(layout: Layout): Promise<void> {
  const other = await recordedStateDir(layout.clusterName)
  if (other === undefined || other === layout.stateDir) return
  await step(`stop the cluster of ${other}`, () => stopCluster(layout.clusterName, other))
}

/**
 * Brings the cluster up.
 * @throws with the component, the reason and the end of its log when something does not work
 */
export async function bringUp(inputs: UpInputs): Promise<void> {
  const { store, componentsDir } = inputs
  const { layout } = store
  const everythingBuilt = await exists(join(layout.cacheDir, 'bin', 'kubectl'))
  const wanted = {
    gatewayPort: layout.gatewayPort,
    stateDir: layout.stateDir,
    cacheDir: layout.cacheDir,
    everythingBuilt,
  }
  await ensureRequirements({ wanted, searchPath: inputs.searchPath, ourPids: await processesIn(layout.cgroup) })
  await mkdir(layout.stateDir, { recursive: true, mode: 0o700 })
  await cutLogs(layout)
  // Base images come over the network and the disk while the processors build.
  const [programs] = await Promise.all([ensureBuilds(componentsDir, layout.cacheDir), prefetchBases(store)])
  await linkTools(programs, layout.cacheDir)
  await leaveOtherState(layout)
  await removeSurplus(layout)
  await prepareGround(layout)
  const images = await ensureOwnImages(store, programs)
  await ensureCertificates(layout)
  for (const node of layout.nodes) await writeNodeFiles(layout, node, { programs, images })
  const { programsDir } = inputs
  const plans = planProcesses({ layout, programs, images, nodeProgram: process.execPath, programsDir })
  const started = await converge(layout, plans, async () => {
    for (const image of [images.node, images.dns]) await loadImage(store, programs, image)
    await applyAddons(layout, programs, images)
  })
  await deleteOtherNodes(layout, programs)
  await step('nodes ready', () => waitForNodes(layout, programs))
  await step('names answered', () => waitForNames(layout, programsDir))
  say(started === 0 ? 'The cluster was healthy already.' : `Started ${started} processes.`)
  say(`KUBECONFIG=${layout.kubeconfig}`)
}
