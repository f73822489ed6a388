// Leases that are taken for a session about to be made: tied to it once it exists, given back if it does not (G7, G62).
import type { TerminalSession } from '@cpc/crds'
import { type KubeClient, type Logger, defineResource, isConflict, isNotFound } from '@cpc/kube'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import type { Lease } from '../core/slots.ts'
import { SESSION_KIND } from './session-directory.ts'

export const LEASES = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  scope: 'namespaced',
})

const CALL = { timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS }

/** A Lease that was taken for a session. */
export interface Claim {
  lease: Lease
  /** `shared`: another request took it for the same session; it is not ours to give back. */
  kind: 'taken' | 'shared'
}

export interface ClaimContext {
  client: KubeClient
  namespace: string
  logger: Logger
}

/** Ties the Lease to the session, so that the cluster removes it with the session. Never throws. */
export async function bindClaim(context: ClaimContext, claim: Claim, session: TerminalSession): Promise<void> {
  const { name, uid } = session.metadata
  if (uid === undefined) return
  const ownerReferences = [{ ...SESSION_KIND, name, uid }]
  const body = { metadata: { ...versionOf(claim.lease), ownerReferences } }
  await quietly(context, 'bind', claim, ref => context.client.patch(LEASES, ref, { type: 'merge', body }, CALL))
}

/** After a creation that did not happen. Never throws: what stays is free after SLOT_PENDING_MS. */
export async function giveBackClaim(context: ClaimContext, claim: Claim): Promise<void> {
  if (claim.kind === 'shared') return
  const preconditions = versionOf(claim.lease)
  await quietly(context, 'give back', claim, ref => context.client.delete(LEASES, ref, { preconditions, ...CALL }))
}

function versionOf(lease: Lease): { uid?: string; resourceVersion?: string } {
  const { uid, resourceVersion } = lease.metadata
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

async function quietly(
  { namespace, logger }: ClaimContext,
  doing: string,
  claim: Claim,
  call: (ref: { namespace: string; name: string }) => Promise<unknown>,
): Promise<void> {
  const { name } = claim.lease.metadata
  try {
    await call({ namespace, name })
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return
    logger.warn(
      { lease: name, problem: error instanceof Error ? error.message : String(error) },
      `could not ${doing} a Lease`,
    )
  }
}
