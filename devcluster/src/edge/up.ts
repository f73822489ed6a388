// `up`: brings the cluster from whatever is there to what is planned, and does nothing where nothing is to do.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { storageConfig, storageHelperPod } from '../core/addons.ts'
import { byStage, decide, type Start } from '../core/health.ts'
import { runDirOf, type Layout, type NodeLayout } from '../core/layout.ts'
import { containerdConfig, kubeletConfig, podNetworkConfig } from '../core/node-files.ts'
import { AGENT_STAGES, FOUNDATION_STAGES, planProcesses, type ProcessPlan, type Programs } from '../core/processes.ts'
import { ensureBuilds, linkTools } from './builds.ts'
import { ensureCertificates } from './certificates.ts'
import { killCgroup, makeNodeCgroup, removeCgroup } from './cgroups.ts'
import { stopCluster } from './down.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { ensureOwnImages, loadOwnImages, type ImageStore } from './images.ts'
import { applyAddons, deleteNodes, waitForCluster } from './kubectl.ts'
import { launch, logPath, processKey } from './launch.ts'
import { ensureNamespaces, nodePresent, networkNamespaces, removeNode } from './namespaces.ts'
import { works } from './probes.ts'
import { end, lives, waitUntil } from './process-table.ts'
import { say, step } from './progress.ts'
import { forgetRecord, livingRecords, type ProcessRecord } from './records.ts'
import { ensureRequirements } from './requirements.ts'
import { saveSysctls } from './sysctls.ts'

const PROBE_TIMEOUT_MS = 90_000
/** A process that was running already should answer at once; else it is started again. */
const PROBE_TIMEOUT_KEPT_MS = 10_000
const END_GRACE_MS = 5_000
const LOG_LINES_SHOWN = 15

export interface UpInputs {
  readonly store: ImageStore
  readonly componentsDir: string
  readonly programsDir: string
  readonly searchPath: string
}

async function writeNodeFiles(layout: Layout, node: NodeLayout, programs: Programs): Promise<void> {
  const folder = (component: string): string => programs[component] ?? ''
  const folders = { cni: folder('cni'), containerd: folder('containerd'), runc: folder('runc') }
  const write = (name: string, text: string): Promise<void> => writeWhole(join(node.configDir, name), text)
  await write('kubelet.yaml', kubeletConfig(layout, node))
  await write('containerd.toml', containerdConfig(node, folders))
  await write('cni/10-pods.conflist', podNetworkConfig(node))
  if (!node.isControlPlane) return
  await write('storage.json', storageConfig(layout))
  await write('storage-helper-pod.yaml', storageHelperPod())
}

async function tailOf(path: string): Promise<string> {
  const text = (await readIfPresent(path)) ?? ''
  return text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
}

async function complain(layout: Layout, plan: ProcessPlan, what: string): Promise<Error> {
  const path = logPath(layout, plan.name)
  return new Error(`${plan.name} ${what}. The end of ${path}:\n${await tailOf(path)}`)
}

/** Waits until a process does what it is there for. */
async function awaitWorking(layout: Layout, plan: ProcessPlan, record: ProcessRecord): Promise<void> {
  let ended = false
  const answered = await waitUntil(async () => {
    ended = !(await lives(record.identity))
    return ended || (await works(layout, record.identity, plan.probe))
  }, PROBE_TIMEOUT_MS)
  if (ended) throw await complain(layout, plan, 'ended right after its start')
  if (!answered) throw await complain(layout, plan, `does not work after ${PROBE_TIMEOUT_MS / 1000} s`)
}

async function startAll(layout: Layout, starts: readonly Start[]): Promise<void> {
  const running = await livingRecords(layout.recordDir)
  for (const { plan } of starts) {
    const record = running.get(plan.name)
    if (record !== undefined) await end(record.identity, END_GRACE_MS)
  }
  for (const stage of byStage(starts)) {
    const names = stage.map(start => start.plan.name.slice(start.plan.name.indexOf('.') + 1))
    await step(`start ${[...new Set(names)].join(', ')}`, () =>
      Promise.all(
        stage.map(async ({ plan }) => awaitWorking(layout, plan, await launch(layout, plan))),
      ),
    )
  }
}

/**
 * Starts what is missing or changed, then once more what runs but does not answer.
 * @param equip gives the agents what they need, as soon as the API server and the runtimes work
 * @returns how many processes were started
 */
