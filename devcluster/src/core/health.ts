// Which processes have to be started, and why: the difference between the plan and what runs.
import type { ProcessPlan } from './process-plan.ts'

export interface ObservedProcess {
  /** What the running process was started from: command, environment, namespaces, contents of the files it read. */
  readonly key: string
}

type StartReason = 'not running' | 'changed' | 'a process it depends on starts again' | 'does not answer'

export interface Start {
  readonly plan: ProcessPlan
  readonly reason: StartReason
}

export interface Decision {
  /** In the order of the plan. */
  readonly starts: readonly Start[]
  /** Names of processes that run and are not in the plan. */
  readonly stops: readonly string[]
}

/**
 * Compares the plan with what runs.
 * @param keys the key each planned process would be started with
 * @param running processes that are alive, by name
 */
export function decide(
  plans: readonly ProcessPlan[],
  keys: Readonly<Record<string, string>>,
  running: ReadonlyMap<string, ObservedProcess>,
): Decision {
  const reasons = new Map<string, StartReason>()
  for (const plan of plans) {
    const found = running.get(plan.name)
    if (found === undefined) reasons.set(plan.name, 'not running')
    else if (found.key !== keys[plan.name]) reasons.set(plan.name, 'changed')
  }
  for (const plan of plans) {
    if (!reasons.has(plan.name)) continue
    for (const dependent of plan.restartWith) {
      if (!reasons.has(dependent)) reasons.set(dependent, 'a process it depends on starts again')
    }
  }
  const planned = new Set(plans.map(plan => plan.name))
  return {
    starts: plans.flatMap(plan => {
      const reason = reasons.get(plan.name)
      return reason === undefined ? [] : [{ plan, reason }]
    }),
    stops: [...running.keys()].filter(name => !planned.has(name)),
  }
}

/** Groups starts by stage; everything of one group may start at the same time. */
export function byStage(starts: readonly Start[]): Start[][] {
  const stages = [...new Set(starts.map(start => start.plan.stage))].sort((left, right) => left - right)
  return stages.map(stage => starts.filter(start => start.plan.stage === stage))
}
