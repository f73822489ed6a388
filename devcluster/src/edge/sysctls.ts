// Settings of the whole machine that the kubelet changes; `down` puts them back.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfPresent, writeWhole } from './files.ts'

const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
]
const saved = z.record(z.string(), z.string())

function recordPath(runDir: string): string {
  return join(runDir, 'sysctls.json')
}

/** Notes the settings as they are, once. */
export async function saveSysctls(runDir: string): Promise<void> {
  if ((await readIfPresent(recordPath(runDir))) !== undefined) return
  const values: Record<string, string> = {}
  for (const name of SETTINGS) {
    const value = await readIfPresent(`/proc/sys/${name}`)
    if (value !== undefined) values[name] = value.trim()
  }
  await writeWhole(recordPath(runDir), JSON.stringify(values))
}

/** Sets them back to what was noted. */
export async function restoreSysctls(runDir: string): Promise<void> {
  const text = await readIfPresent(recordPath(runDir))
  if (text === undefined) return
  for (const [name, value] of Object.entries(saved.parse(JSON.parse(text)))) {
    await writeFile(`/proc/sys/${name}`, value).catch(() => undefined)
  }
}
