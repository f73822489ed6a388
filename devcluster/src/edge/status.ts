// `status`: what a person wants to know about a cluster, without changing anything.
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
