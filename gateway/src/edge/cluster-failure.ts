// From @cpc/kube's errors to plain data that core can judge (G3).
import { ApiError, TransportError } from '@cpc/kube'
import { type ClusterFailure, clusterProblem } from '../core/cluster-problem.ts'
import type { Problem } from '../core/problem.ts'

/** The failure of a call to the API server; undefined for an error that is our own. */
export function clusterFailure(error: unknown): ClusterFailure | undefined {
  if (error instanceof TransportError) return { kind: 'silent', message: error.message }
  if (!(error instanceof ApiError)) return undefined
  const { code, reason, serverMessage, retryAfterMs, details } = error
  const about = details.kind === undefined ? {} : { about: details.kind }
  const retry = retryAfterMs === undefined ? {} : { retryAfterS: retryAfterMs / 1_000 }
  return { kind: 'refused', status: code, reason, message: serverMessage, ...about, ...retry }
}

/** What to throw for an error of a call. `doing` completes "The gateway could not …". */
export function asProblem(error: unknown, doing: string): Problem | Error {
  const failure = clusterFailure(error)
  if (failure) return clusterProblem(failure, doing)
  return error instanceof Error ? error : new Error(String(error))
}
