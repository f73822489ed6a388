// `down`: ends every process of the cluster and gives the machine back as it was. State and caches stay.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runDirOf } from '../core/layout.ts'
import { killCgroup, removeCgroup } from './cgroups.ts'
import { removeNamespaces } from './namespaces.ts'
import { lives, signal, waitUntil } from './process-table.ts'
import { step } from './progress.ts'
import { readRecords } from './records.ts'
import { restoreSysctls } from './sysctls.ts'

/** How long etcd and the kubelet get to finish what they are writing. */
const GRACE_MS = 3_000

async function endRecorded(recordDir: string): Promise<void> {
  const records = await readRecords(recordDir)
  await Promise.all(records.map(record => signal(record.identity, 'SIGTERM')))
  await waitUntil(async () => {
    const alive = await Promise.all(records.map(record => lives(record.identity)))
    return !alive.some(Boolean)
  }, GRACE_MS)
  await Promise.all(records.map(record => signal(record.identity, 'SIGKILL')))
}

/** The state folder of a running cluster, which may be another than the one asked for. */
async function recordedStateDir(clusterName: string, fallback: string): Promise<string> {
  const text = await readFile(join(runDirOf(clusterName), 'owner.json'), 'utf8').catch(() => undefined)
  return text === undefined ? fallback : (JSON.parse(text) as { stateDir: string }).stateDir
}

/** Ends and removes everything of a cluster but its state; does nothing where nothing is. */
export async function stopCluster(clusterName: string, stateDir: string): Promise<void> {
  const runDir = runDirOf(clusterName)
  await endRecorded(join(runDir, 'processes'))
  await killCgroup(clusterName)
  await restoreSysctls(runDir)
  await removeNamespaces(clusterName, runDir, await recordedStateDir(clusterName, stateDir))
  await removeCgroup(clusterName)
}

export interface DownInputs {
  readonly clusterName: string
  readonly stateDir: string
  readonly cacheDir: string
  /** Whether state and caches go too. */
  readonly purge: boolean
}

export async function takeDown(inputs: DownInputs): Promise<void> {
  await step(`stop ${inputs.clusterName}`, () => stopCluster(inputs.clusterName, inputs.stateDir))
  if (!inputs.purge) return
  await step('remove state and caches', async () => {
    await rm(inputs.stateDir, { recursive: true, force: true })
    await rm(inputs.cacheDir, { recursive: true, force: true })
  })
}
