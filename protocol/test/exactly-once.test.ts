// Every byte exactly once in both directions, however the network behaves: random runs on virtual time.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../src/index.ts'
import { SimulatedHolder } from './simulated-holder.ts'
import type { Cut } from './simulated-network.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { Terminal } from './terminal.ts'
import { VirtualClock } from './virtual-clock.ts'

type Action =
  | { do: 'print' | 'type'; bytes: number }
  | { do: 'cut'; how: Cut }
  | { do: 'hint' | 'rival' | 'take-over' | 'resize' | 'forget' }

interface Run {
  seed: number
  actions: { afterMs: number; action: Action }[]
  windowBytes: number
  ringBytes: number
  /** Chance that a try is refused. */
  refusals: number
  /** Longest delay of a frame, of parsing a delivery, of writing input to the pty. */
  delayMs: number
  parseMs: number
  writeMs: number
}

const bytes = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50_000 }))
const traffic: fc.Arbitrary<Action> = fc.record({ do: fc.constantFrom('print', 'type'), bytes })
const cut: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('cut' as const),
  how: fc.constantFrom<Cut>('full', 'ghost', 'half-open', 'restart', 'exec'),
})
const nudge: fc.Arbitrary<Action> = fc.record({ do: fc.constantFrom('hint', 'resize') })
const rivalry: fc.Arbitrary<Action> = fc.record({ do: fc.constantFrom('rival', 'take-over') })
const forgetting: fc.Arbitrary<Action> = fc.record({ do: fc.constant('forget') })

function runOf(action: fc.Arbitrary<Action>, ringBytes: fc.Arbitrary<number>): fc.Arbitrary<Run> {
  const afterMs = fc.oneof(
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 1_500 }),
    fc.integer({ min: 0, max: 40_000 }),
  )
  return fc.record({
    seed: fc.integer(),
    actions: fc.array(fc.record({ afterMs, action }), { minLength: 1, maxLength: 40 }),
    windowBytes: fc.integer({ min: LIMITS.WINDOW_BYTES_MIN, max: LIMITS.WINDOW_BYTES_MAX }),
    ringBytes,
    refusals: fc.constantFrom(0, 0.3, 0.8),
    delayMs: fc.constantFrom(0, 5, 200),
    parseMs: fc.constantFrom(0, 20, 3_000),
    writeMs: fc.constantFrom(0, 20, 20_000),
  })
}

/** A small generator with a seed, so that a failing run can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function play(run: Run) {
  const random = randomFrom(run.seed)
  const clock = new VirtualClock()
  let calm = false
  const holder = new SimulatedHolder({
    ringBytes: run.ringBytes,
    windowBytes: run.windowBytes,
    later: write => clock.schedule(random() * run.writeMs, write),
    repeatAcks: true,
  })
  const network = new SimulatedNetwork(clock, holder, {
    delayMs: () => random() * run.delayMs,
    refuse: () => !calm && random() < run.refusals,
  })
  const terminal = new Terminal({
    clock,
    random,
    openSocket: events => network.openSocket(events),
    parseMs: () => random() * run.parseMs,
  })
  terminal.client.start()
  const takeovers: { typed: number; read: number }[] = []
  const noise = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 256))
  for (const { afterMs, action } of run.actions) {
    await clock.advance(afterMs)
    perform(action)
  }
  // Every failure above ends here: whatever happened, a calm network brings the terminal back within two of the longest
  // back-offs, the patience of a PING, and the time for what is left.
  calm = true
  await clock.advance(4 * LIMITS.BACKOFF_MS_MAX)
  return { terminal, holder, network, takeovers }

  function perform(action: Action): void {
    switch (action.do) {
      case 'print':
        holder.print(noise(action.bytes))
        return
      case 'type':
        terminal.type(Uint8Array.from(noise(action.bytes)))
        return
      case 'cut':
        network.cut(action.how)
        return
      case 'hint':
        terminal.client.hint()
        return
      case 'rival':
        holder.rivalTakesOver()
        // What is typed before the first ATTACHED is under no lease yet.
        if (terminal.reports.some(({ kind }) => kind === 'attached'))
          takeovers.push({ typed: terminal.typed.length, read: holder.read.length })
        return
      case 'take-over':
        terminal.client.takeOver()
        return
      case 'resize':
        terminal.client.resize(1 + Math.floor(random() * 200), 24)
        return
      case 'forget':
        holder.forgetDetached()
    }
  }
}

/** Whether `part` appears in `whole` in order, not necessarily adjacent. */
function isSubsequence(part: number[], whole: number[]): boolean {
  let at = 0
  for (const byte of whole) if (at < part.length && part[at] === byte) at++
  return at === part.length
}

