// What `cpc attach` says on its status line.
import type { ClientStatus, Report } from '@cpc/protocol'
import { formatSeconds } from './duration.ts'
import { printable } from './problem.ts'

/** A disconnection shorter than this is not mentioned: most are over before a person could read of them. */
const QUIET_MS = 1_000

const LEAVE = 'ctrl-] d: leave'

/** The line while there is no attachment, or undefined while there is nothing to say. */
export function absenceLine(status: ClientStatus, absentMs: number, nowMs: number): string | undefined {
  if (absentMs < QUIET_MS) return undefined
  switch (status.phase) {
    case 'idle':
    case 'connecting':
    case 'opening':
      return `connecting... ${LEAVE}`
    case 'waiting': {
      const waitSeconds = Math.ceil(Math.max(0, status.retryAtMs - nowMs) / 1_000)
      return `not connected: ${printable(status.cause)} Next try in ${waitSeconds} s. ctrl-] r: now, ${LEAVE}`
    }
    case 'attached':
    case 'ended':
      return undefined
  }
}

/** What a report is worth saying, and whether it stays until something else is said. */
export interface Notice {
  text: string
  stays: boolean
}

/** The line for a report, or `clear` when an earlier one is over, or undefined when it is not for people. */
export function noticeFor(report: Report): Notice | 'clear' | undefined {
  switch (report.kind) {
    case 'gap':
      return { text: `${report.to - report.from} bytes of earlier output are gone`, stays: false }
    case 'restarted':
      return { text: 'the session was started anew; what is above belongs to the old one', stays: false }
    case 'input-lost':
      return { text: `${report.bytes.length} typed bytes were not sent`, stays: false }
    case 'event':
      return noticeForEvent(report.event)
    case 'attached':
      return viewerNotice(report.attached.lease)
    case 'latency':
    case 'input-room':
      return undefined
  }
}

function noticeForEvent(event: Extract<Report, { kind: 'event' }>['event']): Notice | 'clear' | undefined {
  switch (event.kind) {
    case 'idle-warning': {
      const left = formatSeconds(event.remainingMs / 1_000)
      return { text: `the session ends in ${left} unless something is typed. ctrl-] k: keep it`, stays: true }
    }
    case 'idle-reset':
      return 'clear'
    case 'lease':
      return viewerNotice(event.lease)
    case 'resized':
    case 'input-refused':
    case 'unknown':
      return undefined
  }
}

function viewerNotice(lease: number): Notice | undefined {
  return lease === 0 ? { text: 'you are watching; ctrl-] t: take the keyboard', stays: false } : undefined
}
