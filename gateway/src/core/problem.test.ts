import { describe, expect, it } from 'vitest'
import { type ClusterFailure, clusterProblem } from './cluster-problem.ts'
import { HTTP_LIMITS } from './limits/http.ts'
import { PROBLEMS, type ProblemCode, problemBody, problemHeaders } from './problem.ts'

function refused(status: number, reason: string, message: string): ClusterFailure {
  return { kind: 'refused', status, reason, message }
}

describe('problems', () => {
  it('[G2] have type, title, status, detail and code, and a bounded detail', () => {
    const body = problemBody('no-such-session', 'x'.repeat(100_000))
    expect(body).toMatchObject({
      type: 'https://pocketconsole.dev/problems/no-such-session',
      title: 'There is no such session',
      status: 404,
      code: 'no-such-session',
    })
    expect(body.detail).toHaveLength(HTTP_LIMITS.DETAIL_CHARS_MAX)
  })

  it('[G23] every 401 says how to authenticate', () => {
    for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
      const names = Object.keys(problemHeaders(code, {}))
      expect(names.includes('WWW-Authenticate')).toBe(PROBLEMS[code].status === 401)
    }
  })

  it('[G10] Retry-After is whole seconds and at least 1', () => {
    expect(problemHeaders('rate-limited', { retryAfterS: 0.02 })).toEqual({ 'Retry-After': '1' })
    expect(problemHeaders('rate-limited', { retryAfterS: 2.1 })).toEqual({ 'Retry-After': '3' })
  })

  it.each([
    [
      'an invalid object',
      refused(422, 'Invalid', 'spec.idleTimeoutSeconds: too small'),
      'invalid-session',
      'too small',
    ],
    [
      'a string that is too long, which the API server counts in characters and calls bytes',
      refused(422, 'Invalid', 'spec.command[0]: Too long: may not be more than 8192 bytes'),
      'invalid-session',
      'more than 8192 characters',
    ],
    ['a bad request', refused(400, 'BadRequest', 'no'), 'invalid-session', 'no'],
    ['a name that exists', refused(409, 'AlreadyExists', 'demo already exists'), 'name-taken', 'already exists'],
    ['a conflict', refused(409, 'Conflict', 'changed'), 'conflict', 'changed'],
    ['a quota', refused(403, 'Forbidden', 'exceeded quota: sessions'), 'forbidden', 'exceeded quota'],
    ['an admission policy', refused(403, 'Forbidden', 'ValidatingAdmissionPolicy x denied'), 'forbidden', 'denied'],
    [
      'a missing permission',
      refused(403, 'Forbidden', 'x is forbidden: User "system:serviceaccount:a:b" cannot create'),
      'gateway-not-permitted',
      'its Role',
    ],
    ['refused credentials', refused(401, 'Unauthorized', 'Unauthorized'), 'gateway-not-permitted', 'credentials'],
    ['too many requests', refused(429, 'TooManyRequests', 'slow down'), 'cluster-unavailable', 'does not answer'],
    ['a fault', refused(500, 'InternalError', 'etcd'), 'cluster-unavailable', 'does not answer'],
    ['no answer', { kind: 'silent', message: 'ECONNREFUSED' } as const, 'cluster-unavailable', 'does not answer'],
  ] as const)('[G3] %s', (_title, failure, code, words) => {
    const problem = clusterProblem(failure, 'make the session')
    expect(problem.code).toBe(code)
    expect(problem.message).toContain(words)
  })

  it('[G3] no answer comes with Retry-After', () => {
    expect(clusterProblem({ kind: 'silent', message: '' }, 'x').headers.retryAfterS).toBe(
      HTTP_LIMITS.CLUSTER_RETRY_AFTER_S,
    )
  })
})
