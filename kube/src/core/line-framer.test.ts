import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineFramer } from './line-framer.ts'

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

describe('watch line framing', () => {
  it('[K27] gives the same lines however the bytes are cut, characters of several bytes included', () => {
    const line = fc.string({ unit: 'binary' }).map(text => `x${text.replaceAll('\n', '')}`)
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const framer = createLineFramer()
        const bytes = Buffer.from(lines.map(text => `${text}\n`).join(''))
        const got = cutAt(bytes, cuts).flatMap(chunk => framer.push(chunk).lines)
        expect(got).toEqual(lines.map(text => Buffer.from(text).toString()))
        expect(framer.pendingBytes).toBe(0)
      }),
    )
  })

  it('[K27] keeps a truncated line back', () => {
    const framer = createLineFramer()
    expect(framer.push(Buffer.from('{"a":1}\n{"b"')).lines).toEqual(['{"a":1}'])
    expect(framer.pendingBytes).toBe(4)
  })

  it('[K27] refuses a line above the limit, in one chunk or in many, and keeps those before it', () => {
    expect(createLineFramer(4).push(Buffer.from('abcd\nabcde\n'))).toEqual({ kind: 'too-long', lines: ['abcd'] })
    const framer = createLineFramer(4)
    expect(framer.push(Buffer.from('abc')).kind).toBe('lines')
    expect(framer.push(Buffer.from('de')).kind).toBe('too-long')
  })

  it('[K27] skips empty lines', () => {
    expect(createLineFramer().push(Buffer.from('\n\r\na\n\n'))).toEqual({ kind: 'lines', lines: ['a'] })
  })
})
