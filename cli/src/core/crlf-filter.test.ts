// \r\n to \n over arbitrary chunking.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CrlfState } from './crlf-filter.ts'
import { dropCarriageReturns, flushCarriageReturn } from './crlf-filter.ts'

it('[exec] turns \\r\\n into \\n wherever it is cut, and keeps every other byte', () => {
  const text = fc.array(fc.constantFrom('\r', '\n', 'a', 'ä'), { maxLength: 60 }).map(parts => parts.join(''))
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (input, size) => {
      let state: CrlfState = 'plain'
      const output: number[] = []
      for (let at = 0; at < Buffer.byteLength(input); at += size) {
        const [next, bytes] = dropCarriageReturns(state, Buffer.from(input).subarray(at, at + size))
        state = next
        output.push(...bytes)
      }
      output.push(...flushCarriageReturn(state))
      expect(Buffer.from(output).toString()).toBe(input.replaceAll('\r\n', '\n'))
    }),
  )
})
