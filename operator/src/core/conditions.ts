// Conditions: only what is measured. The proofs of design 5 (network, process limit, root file system) have their own once they are measured.
import { MESSAGE_LENGTH_MAX, type TerminalSessionCondition, type TerminalSessionStatus } from '@cpc/crds'
import { formatTime } from './time.ts'

export interface Statement {
  type: 'Ready' | 'PodReady'
  status: 'True' | 'False'
  reason: string
  message: string
}

/** The conditions after `statements`; what did not change keeps its transition time, and types of others are kept. */
export function conditionsAfter(
  before: TerminalSessionStatus,
  statements: readonly Statement[],
  generation: number,
  nowMs: number,
): TerminalSessionCondition[] {
  const stated = statements.map(statement => {
    const old = before.conditions?.find(({ type }) => type === statement.type)
    const lastTransitionTime = old?.status === statement.status ? old.lastTransitionTime : formatTime(nowMs)
    return { ...statement, message: bounded(statement.message), lastTransitionTime, observedGeneration: generation }
  })
  const others = (before.conditions ?? []).filter(({ type }) => !stated.some(condition => condition.type === type))
  return [...stated, ...others]
}

/** A message as long as status may carry. */
export function bounded(message: string): string {
  return message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
}
