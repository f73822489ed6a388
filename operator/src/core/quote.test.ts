import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QUOTE_LENGTH_MAX, quoted, unwrapped } from './quote.ts'

describe('[TS24] words of other programs', () => {
  it.each([
    [undefined, ''],
    [' \n ', ''],
    ['holder: the folder cannot be written to\n', 'holder: the folder cannot be written to'],
    ['one\r\n\ttwo\u2028three', 'one two three'],
    ['\u001b[31mred\u001b[0m \u202etxet', '[31mred [0m txet'],
    ['café 日本 😀', 'café 日本 😀'],
  ])('%j become %j', (text, expected) => {
    expect(quoted(text)).toBe(expected)
  })

  it('are one printable, well-formed line within the bound, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3 * QUOTE_LENGTH_MAX, size: 'max' }), text => {
        const line = quoted(text)
        expect(line.length).toBeLessThanOrEqual(QUOTE_LENGTH_MAX)
        expect(line).not.toMatch(/\p{C}|[\p{Zl}\p{Zp}]/u)
        expect(line.isWellFormed()).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('are cut between characters, not within one', () => {
    expect(quoted(`${'x'.repeat(QUOTE_LENGTH_MAX - 1)}😀`)).toBe('x'.repeat(QUOTE_LENGTH_MAX - 1))
  })
})

describe('[TS25] an error that was wrapped twice', () => {
  it('says so once', () => {
    expect(unwrapped('Internal error occurred: Internal error occurred: ttrpc: closed')).toBe(
      'Internal error occurred: ttrpc: closed',
    )
    expect(unwrapped('Internal error occurred: ttrpc: closed')).toBe('Internal error occurred: ttrpc: closed')
    expect(unwrapped('exec refused')).toBe('exec refused')
  })
})
