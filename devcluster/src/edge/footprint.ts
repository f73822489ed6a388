// What clusters change on the machine itself, noted before the first one and given back after the last one.
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RUN_ROOT } from '../core/layout.ts'
import { mountsBelow } from '../core/mounts.ts'
import { exists, readIfPresent, writeWhole } from './files.ts'
import { run } from './run.ts'

export const NETNS_DIR = '/run/netns'
const MOUNTS = '/proc/self/mounts'
const NOTE = join(RUN_ROOT, 'machine.json')

/** Settings of the whole machine that the kubelet changes. */
const SYSCTLS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
]

const machine = z.object({
  /** Empty folders made as mount points. */
  folders: z.array(z.string()),
  /** Whether `ip netns` made /run/netns a mount point for us. */
  netnsMount: z.boolean(),
  sysctls: z.record(z.string(), z.string()),
})
type Machine = z.infer<typeof machine>

/** Mount points at and below some folders, the deepest first. */
export async function mountPoints(folders: readonly string[]): Promise<string[]> {
  return mountsBelow(await readFile(MOUNTS, 'utf8'), folders)
}

/** Unmounts everything at and below some folders. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  for (const point of await mountPoints(folders)) {
    await run('umount', [point]).catch(() => run('umount', ['--lazy', point]))
  }
}

async function readNote(): Promise<Machine | undefined> {
  const text = await readIfPresent(NOTE)
  return text === undefined ? undefined : machine.parse(JSON.parse(text))
}

async function currentSysctls(): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const name of SYSCTLS) {
    const value = await readIfPresent(`/proc/sys/${name}`)
    if (value !== undefined) values[name] = value.trim()
  }
  return values
}

/** Notes the machine as it is before the first cluster; later calls change nothing. */
export async function noteMachine(): Promise<void> {
  if ((await readNote()) !== undefined) return
  const netnsMount = (await mountPoints([NETNS_DIR])).length === 0
  await writeWhole(NOTE, JSON.stringify({ folders: [], netnsMount, sysctls: await currentSysctls() }))
}

/** Makes folders that are missing and notes those it made. */
export async function makeMountPoints(paths: readonly string[]): Promise<void> {
  const before = (await readNote()) ?? { folders: [], netnsMount: false, sysctls: {} }
  for (const path of paths) {
    if (await exists(path)) continue
    before.folders.push(path)
    await writeWhole(NOTE, JSON.stringify(before))
    await mkdir(path, { recursive: true })
  }
}

/** Gives the machine back as it was noted, unless another cluster still runs on it. */
export async function restoreMachine(): Promise<void> {
  const entries = await readdir(RUN_ROOT, { withFileTypes: true }).catch(() => [])
  if (entries.some(entry => entry.isDirectory())) return
  const note = await readNote()
  for (const [name, value] of Object.entries(note?.sysctls ?? {})) {
    await writeFile(`/proc/sys/${name}`, value).catch(() => undefined)
  }
  for (const folder of note?.folders ?? []) await rmdir(folder).catch(() => undefined)
  await rm(NOTE, { force: true })
  await rmdir(RUN_ROOT).catch(() => undefined)
  const namespaces = await readdir(NETNS_DIR).catch(() => ['unknown'])
  if (note?.netnsMount !== true || namespaces.length > 0) return
  await unmountBelow([NETNS_DIR])
  await rmdir(NETNS_DIR).catch(() => undefined)
}
