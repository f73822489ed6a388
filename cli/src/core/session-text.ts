// Sessions as people read them: the table of `cpc ls`, the list of `cpc get`.
import { formatSeconds } from './duration.ts'
import { printable } from './problem.ts'
import type { Session } from './session.ts'

/** Rows under a heading, columns as wide as their widest cell, two blanks between. */
function renderTable(heading: string[], rows: string[][]): string {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [heading, ...rows].map(line).join('\n')
}

/** The table of `cpc ls`. */
export function renderSessions(sessions: Session[], nowMs: number): string {
  const rows = sessions.map(session => [
    session.id,
    session.phase,
    cell(session.reason),
    since(session.createdAt, nowMs),
    until(session, nowMs),
    cell(session.spec?.['image']),
  ])
  return renderTable(['NAME', 'PHASE', 'REASON', 'AGE', 'EXPIRES', 'IMAGE'], rows)
}

/** All there is to know about one session. */
export function renderSession(session: Session, nowMs: number): string {
  const facts: [string, unknown][] = [
    ['name', session.id],
    ['owner', session.owner],
    ['phase', session.phase],
    ['reason', session.reason],
    ['message', session.message],
    ['exit code', session.exitCode],
    ['created', ago(session.createdAt, nowMs)],
    ['ready', ago(session.readyAt, nowMs)],
    ['ended', ago(session.endedAt, nowMs)],
    ['expires', session.endedAt === undefined ? ahead(session.expiresAt, nowMs) : undefined],
    ...Object.entries(session.spec ?? {}),
    ...(session.conditions ?? []).map(({ type, status, message }): [string, unknown] => [
      type,
      [status, message].filter(part => part !== undefined && part !== '').join(': '),
    ]),
  ]
  const known = facts.filter(([, value]) => value !== undefined)
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join('\n')
}

function cell(value: unknown): string {
  if (value === undefined || value === '') return '-'
  return printable(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\n', ' ')
}

function since(time: string, nowMs: number): string {
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? '-' : formatSeconds((nowMs - ms) / 1_000)
}

function until({ endedAt, expiresAt }: Session, nowMs: number): string {
  const ms = Date.parse(expiresAt ?? '')
  return endedAt !== undefined || Number.isNaN(ms) ? '-' : formatSeconds((ms - nowMs) / 1_000)
}

function ago(time: string | undefined, nowMs: number): string | undefined {
  return time === undefined ? undefined : `${time} (${since(time, nowMs)} ago)`
}

function ahead(time: string | undefined, nowMs: number): string | undefined {
  return time === undefined ? undefined : `${time} (in ${formatSeconds((Date.parse(time) - nowMs) / 1_000)})`
}