async function converge(
  layout: Layout,
  plans: readonly ProcessPlan[],
  equip: () => Promise<void>,
): Promise<number> {
  const keyed = await Promise.all(plans.map(async plan => [plan.name, await processKey(layout, plan)] as const))
  const running = await livingRecords(layout.recordDir)
  const decision = decide(plans, Object.fromEntries(keyed), running)
  for (const name of decision.stops) {
    const record = running.get(name)
    if (record !== undefined) await end(record.identity, END_GRACE_MS)
    await forgetRecord(layout.recordDir, name)
  }
  let started = 0
  for (const stages of [FOUNDATION_STAGES, AGENT_STAGES]) {
    if (stages === AGENT_STAGES) await equip()
    const starts = decision.starts.filter(({ plan }) => stages.includes(plan.stage))
    await startAll(layout, starts)
    const mute = await silent(
      layout,
      plans.filter(plan => stages.includes(plan.stage)),
    )
    await startAll(layout, mute)
    started += starts.length + mute.length
  }
  return started
}

async function silent(layout: Layout, plans: readonly ProcessPlan[]): Promise<Start[]> {
  const running = await livingRecords(layout.recordDir)
  const starts = await Promise.all(
    plans.map(async (plan): Promise<Start[]> => {
      const record = running.get(plan.name)
      const answers = async (): Promise<boolean> =>
        record !== undefined && (await works(layout, record.identity, plan.probe))
      return (await waitUntil(answers, PROBE_TIMEOUT_KEPT_MS)) ? [] : [{ plan, reason: 'does not answer' }]
    }),
  )
  return starts.flat()
}

/** Nodes of this cluster that exist on the machine and are not planned. */
async function surplusNodes(layout: Layout): Promise<string[]> {
  const planned = new Set([layout.outsideNamespace, ...layout.nodes.map(node => node.name)])
  return (await networkNamespaces(layout.clusterName)).filter(name => !planned.has(name))
}

async function removeSurplus(layout: Layout, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await killCgroup(`${layout.cgroup}/${name}`)
    await removeNode(layout.runDir, name)
    await removeCgroup(`${layout.cgroup}/${name}`)
  }
}

/** Makes the ground for processes. Pods of a node whose namespaces are gone cannot go on and are ended. */
async function prepareGround(layout: Layout): Promise<void> {
  for (const node of layout.nodes) {
    if (!(await nodePresent(layout, node))) await killCgroup(node.cgroup)
  }
  await ensureNamespaces(layout)
  await saveSysctls(layout.runDir)
  for (const node of layout.nodes) await makeNodeCgroup(node.cgroup)
  await writeWhole(ownerPath(layout.clusterName), JSON.stringify({ stateDir: layout.stateDir }))
}

/** Tells `down` and a later `up` where a running cluster keeps its state. */
export function ownerPath(clusterName: string): string {
  return join(runDirOf(clusterName), 'owner.json')
}

async function leaveOtherState(layout: Layout): Promise<void> {
  const text = await readIfPresent(ownerPath(layout.clusterName))
  const other = text === undefined ? undefined : (JSON.parse(text) as { stateDir: string }).stateDir
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
  const forwarder = (await livingRecords(layout.recordDir)).has('host.gateway-forwarder')
  const everythingBuilt = (await readIfPresent(join(layout.cacheDir, 'bin', 'kubectl'))) !== undefined
  const wanted = { gatewayPort: layout.gatewayPort, stateDir: layout.stateDir, cacheDir: layout.cacheDir, everythingBuilt }
  await ensureRequirements({ wanted, searchPath: inputs.searchPath, forwarderRuns: forwarder })
  await mkdir(layout.stateDir, { recursive: true, mode: 0o700 })
  const programs = await ensureBuilds(componentsDir, layout.cacheDir)
  await linkTools(programs, layout.cacheDir)
  await leaveOtherState(layout)
  const surplus = await surplusNodes(layout)
  await removeSurplus(layout, surplus)
  await prepareGround(layout)
  await ensureOwnImages(store, programs)
  await ensureCertificates(layout)
  for (const node of layout.nodes) await writeNodeFiles(layout, node, programs)
  const { programsDir } = inputs
  const plans = planProcesses({ layout, programs, nodeProgram: process.execPath, programsDir })
  const started = await converge(layout, plans, async () => {
    await loadOwnImages(store, programs)
    await applyAddons(layout, programs)
  })
  await deleteNodes(layout, programs, surplus)
  await step('nodes and names ready', () => waitForCluster(layout, programs))
  say(started === 0 ? 'The cluster was healthy already.' : `Started ${started} processes.`)
  say(`KUBECONFIG=${layout.kubeconfig}`)
}
