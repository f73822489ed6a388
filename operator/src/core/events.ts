// What is told as a Kubernetes event: the changes of a session a person wants to find in `kubectl describe`.
import { REASONS, type Reason, type TerminalSessionStatus } from '@cpc/crds'
import type { EventNote } from './plan.ts'

/** Waits everybody goes through. They are in status, and no news. */
const ORDINARY: ReadonlySet<string> = new Set<Reason>([
  'PolicyPending',
  'PodPending',
  'ContainersStarting',
  'ShellStarting',
])

/** The events of one change of status, in order. Same status: none. */
export function eventsOf(before: TerminalSessionStatus, after: TerminalSessionStatus): EventNote[] {
  const events: EventNote[] = []
  if (after.podUID !== undefined && before.podUID === undefined) {
    events.push({
      type: 'Normal',
      reason: 'PodCreated',
      action: 'CreatePod',
      note: `Created the pod ${after.podName ?? ''}.`,
    })
  }
  if (before.phase === after.phase && before.reason === after.reason) return events
  const change = changeOf(before, after)
  return change ? [...events, change] : events
}

function changeOf(before: TerminalSessionStatus, after: TerminalSessionStatus): EventNote | undefined {
  const note = after.message ?? ''
  const reason = reasonOf(after)
  switch (after.phase) {
    case 'Ready':
      return { type: 'Normal', reason: 'Ready', action: 'StartShell', note: 'The shell runs, and can be attached to.' }
    case 'Ended':
      return { type: 'Normal', reason, action: 'EndSession', note }
    case 'Failed':
      return { type: 'Warning', reason, action: 'EndSession', note }
    case 'Ending':
      // The other ends are told when they are over; a deleted session will not be there to be told of.
      return reason === 'Deleted' ? { type: 'Normal', reason, action: 'EndSession', note } : undefined
    case 'Pending':
    case 'Preparing':
      return isNews(before, reason) ? { type: 'Warning', reason, action: 'StartShell', note } : undefined
    case undefined:
      return undefined
  }
}

function isNews(before: TerminalSessionStatus, reason: string): boolean {
  return !ORDINARY.has(reason) && before.reason !== reason
}

function reasonOf({ reason }: TerminalSessionStatus): string {
  return reason !== undefined && Object.hasOwn(REASONS, reason) ? reason : 'Unknown'
}
