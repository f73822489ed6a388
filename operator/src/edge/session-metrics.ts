// Metrics of sessions: how many stand where, how long a start takes, why they end.
import type { TerminalSession, TerminalSessionStatus } from '@cpc/crds'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { OnPhaseChange } from './apply.ts'

/** Seconds, from a warm start to a slow image pull. */
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600]

/** Registers the metrics. @param sessions every session there is, read at each scrape; @returns to be told of every written phase */
export function createSessionMetrics(registry: Registry, sessions: () => Iterable<TerminalSession>): OnPhaseChange {
  const registers = [registry]
  const ended = new Counter({
    name: 'pocket_console_sessions_ended_total',
    help: 'Sessions that ended, by phase (Ended, Failed) and reason.',
    labelNames: ['phase', 'reason'],
    registers,
  })
  const started = new Histogram({
    name: 'pocket_console_session_start_seconds',
    help: 'Seconds from the acceptance of the pod by its node to the attachable session, from times in whole seconds.',
    buckets: START_BUCKETS,
    registers,
  })
  new Gauge({
    name: 'pocket_console_sessions',
    help: 'TerminalSessions that exist, by phase.',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset()
      for (const { status } of sessions()) this.inc({ phase: status?.phase ?? 'Pending' })
    },
  })
  return (before, after) => {
    if (after.phase === 'Ended' || after.phase === 'Failed') {
      ended.inc({ phase: after.phase, reason: after.reason ?? '' })
    } else if (after.phase === 'Ready' && before.readyAt === undefined) {
      started.observe(startSeconds(after))
    }
  }
}

function startSeconds({ startedAt, readyAt }: TerminalSessionStatus): number {
  return Math.max(0, (Date.parse(readyAt ?? '') - Date.parse(startedAt ?? '')) / 1000)
}
