import { describe, expect, test } from 'vitest'
import { goTally, vitestTally } from './tally.ts'

describe('vitestTally', () => {
  const report = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, testResults: [] }

  test('counts passed, failed and skipped tests', () => {
    expect(vitestTally(JSON.stringify(report))).toEqual({ passed: 3, failed: 1, skipped: 2 })
  })

  test('counts a file that failed to load as one failed test', () => {
    const broken = { ...report, testResults: [{ status: 'failed', assertionResults: [] }] }
    expect(vitestTally(JSON.stringify(broken)).failed).toBe(2)
  })

  test('takes a report without numbers for a failure', () => {
    expect(vitestTally('{}')).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe('goTally', () => {
  const event = (fields: object) => JSON.stringify({ Package: 'p', ...fields })

  test('counts tests, not packages, and keeps the output of failed ones', () => {
    const lines = [
      event({ Action: 'pass', Test: 'TestA' }),
      event({ Action: 'output', Test: 'TestB', Output: 'why\n' }),
      event({ Action: 'fail', Test: 'TestB' }),
      event({ Action: 'skip', Test: 'TestC' }),
      event({ Action: 'fail' }),
    ]
    expect(goTally(lines.join('\n'))).toEqual({ tally: { passed: 1, failed: 1, skipped: 1 }, failures: 'why\n' })
  })

  test('counts a package that does not compile as one failed test', () => {
    expect(goTally(event({ Action: 'fail' })).tally).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})
