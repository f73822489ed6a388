// Counts of tests, read from the reports of the runners. Pure.
import { z } from 'zod'

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NO_TESTS: Tally = { passed: 0, failed: 0, skipped: 0 }

export function addTallies(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })).default([]),
})

/** Vitest's JSON report. A file that failed before any of its tests ran counts as one failed test; an unreadable report too. */
export function vitestTally(json: string): Tally {
  const parsed = vitestReport.safeParse(JSON.parse(json))
  if (!parsed.success) return { passed: 0, failed: 1, skipped: 0 }
  const report = parsed.data
  const broken = report.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

const goEvent = z.object({
  Action: z.string(),
  Test: z.string().optional(),
  Package: z.string().default(''),
  Output: z.string().default(''),
})

type GoEvent = z.infer<typeof goEvent>

function goEvents(lines: string): GoEvent[] {
  return lines.split('\n').flatMap(line => {
    const event = line.startsWith('{') ? goEvent.safeParse(JSON.parse(line)).data : undefined
    return event === undefined ? [] : [event]
  })
}

/** What failed: tests, and packages that failed without a failed test (they did not compile, or were ended from outside). */
function goFailures(events: readonly GoEvent[]): GoEvent[] {
  const failed = events.filter(event => event.Action === 'fail')
  const withFailedTest = new Set(failed.filter(event => event.Test !== undefined).map(event => event.Package))
  return failed.filter(event => event.Test !== undefined || !withFailedTest.has(event.Package))
}

/** `go test -json`: a tally, and the output of what failed. */
export function goTally(lines: string): { tally: Tally; failures: string } {
  const events = goEvents(lines)
  const count = (action: string) => events.filter(event => event.Action === action && event.Test !== undefined).length
  const failed = goFailures(events)
  const failures = failed.flatMap(({ Package, Test }) =>
    events.filter(event => event.Package === Package && event.Test === Test).map(event => event.Output),
  )
  return {
    tally: { passed: count('pass'), failed: failed.length, skipped: count('skip') },
    failures: failures.join(''),
  }
}
