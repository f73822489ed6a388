// From a POST to the object that is made of it: name, idempotency, slot (G1, G6, G7).
import { API_VERSION, APP_NAME, GROUP, type TerminalSession } from '@cpc/crds'
import type { CreateSessionBody } from './api-schemas.ts'
import { HTTP_LIMITS } from './limits/http.ts'
import { Problem } from './problem.ts'

/** Digest of owner and Idempotency-Key: marks the session a key belongs to. */
export const ANNOTATION_IDEMPOTENCY_KEY = `${GROUP}/idempotency-key`
/** Digest of the request's body, so that a key cannot stand for two requests. */
export const ANNOTATION_REQUEST = `${GROUP}/request`
/** Number of the owner's slot the session takes (G60). */
export const ANNOTATION_SLOT = `${GROUP}/slot`

/** Hex digits of a digest in a made-up name: 80 bits. */
const NAME_DIGITS = 20

/** An Idempotency-Key, or nothing. @throws Problem for one that is too long or has other characters */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  if (/^[\x20-\x7e]+$/.test(header) && header.length <= HTTP_LIMITS.IDEMPOTENCY_KEY_CHARS_MAX) return header
  throw new Problem(
    'bad-request',
    `Idempotency-Key must be 1 to ${HTTP_LIMITS.IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters.`,
  )
}

/** How long POST waits for Ready: `Prefer: wait=SECONDS` within its bound, else the default (G6). */
export function createWaitMs(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? '')?.[1]
  if (seconds === undefined) return HTTP_LIMITS.CREATE_WAIT_MS
  return Math.min(Number(seconds) * 1_000, HTTP_LIMITS.CREATE_WAIT_MS_MAX)
}

/** A request to make a session. Digests are hex SHA-256 of what they are named for. */
export interface CreateRequest {
  owner: string
  body: CreateSessionBody
  bodyDigest: string
  /** Digest of owner and key; absent without an Idempotency-Key. */
  keyDigest: string | undefined
}

/** The session's name: the one asked for; else made from the key, so that every replica makes the same; else random. */
export function sessionName(request: CreateRequest, randomHex: string): string {
  return request.body.name ?? `s-${(request.keyDigest ?? randomHex).slice(0, NAME_DIGITS)}`
}

/** The object to create. */
export function sessionManifest(request: CreateRequest, name: string, slot: number): TerminalSession {
  const { name: _name, ...chosen } = request.body
  return {
    apiVersion: API_VERSION,
    kind: 'TerminalSession',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/part-of': APP_NAME, 'app.kubernetes.io/managed-by': `${APP_NAME}-gateway` },
      annotations: {
        [ANNOTATION_SLOT]: String(slot),
        [ANNOTATION_REQUEST]: request.bodyDigest,
        ...(request.keyDigest === undefined ? {} : { [ANNOTATION_IDEMPOTENCY_KEY]: request.keyDigest }),
      },
    },
    // The API server fills in the CRD's defaults.
    spec: { ...chosen, owner: request.owner } as TerminalSession['spec'],
  }
}

export type Replay =
  | { kind: 'same' }
  /** The name is another request's, or somebody else's. */
  | { kind: 'taken' }
  /** The same key, another body. */
  | { kind: 'key-reused' }

/** What a session that already has the name is to this request (G7). */
export function replayOf(existing: TerminalSession, request: CreateRequest): Replay {
  const annotations = existing.metadata.annotations ?? {}
  const sameKey = request.keyDigest !== undefined && annotations[ANNOTATION_IDEMPOTENCY_KEY] === request.keyDigest
  if (!sameKey || existing.spec.owner !== request.owner) return { kind: 'taken' }
  return annotations[ANNOTATION_REQUEST] === request.bodyDigest ? { kind: 'same' } : { kind: 'key-reused' }
}

/** The problem of a replay that is not the same request. */
export function replayProblem(kind: 'taken' | 'key-reused', name: string): Problem {
  return kind === 'taken'
    ? new Problem('name-taken', `There is a session or another use of the name ${name} already. Choose another name.`)
    : new Problem(
        'idempotency-key-reused',
        'This Idempotency-Key was used with another body. Use a new key for a new request.',
      )
}

/** Slot number of a session, if a gateway made it. */
export function slotOf(session: TerminalSession): number | undefined {
  const text = session.metadata.annotations?.[ANNOTATION_SLOT]
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined
}
