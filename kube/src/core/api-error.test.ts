import { describe, expect, it } from 'vitest'
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
  parseStatus,
} from './api-error.ts'

const error = (code: number, reason: string, causes: { reason: string }[] = []) =>
  new ApiError('GET /x', code, { reason, message: 'm', details: { causes } })

describe('refusals', () => {
  it('[K9] takes reason, message and details out of a Status', () => {
    const status = parseStatus(
      JSON.stringify({
        kind: 'Status',
        status: 'Failure',
        reason: 'Conflict',
        message: 'changed',
        code: 409,
        details: {
          name: 'a',
          kind: 'pods',
          retryAfterSeconds: 2,
          causes: [{ reason: 'R', message: 'm', field: '.f' }],
        },
      }),
    )
    expect(new ApiError('PUT /x', 409, status)).toMatchObject({
      message: 'PUT /x: 409 Conflict: changed',
      code: 409,
      reason: 'Conflict',
      details: { name: 'a', causes: [{ reason: 'R', message: 'm', field: '.f' }] },
      retryAfterMs: 2000,
    })
  })

  it('[K9] shows the words of an answer that is no Status, cut to a limit', () => {
    expect(parseStatus('<h1>Bad gateway</h1>').message).toBe('<h1>Bad gateway</h1>')
    expect(parseStatus('').message).toBe('empty answer')
    expect(parseStatus('[1]').message).toBe('[1]')
    expect(parseStatus('x'.repeat(100_000)).message?.length).toBeLessThan(5000)
  })

  it('[K9] survives fields of the wrong type', () => {
    const hostile = {
      kind: 'Status',
      reason: 3,
      message: ['x'],
      code: '409',
      details: { name: {}, causes: [null, 'x'] },
    }
    expect(parseStatus(JSON.stringify(hostile))).toEqual({ details: { causes: [] } })
  })

  it('[K9] has narrow helpers: a name that exists is no conflict', () => {
    expect(isConflict(error(409, 'Conflict'))).toBe(true)
    expect(isConflict(error(409, 'AlreadyExists'))).toBe(false)
    expect(isAlreadyExists(error(409, 'AlreadyExists'))).toBe(true)
    expect(isNotFound(error(404, 'NotFound'))).toBe(true)
    expect(isGone(error(410, 'Expired'))).toBe(true)
    expect(isForbidden(error(403, 'Forbidden'))).toBe(true)
    expect(isInvalid(error(422, 'Invalid'))).toBe(true)
    expect(isNamespaceTerminating(error(403, 'Forbidden', [{ reason: 'NamespaceTerminating' }]))).toBe(true)
    expect(isNotFound(new Error('404'))).toBe(false)
  })
})
