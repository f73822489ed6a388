// A session as the gateway tells it, checked for what this program uses. By hand, since a schema library would cost every
// `cpc ls` more time than the request.

interface SessionCondition {
  type: string
  status: string
  reason?: string
  message?: string
}

export interface Session {
  id: string
  owner: string
  phase: string
  reason?: string
  message?: string
  createdAt: string
  readyAt?: string
  expiresAt?: string
  endedAt?: string
  exitCode?: number
  conditions?: SessionCondition[]
  spec?: Record<string, unknown>
}

/** The session, or undefined when the answer is not one. */
export function asSession(value: unknown): Session | undefined {
  const fields = ['id', 'owner', 'phase', 'createdAt']
  return isRecord(value) && fields.every(field => typeof value[field] === 'string')
    ? (value as unknown as Session)
    : undefined
}

/** The items of a list, or undefined when the answer is not one. */
export function asSessionList(value: unknown): Session[] | undefined {
  const items =
    isRecord(value) && Array.isArray(value['items']) ? (value['items'] as unknown[]).map(asSession) : undefined
  return items?.every(item => item !== undefined) === true ? items : undefined
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a session can still become attachable: `over` cannot, `ready` is. */
export function sessionPromise(session: Session): 'ready' | 'coming' | 'over' {
  if (session.phase === 'Ready') return 'ready'
  return session.phase === 'Pending' || session.phase === 'Preparing' ? 'coming' : 'over'
}

/** For who wants to use a session that is over: why it is, and how to get another one of that name. */
export function overSentence(session: Session): string {
  const { id } = session
  return `${sessionSentence(session)} Nothing can be run in it any more. To start anew: cpc rm ${id}, then cpc create ${id}`
}

/** Why a session is as it is, as one sentence. */
export function sessionSentence({ id, phase, reason, message }: Session): string {
  const why = [reason, message].filter(part => part !== undefined && part !== '').join(': ')
  return why === '' ? `Session ${id} is ${phase}.` : `Session ${id} is ${phase}. ${why}`
}
