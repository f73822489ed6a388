import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeExecFrame,
  encodeExecInput,
  encodeInputEnd,
  EXEC_INPUT_FRAME_BYTES_MAX,
  parseExecStatus,
} from './exec-codec.ts'

describe('exec channel codec', () => {
  it('[K71] reads the channels, and an empty payload', () => {
    expect(decodeExecFrame(Buffer.from([1]))).toEqual({ kind: 'stdout', payload: Buffer.alloc(0) })
    expect(decodeExecFrame(Buffer.from([2, 65]))).toEqual({ kind: 'stderr', payload: Buffer.from('A') })
    expect(decodeExecFrame(Buffer.from([3, 65]))).toEqual({ kind: 'status', payload: Buffer.from('A') })
    expect(decodeExecFrame(Buffer.from([255, 1]))).toEqual({ kind: 'closed', channel: 1 })
  })

  it('[K71] ignores what it does not know', () => {
    for (const bytes of [[], [0, 1], [4, 1], [9, 9, 9], [255], [255, 1, 2]]) {
      expect(decodeExecFrame(Buffer.from(bytes))).toEqual({ kind: 'ignored' })
    }
  })

  it('[K73] cuts input into bounded frames that add up to it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200_000, size: 'max' }), bytes => {
        const frames = [...encodeExecInput(bytes)]
        expect(frames.every(frame => frame[0] === 0 && frame.length <= EXEC_INPUT_FRAME_BYTES_MAX + 1)).toBe(true)
        expect(Buffer.concat(frames.map(frame => frame.subarray(1))).equals(bytes)).toBe(true)
      }),
      { numRuns: 30 },
    )
    expect([...encodeExecInput(new Uint8Array())]).toEqual([])
  })

  it('[K74] ends input with exactly two bytes', () => {
    expect([...encodeInputEnd()]).toEqual([255, 0])
  })

  it('[K77] reads the exit', () => {
    expect(parseExecStatus('{"metadata":{},"status":"Success"}')).toEqual({ kind: 'exited', exitCode: 0 })
    const nonZero = (message: string) =>
      JSON.stringify({
        status: 'Failure',
        reason: 'NonZeroExitCode',
        message: 'command terminated with non-zero exit code',
        details: { causes: [{ reason: 'ExitCode', message }] },
      })
    expect(parseExecStatus(nonZero('130'))).toEqual({ kind: 'exited', exitCode: 130 })
    expect(parseExecStatus(nonZero('many'))).toMatchObject({ kind: 'failed', reason: 'NonZeroExitCode' })
    const failed = '{"status":"Failure","reason":"InternalError","message":"no such container","code":500}'
    expect(parseExecStatus(failed)).toMatchObject({
      kind: 'failed',
      reason: 'InternalError',
      message: 'no such container',
    })
  })

  it('[K77] waits for the rest of a status that comes in parts', () => {
    expect(parseExecStatus('{"status":"Suc')).toBeUndefined()
  })
})
