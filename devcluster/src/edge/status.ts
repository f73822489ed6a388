// `status` and `logs`: what a person wants to know about a cluster, without changing anything.
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layout } from '../core/layout.ts'
import type { ProcessPlan } from '../core/process-plan.ts'
import { works } from './probes.ts'
import { livingRecords } from './records.ts'

export interface ProcessStatus {
  readonly name: string
  readonly state: 'works' | 'does not answer' | 'not running'
  readonly pid: number | undefined
}

/** The state of every planned process. */
export async function statusOf(layout: Layout, plans: readonly ProcessPlan[]): Promise<ProcessStatus[]> {
  const running = await livingRecords(layout.recordDir)
  return Promise.all(
    plans.map(async ({ name, probe }): Promise<ProcessStatus> => {
      const identity = running.get(name)?.identity
      if (identity === undefined) return { name, state: 'not running', pid: undefined }
      const state = (await works(layout, identity, probe)) ? 'works' : 'does not answer'
      return { name, state, pid: identity.pid }
    }),
  )
}

/**
 * Shows the end of logs through `tail`, which the caller's terminal belongs to until it ends.
 * @param component part of a process's name; all logs when undefined
 */
export async function showLogs(layout: Layout, component: string | undefined, follow: boolean): Promise<void> {
  const names = (await readdir(layout.logDir).catch(() => [])).filter(name => name.endsWith('.log')).sort()
  const chosen = names.filter(name => component === undefined || name.includes(component))
  if (chosen.length === 0) {
    throw new Error(
      `No log${component === undefined ? '' : ` of ${component}`} in ${layout.logDir}. There are: ${names.join(', ') || 'none'}`,
    )
  }
  const args = [...(follow ? ['-f'] : []), '-n', '100', ...chosen.map(name => join(layout.logDir, name))]
  await new Promise<void>((resolve, reject) => {
    const tail = spawn('tail', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    tail.once('error', reject)
    tail.once('exit', () => resolve())
  })
}
