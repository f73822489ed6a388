// Starts a long-running process: in its place, in its own cgroup, detached from the caller in every respect.
import { spawn } from 'node:child_process'
import type { Layout } from '../core/layout.ts'
import type { Place, ProcessPlan } from '../core/process-plan.ts'
import { killCgroup, makeProcessCgroup } from './cgroups.ts'
import { enterNode, enterOutside, namespaceKey, outsideKey } from './namespaces.ts'
import { readIfPresent, sha256 } from './files.ts'
import { logPath, openLog } from './logs.ts'
import { identify } from './process-table.ts'
import { writeRecord, type ProcessRecord } from './records.ts'

/** Joins the cgroups named before `--`, then becomes the program behind it. */
const LAUNCH = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'

function enter(layout: Layout, place: Place): string[] {
  switch (place.kind) {
    case 'node':
      return ['nsenter', ...enterNode(place.node)]
    case 'outside':
      return ['nsenter', ...enterOutside(layout)]
    case 'host':
      return []
  }
}

async function placeKey(layout: Layout, place: Place): Promise<string> {
  switch (place.kind) {
    case 'node':
      return namespaceKey(place.node)
    case 'outside':
      return outsideKey(layout)
    case 'host':
      return 'host'
  }
}

/** The cgroup of a process, which also holds whatever it forks. */
function processCgroup(layout: Layout, plan: ProcessPlan): string {
  const component = plan.name.slice(plan.name.indexOf('.') + 1)
  const parent = plan.place.kind === 'node' ? plan.place.node.cgroup : `${layout.cgroup}/${plan.place.kind}`
  return `${parent}/system/${component}`
}

/** What a process would be started from now. Equal keys mean that a running process need not be started again. */
export async function processKey(layout: Layout, plan: ProcessPlan): Promise<string> {
  const contents = await Promise.all(plan.reads.map(async path => sha256((await readIfPresent(path)) ?? '')))
  return sha256(
    JSON.stringify([await placeKey(layout, plan.place), plan.command, plan.environment, plan.reads, contents]),
  )
}

/** Pods outlive a restart of containerd, and so do the shims that hold them. */
function isShim(command: string): boolean {
  return command.includes('containerd-shim-runc-v2')
}

function spawnDetached(command: readonly string[], environment: Readonly<Record<string, string>>, log: number): number {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd: '/', env: environment, detached: true, stdio: ['ignore', log, log] })
  // A program that cannot be started is seen by its missing process.
  child.on('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new Error(`${program} cannot be started; is it installed?`)
  return child.pid
}

/**
 * Starts a process of the plan. What is left of an earlier one of the same name is ended first.
 * @returns its record, which is also written to the record folder
 */
export async function launch(layout: Layout, plan: ProcessPlan): Promise<ProcessRecord> {
  const cgroup = processCgroup(layout, plan)
  const joins = await makeProcessCgroup(cgroup)
  await killCgroup(cgroup, isShim)
  const key = await processKey(layout, plan)
  const log = await openLog(layout, plan.name)
  try {
    const command = ['/bin/sh', '-c', LAUNCH, 'launch', ...joins, '--', ...enter(layout, plan.place), ...plan.command]
    const pid = spawnDetached(command, plan.environment, log.fd)
    const identity = await identify(pid)
    if (identity === undefined) throw new Error(`${plan.name} ended at once; see ${logPath(layout, plan.name)}`)
    const record = { name: plan.name, identity, key }
    await writeRecord(layout.recordDir, record)
    return record
  } finally {
    await log.close()
  }
}
