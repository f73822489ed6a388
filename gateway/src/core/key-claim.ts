// Who may use an Idempotency-Key (G7): a Lease named after owner and key, which says which body the key stands for.
import { APP_NAME, GROUP, type TerminalSession } from '@cpc/crds'
import { ANNOTATION_IDEMPOTENCY_KEY, ANNOTATION_REQUEST, type CreateRequest } from './create-request.ts'
import { type Lease, acquisition, mayStillBeMade } from './slots.ts'

/** A request that has a key. */
export type KeyedRequest = CreateRequest & { keyDigest: string }

/** Label of every key Lease, so that people can list them. */
const LABEL_KEY = `${GROUP}/idempotency-key`

/** Hex digits of the digest of owner and key in a Lease's name: 160 bits, which nobody makes meet on purpose. */
const KEY_DIGITS = 40

/** Name of the Lease of a key. */
export function keyLeaseName(keyDigest: string): string {
  return `key-${keyDigest.slice(0, KEY_DIGITS)}`
}

/** The Lease that binds a key to a request. @param nowMs since the epoch */
export function keyLease(request: KeyedRequest, sessionName: string, nowMs: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: keyLeaseName(request.keyDigest),
      labels: { [LABEL_KEY]: 'true', 'app.kubernetes.io/part-of': APP_NAME, 'app.kubernetes.io/component': 'gateway' },
      annotations: { [ANNOTATION_REQUEST]: request.bodyDigest },
    },
    spec: acquisition(sessionName, nowMs),
  }
}

/**
 * What a key's Lease says to a request with that key. `free`: its session is gone, or was never made. `same`: this very
 * request is being answered elsewhere. `reused`: the key stands for another body.
 * @param named the session whose name the Lease holds, or undefined if there is none
 */
export function keyVerdict(
  lease: Lease,
  named: TerminalSession | undefined,
  request: KeyedRequest,
  nowMs: number,
): 'free' | 'same' | 'reused' {
  const isMade = named !== undefined && hasKey(named, request)
  if (!isMade && !mayStillBeMade(lease, nowMs)) return 'free'
  return lease.metadata.annotations?.[ANNOTATION_REQUEST] === request.bodyDigest ? 'same' : 'reused'
}

/** Whether a session was made with the request's owner and key. */
export function hasKey(session: TerminalSession, request: KeyedRequest): boolean {
  return (
    session.spec.owner === request.owner &&
    session.metadata.annotations?.[ANNOTATION_IDEMPOTENCY_KEY] === request.keyDigest
  )
}

/** The request as one that has a key, or undefined. */
export function keyed(request: CreateRequest): KeyedRequest | undefined {
  const { keyDigest } = request
  return keyDigest === undefined ? undefined : { ...request, keyDigest }
}
