import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TERMINATION_MESSAGE_BYTES_MAX } from './limits.ts'
import { parseTerminationMessage } from './termination-message.ts'

const wellFormed = {
  reason: 'Exited',
  exitCode: 7,
  lastInputAt: '2026-01-01T00:00:00Z',
  outputBytes: 12,
  unfetchedRecords: 0,
}

describe('[TS13] the termination message is checked before anything believes it', () => {
  it('accepts what the holder writes', () => {
    expect(parseTerminationMessage(JSON.stringify(wellFormed))).toEqual({ kind: 'valid', message: wellFormed })
  })

  it('accepts nulls for what did not happen', () => {
    const idle = { ...wellFormed, reason: 'Idle', exitCode: null, lastInputAt: null }
    expect(parseTerminationMessage(JSON.stringify(idle)).kind).toBe('valid')
  })

  it.each([undefined, ''])('%j is a missing message', text => {
    expect(parseTerminationMessage(text)).toEqual({ kind: 'missing' })
  })

  it.each([
    ['not JSON', '{'],
    ['not JSON', 'panic: runtime error'],
    ['not of the expected shape', 'null'],
    ['not of the expected shape', '[]'],
    ['not of the expected shape', JSON.stringify({ ...wellFormed, reason: 'OutOfMemory' })],
    ['not of the expected shape', JSON.stringify({ ...wellFormed, reason: 'Lifetime' })],
    ['not of the expected shape', JSON.stringify({ ...wellFormed, exitCode: 256 })],
    ['not of the expected shape', JSON.stringify({ ...wellFormed, exitCode: '7' })],
    ['not of the expected shape', JSON.stringify({ ...wellFormed, outputBytes: -1 })],
  ])('is invalid when %s: %s', (problem, text) => {
    expect(parseTerminationMessage(text)).toEqual({ kind: 'invalid', problem })
  })

  it('refuses more than 4 KiB without parsing it', () => {
    const padded = JSON.stringify({ ...wellFormed, lastInputAt: ' '.repeat(TERMINATION_MESSAGE_BYTES_MAX) })
    expect(parseTerminationMessage(padded)).toEqual({ kind: 'invalid', problem: 'longer than 4 KiB' })
  })

  it('never throws, whatever the pod writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 5000 }), fc.json()), text => {
        expect(['valid', 'missing', 'invalid']).toContain(parseTerminationMessage(text).kind)
      }),
    )
  })
})
