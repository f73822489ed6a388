// Brings the running processes to the plan: starts what is missing, restarts what changed or does not answer.
import { byStage, decide, type Start } from '../core/health.ts'
import type { Layout } from '../core/layout.ts'
import type { ProcessPlan } from '../core/process-plan.ts'
import { AGENT_STAGES, FOUNDATION_STAGES } from '../core/processes.ts'
import { launch, processKey } from './launch.ts'
import { endOfLog, logPath } from './logs.ts'
import { works } from './probes.ts'
import { end, lives, waitUntil } from './process-table.ts'
import { step } from './progress.ts'
import { forgetRecord, livingRecords, type ProcessRecord } from './records.ts'

const PROBE_TIMEOUT_MS = 90_000
/** A process that was running already should answer at once; else it is started again. */
const PROBE_TIMEOUT_KEPT_MS = 10_000
/** The API server would wait a minute for its watchers, the policy agent five seconds for nothing. */
const END_GRACE_MS = 2_000
const LOG_LINES_SHOWN = 15

async function complaint(layout: Layout, plan: ProcessPlan, what: string): Promise<Error> {
  const path = logPath(layout, plan.name)
  return new Error(`${plan.name} ${what}. The end of ${path}:\n${await endOfLog(path, LOG_LINES_SHOWN)}`)
}

/** Waits until a process does what it is there for. */
async function awaitWorking(layout: Layout, plan: ProcessPlan, record: ProcessRecord): Promise<void> {
  await waitUntil(
    async () => !(await lives(record.identity)) || (await works(layout, record.identity, plan.probe)),
    PROBE_TIMEOUT_MS,
  )
  if (!(await lives(record.identity))) throw await complaint(layout, plan, 'ended right after its start')
  if (await works(layout, record.identity, plan.probe)) return
  throw await complaint(layout, plan, `does not work after ${PROBE_TIMEOUT_MS / 1000} s`)
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
      Promise.all(stage.map(async ({ plan }) => awaitWorking(layout, plan, await launch(layout, plan)))),
    )
  }
}

/**
 * Starts what is missing or changed, then once more what runs but does not answer.
 * @param equip gives the agents what they need, as soon as the API server and the runtimes work
 * @returns how many processes were started
 */
export async function converge(
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
