import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { NOW, ended, planFor, readyObserved, readyStatus, writtenStatus } from '../../test/builders.ts'
import { EARLY_END_MS, exitMessage } from './exit-code.ts'
import { formatTime } from './time.ts'

/** What status says of a session whose shell exited now with `code`. */
function messageOf(code: number, readyAtMs: number | undefined): string | undefined {
  const { readyAt: _, ...neverReady } = readyStatus()
  const status = readyAtMs === undefined ? neverReady : readyStatus({ readyAt: formatTime(readyAtMs) })
  const message = JSON.stringify({ reason: 'Exited', exitCode: code })
  const containers = [ended('shell'), ended('holder', { message, finishedAtMs: NOW })]
  return writtenStatus(planFor(readyObserved({ phase: 'Succeeded', ready: false, containers }, { status }))).message
}

describe('[TS26] the exit code in words', () => {
  it.each<[number, readyAtMs: number | undefined, RegExp]>([
    [127, undefined, /code 127: the command was not found in the image; check spec\.command/],
    [127, NOW - EARLY_END_MS, /code 127: the command was not found in the image; check spec\.command/],
    [126, undefined, /code 126: the command could not be executed; check spec\.command/],
    [126, NOW - 1000, /code 126: the command could not be executed/],
    [127, NOW - EARLY_END_MS - 1000, /^The shell exited with code 127\.$/],
    [126, NOW - 600_000, /^The shell exited with code 126\.$/],
    [0, undefined, /^The shell exited with code 0\.$/],
    [128, undefined, /^The shell exited with code 128\.$/],
    [137, NOW - 600_000, /^The shell exited with code 137 \(128 \+ 9: SIGKILL\)\.$/],
    [255, undefined, /^The shell exited with code 255\.$/],
  ])('%d, ready at %j', (code, readyAtMs, words) => {
    expect(messageOf(code, readyAtMs)).toMatch(words)
  })

  it('names every signal as Linux does', () => {
    const { SIGIOT: _iot, SIGPOLL: _poll, ...names } = constants.signals
    const known = Object.entries(names).filter(([, number]) => number <= 31)
    expect(known.length).toBeGreaterThan(25)
    for (const [name, number] of known) expect(exitMessage(128 + number, 0)).toContain(`(128 + ${number}: ${name})`)
  })
})
