// `down`: ends every process of the cluster and gives the machine back as it was. State and caches stay.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { runDirOf } from '../core/layout.ts'
import { killCgroup, removeCgroup } from './cgroups.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { restoreMachine } from './footprint.ts'
import { removeNamespaces } from './namespaces.ts'
import { lives, signal, waitUntil } from './process-table.ts'
import { step } from './progress.ts'
import { readRecords } from './records.ts'

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

const owner = z.object({ stateDir: z.string() })

function ownerPath(clusterName: string): string {
  return join(runDirOf(clusterName), 'owner.json')
}

/** Notes where a running cluster keeps its state, for those who know its name only. */
export async function recordStateDir(clusterName: string, stateDir: string): Promise<void> {
  await writeWhole(ownerPath(clusterName), JSON.stringify({ stateDir }))
}

/** The state folder of a cluster that was started and not stopped; undefined when there is none. */
export async function recordedStateDir(clusterName: string): Promise<string | undefined> {
  const text = await readIfPresent(ownerPath(clusterName))
  return text === undefined ? undefined : owner.parse(JSON.parse(text)).stateDir
}

/** Ends and removes everything of a cluster but its state; does nothing where nothing is. */
export async function stopCluster(clusterName: string, stateDir: string): Promise<void> {
  const runDir = runDirOf(clusterName)
  await endRecorded(join(runDir, 'processes'))
  await killCgroup(clusterName)
  await removeNamespaces(clusterName, runDir, (await recordedStateDir(clusterName)) ?? stateDir)
  await removeCgroup(clusterName)
  await restoreMachine()
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
