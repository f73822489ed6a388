import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStatus } from './holder-exec.ts'

const line =
  '{"version":"dev","protocol":[1,1],"epoch":"9325abcfcd4c271c","shell":"running","claimed":true,"idleDeadlineMs":13624,"outHead":32,"clients":0}\n'

describe('[TS11] what `holder status` prints', () => {
  it('is read as far as readiness needs it', () => {
    expect(parseStatus(line)).toEqual({ kind: 'status', shell: 'running', claimed: true, idleDeadlineMs: 13_624 })
  })

  it.each([
    ['', /not JSON/],
    ['sh: not found', /not JSON/],
    ['{"shell":"happy","claimed":true,"idleDeadlineMs":1}', /not of the expected shape/],
    ['{"shell":"running","claimed":"yes","idleDeadlineMs":1}', /not of the expected shape/],
    ['[]', /not of the expected shape/],
  ])('is no answer: %s', (text, words) => {
    const answer = parseStatus(text)
    expect(answer.kind === 'failed' && answer.message).toMatch(words)
  })

  it('is never a reason to throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => void parseStatus(text)))
  })
})