function expectOutputWhole({ terminal, holder }: Awaited<ReturnType<typeof play>>): void {
  expect(terminal.position).toBe(holder.printed.length)
  for (const { at, bytes: got } of terminal.output) {
    expect(Buffer.compare(got, Uint8Array.from(holder.printed.slice(at, at + got.length)))).toBe(0)
  }
}

describe('exactly once', () => {
  it('[I1] [I2] [R6] [P3] through cuts of every kind, every byte arrives once, both ways', async () => {
    await fc.assert(
      fc.asyncProperty(runOf(fc.oneof(traffic, traffic, cut, nudge), fc.constant(LIMITS.RING_BYTES * 4)), async run => {
        const played = await play(run)
        const { terminal, holder } = played
        expect(terminal.client.status).toMatchObject({ phase: 'attached' })
        expect(holder.offences).toEqual([])
        expectOutputWhole(played)
        expect(terminal.gaps).toEqual([])
        expect(holder.read).toEqual(terminal.typed)
        expect(terminal.lost).toEqual([])
      }),
      { numRuns: 150 },
    )
  }, 120_000)

  it('[P4] [P5] what left the ring is reported as a gap, the rest arrives once', async () => {
    await fc.assert(
      fc.asyncProperty(runOf(fc.oneof(traffic, traffic, cut), fc.integer({ min: 1_000, max: 60_000 })), async run => {
        const played = await play(run)
        expect(played.holder.offences).toEqual([])
        expectOutputWhole(played)
        const missing = played.terminal.gaps.reduce((sum, { from, to }) => sum + to - from, 0)
        const got = played.terminal.output.reduce((sum, one) => sum + one.bytes.length, 0)
        expect(missing + got).toBe(played.holder.printed.length)
        expect(played.holder.read).toEqual(played.terminal.typed)
      }),
      { numRuns: 100 },
    )
  }, 120_000)

  it('[I5] [L2] when others take the lease, typed bytes are either read or reported lost, never both', async () => {
    await fc.assert(
      fc.asyncProperty(
        runOf(fc.oneof(traffic, traffic, cut, rivalry), fc.constant(LIMITS.RING_BYTES * 4)),
        async run => {
          const played = await play(run)
          const { terminal, holder } = played
          expect(holder.offences).toEqual([])
          expectOutputWhole(played)
          expect(holder.read.length + terminal.lost.length).toBe(terminal.typed.length)
          expect(isSubsequence(holder.read, terminal.typed)).toBe(true)
          expect(isSubsequence(terminal.lost, terminal.typed)).toBe(true)
          for (const before of played.takeovers) {
            // What was typed under an older lease is never sent under a newer one.
            expect(isSubsequence(holder.read.slice(before.read), terminal.typed.slice(before.typed))).toBe(true)
          }
        },
      ),
      { numRuns: 150 },
    )
  }, 120_000)

  it('[I6] [O5] a forgotten client sends nothing twice, and reports what it cannot know', async () => {
    await fc.assert(
      fc.asyncProperty(
        runOf(fc.oneof(traffic, traffic, cut, forgetting), fc.constant(LIMITS.RING_BYTES * 4)),
        async run => {
          const played = await play(run)
          const { terminal, holder } = played
          expect(holder.offences).toEqual([])
          expectOutputWhole(played)
          expect(isSubsequence(holder.read, terminal.typed)).toBe(true)
          expect(holder.read.length + terminal.lost.length).toBeGreaterThanOrEqual(terminal.typed.length)
        },
      ),
      { numRuns: 100 },
    )
  }, 120_000)

  it('[R7] a slow terminal never has more than a window and a frame waiting, however often it reconnects', async () => {
    const slow = fc.record({ seed: fc.integer(), cuts: fc.integer({ min: 1, max: 10 }) })
    await fc.assert(
      fc.asyncProperty(slow, async ({ seed, cuts }) => {
        const windowBytes = LIMITS.WINDOW_BYTES_MIN
        const cutting: Run['actions'][0] = { afterMs: 700, action: { do: 'cut', how: 'full' } }
        const printing: Run['actions'][0] = { afterMs: 100, action: { do: 'print', bytes: 400_000 } }
        const { terminal } = await play({
          seed,
          actions: [printing, ...Array.from({ length: cuts }, () => cutting)],
          windowBytes,
          ringBytes: LIMITS.RING_BYTES,
          refusals: 0,
          delayMs: 5,
          parseMs: 10_000,
          writeMs: 0,
        })
        expect(terminal.unparsedBytesMax).toBeLessThanOrEqual(windowBytes + LIMITS.OUT_BYTES_MAX)
      }),
      { numRuns: 20 },
    )
  })
})
