// ctrl-] and its commands, however the input is cut.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeysState } from './attach-keys.ts'
import { readKeys } from './attach-keys.ts'

function read(pieces: string[]): string[] {
  let state: KeysState = 'plain'
  const seen: string[] = []
  for (const piece of pieces) {
    const [next, items] = readKeys(state, Buffer.from(piece, 'latin1'))
    state = next
    for (const item of items)
      seen.push(item.kind === 'command' ? `<${item.command}>` : Buffer.from(item.bytes).toString('latin1'))
  }
  return seen
}

describe('readKeys', () => {
  it.each([
    [['abc'], ['abc']],
    [['a\x1ddb'], ['a', '<detach>', 'b']],
    [
      ['a\x1d', 'd'],
      ['a', '<detach>'],
    ],
    [['\x1d\x1d'], ['\x1d']],
    [['\x1d', '\x1dx'], ['\x1dx']],
    [['\x1dr\x1dt\x1dk'], ['<retry>', '<take-over>', '<keep-alive>']],
    [['\x1dq'], ['<help>']],
    [['\x1d?'], ['<help>']],
  ])('[attach] %j gives %j', (pieces, expected) => {
    expect(read(pieces)).toEqual(expected)
  })
  it('[attach] where the input is cut does not matter', () => {
    const text = fc
      .array(fc.constantFrom('a', '\x1d', 'd', '\x03', 'é'), { maxLength: 30 })
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, input => {
        const bytes = Buffer.from(input, 'latin1').toString('latin1')
        expect(read(Array.from(Buffer.from(bytes, 'latin1'), byte => String.fromCharCode(byte))).join('')).toBe(
          read([bytes]).join(''),
        )
      }),
    )
  })
})
