// The logs of the cluster's processes: one file each, bounded.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, open, readdir, stat, truncate, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layout } from '../core/layout.ts'
import { readIfPresent } from './files.ts'

/** A larger log is moved aside at the next `up`; one older log is kept. */
const LOG_BYTES_MAX = 16 * 1024 * 1024
const LINES_SHOWN = 100
const ENDING = '.log'

export function logPath(layout: Layout, name: string): string {
  return join(layout.logDir, `${name}${ENDING}`)
}

/** Opens a process's log so that everything written goes to its end, even after it was cut. */
export async function openLog(layout: Layout, name: string): Promise<FileHandle> {
  await mkdir(layout.logDir, { recursive: true })
  return open(logPath(layout, name), 'a', 0o600)
}

async function logNames(layout: Layout): Promise<string[]> {
  const names = await readdir(layout.logDir).catch(() => [])
  return names.filter(name => name.endsWith(ENDING)).sort()
}

/** Moves the content of logs that grew too large aside; their processes go on writing to the emptied files. */
export async function cutLogs(layout: Layout): Promise<void> {
  for (const name of await logNames(layout)) {
    const path = join(layout.logDir, name)
    if ((await stat(path)).size <= LOG_BYTES_MAX) continue
    await copyFile(path, `${path}.1`)
    await truncate(path)
  }
}

/** The last lines of a log. */
export async function endOfLog(path: string, lines: number): Promise<string> {
  return ((await readIfPresent(path)) ?? '').trimEnd().split('\n').slice(-lines).join('\n')
}

/**
 * Shows the end of logs through `tail`, which the caller's terminal belongs to until it ends.
 * @param component part of a process's name; all logs when undefined
 */
export async function showLogs(layout: Layout, component: string | undefined, follow: boolean): Promise<void> {
  const names = await logNames(layout)
  const chosen = names.filter(name => component === undefined || name.includes(component))
  if (chosen.length === 0) {
    const what = component === undefined ? 'No log' : `No log of ${component}`
    throw new Error(`${what} in ${layout.logDir}. There are: ${names.join(', ') || 'none'}`)
  }
  const paths = chosen.map(name => join(layout.logDir, name))
  const args = [...(follow ? ['-f'] : []), '-n', String(LINES_SHOWN), ...paths]
  await new Promise<void>((resolve, reject) => {
    const tail = spawn('tail', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    tail.once('error', reject)
    tail.once('exit', () => resolve())
  })
}
