// The close-code table against SPEC.md section 9.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLOSE_CODES, closeKind, closeReason, findCloseCode } from './close-codes.ts'
import { closeNameOfError, ERROR_CLOSE_NAMES } from './error-codes.ts'
import { LIMITS } from './limits.ts'

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
const rows = [...spec.matchAll(/^\| (\d{4}) \| .*\| (.*) \|$/gm)].map(([, code, does]) => ({
  code: Number(code),
  does,
}))

describe('[X1] which is which', () => {
  it('[X1] every code of SPEC.md section 9 is in the table, and is what it says there', () => {
    expect(rows.length).toBeGreaterThan(10)
    for (const { code, does = '' } of rows) {
      const expected = code === 4401 ? 'fresh-ticket' : does.startsWith('ends') ? 'final' : 'retriable'
      expect({ code, kind: findCloseCode(code)?.kind }).toEqual({ code, kind: expected })
    }
  })
  it('[X1] codes are unique; unknown ones below 4000 retry, others end', () => {
    const codes = Object.values(CLOSE_CODES).map(row => row.code)
    expect(new Set(codes).size).toBe(codes.length)
    expect([1005, 1011, 3000].map(closeKind)).toEqual(['retriable', 'retriable', 'retriable'])
    expect([1000, 4401, 4999].map(closeKind)).toEqual(['final', 'fresh-ticket', 'final'])
  })
  it('[F8] every ERROR code has a close; an unknown one counts as a broken way to the pod', () => {
    expect(Object.keys(ERROR_CLOSE_NAMES).map(closeNameOfError)).toEqual(Object.values(ERROR_CLOSE_NAMES))
    expect(closeNameOfError('toString')).toBe('upstream')
  })
})

describe('[X2] reasons', () => {
  it('[X2] are cut to 123 bytes, never inside a character', () => {
    const cut = closeReason('ü'.repeat(100), LIMITS.CLOSE_REASON_BYTES_MAX)
    expect(cut).toBe('ü'.repeat(61))
    expect(closeReason('short', LIMITS.CLOSE_REASON_BYTES_MAX)).toBe('short')
  })
})
