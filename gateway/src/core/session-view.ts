// A TerminalSession as the REST side shows it, and whether it can be attached to.
import type { TerminalSession } from '@cpc/crds'

/** Session as JSON. Absent fields are not known (yet). */
export interface SessionView {
  id: string
  owner: string
  phase: Phase
  reason?: string
  message?: string
  createdAt: string
  readyAt?: string
  expiresAt?: string
  endedAt?: string
  exitCode?: number
  conditions: Condition[]
  spec: Pick<
    TerminalSession['spec'],
    'image' | 'command' | 'resources' | 'idleTimeoutSeconds' | 'maxLifetimeSeconds' | 'runtimeClassName' | 'recording'
  >
}

type Status = NonNullable<TerminalSession['status']>
export type Phase = NonNullable<Status['phase']>
type Condition = NonNullable<Status['conditions']>[number]

/** The public form of a session. */
export function sessionView(session: TerminalSession): SessionView {
  const { metadata, spec, status = {} } = session
  const { image, command, resources, idleTimeoutSeconds, maxLifetimeSeconds, runtimeClassName, recording } = spec
  return withoutUndefined({
    id: metadata.name,
    owner: spec.owner,
    phase: phaseOf(session),
    reason: status.reason,
    message: status.message,
    createdAt: metadata.creationTimestamp ?? '',
    readyAt: status.readyAt,
    expiresAt: status.expiresAt,
    endedAt: status.endedAt,
    exitCode: status.exitCode,
    conditions: status.conditions ?? [],
    spec: withoutUndefined({
      image,
      command,
      resources,
      idleTimeoutSeconds,
      maxLifetimeSeconds,
      runtimeClassName,
      recording,
    }),
  })
}

/** A session nobody has looked at yet is Pending; one that is being deleted is Ending, whatever its status still says. */
export function phaseOf(session: TerminalSession): Phase {
  const phase = session.status?.phase ?? 'Pending'
  const over = phase === 'Ended' || phase === 'Failed'
  return session.metadata.deletionTimestamp !== undefined && !over ? 'Ending' : phase
}

export type Attachability =
  | { kind: 'attachable'; podName: string }
  /** It may become attachable. */
  | { kind: 'not-yet'; reason: string; message: string }
  /** It is over or ending. */
  | { kind: 'over'; reason: string; message: string }

/** Whether a terminal can be attached to the session now, and if not why, in the words of its Ready condition. */
export function attachability(session: TerminalSession): Attachability {
  const phase = phaseOf(session)
  const podName = session.status?.podName
  if (phase === 'Ready' && podName !== undefined) return { kind: 'attachable', podName }
  const over = phase === 'Ending' || phase === 'Ended' || phase === 'Failed'
  return { kind: over ? 'over' : 'not-yet', ...whyNot(session, phase) }
}

function whyNot(session: TerminalSession, phase: Phase): { reason: string; message: string } {
  const { conditions = [], reason, message } = session.status ?? {}
  const ready = conditions.find(condition => condition.type === 'Ready')
  const said = ready?.message ?? message ?? ''
  return {
    reason: ready?.reason ?? reason ?? phase,
    message: said === '' ? `Session ${session.metadata.name} is ${phase}.` : said,
  }
}

/** Whether sockets of the session should be told that it is over (G56). */
export function isOver(session: TerminalSession): boolean {
  const phase = phaseOf(session)
  return phase === 'Ended' || phase === 'Failed' || session.metadata.deletionTimestamp !== undefined
}

/** Newest first; equal times by name, so that the order is the same everywhere. */
export function newestFirst(a: TerminalSession, b: TerminalSession): number {
  const [timeA = '', timeB = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  if (timeA !== timeB) return timeA < timeB ? 1 : -1
  return a.metadata.name < b.metadata.name ? -1 : 1
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}
