// Binds an Idempotency-Key to one request as a Lease (G7). The rules are in core/key-claim.ts; here they meet the API server.
import { isAlreadyExists, isConflict, isNotFound } from '@cpc/kube'
import { type KeyedRequest, keyLease, keyLeaseName, keyVerdict } from '../core/key-claim.ts'
import { replayProblem } from '../core/create-request.ts'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { Problem } from '../core/problem.ts'
import { takenOver } from '../core/slots.ts'
import { type Claim, type ClaimContext, LEASES } from './claims.ts'
import type { SessionDirectory } from './session-directory.ts'

const CALL = { timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS }

export interface KeyKeeperOptions extends ClaimContext {
  directory: Pick<SessionDirectory, 'find'>
  /** Since the epoch. */
  wallMs: () => number
}

/** Takes the key for a request. @throws Problem when it stands for another; ApiError, TransportError */
export async function claimKey(options: KeyKeeperOptions, request: KeyedRequest, sessionName: string): Promise<Claim> {
  const { client, namespace, wallMs } = options
  const wanted = keyLease(request, sessionName, wallMs())
  try {
    return { lease: await client.create(LEASES, wanted, { namespace, ...CALL }), kind: 'taken' }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  try {
    return await claimExisting(options, request, sessionName)
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    const words = 'Another request with this Idempotency-Key is under way. Try again.'
    throw new Problem('conflict', words, { retryAfterS: HTTP_LIMITS.PREPARING_RETRY_AFTER_S })
  }
}

async function claimExisting(options: KeyKeeperOptions, request: KeyedRequest, sessionName: string): Promise<Claim> {
  const { client, namespace, directory, wallMs } = options
  const lease = await client.get(LEASES, { namespace, name: keyLeaseName(request.keyDigest) }, CALL)
  const holder = lease.spec?.holderIdentity ?? ''
  const named = holder === '' ? undefined : await directory.find(holder)
  const verdict = keyVerdict(lease, named, request, wallMs())
  if (verdict === 'reused') throw replayProblem('key-reused', sessionName)
  if (verdict === 'same') return { lease, kind: 'shared' }
  const fresh = takenOver(lease, keyLease(request, sessionName, wallMs()))
  return { lease: await client.replace(LEASES, fresh, CALL), kind: 'taken' }
}
