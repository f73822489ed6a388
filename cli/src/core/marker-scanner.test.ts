// The marker scanner over arbitrary chunking and hostile output.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScanItem } from './marker-scanner.ts'
import { scan, startScan } from './marker-scanner.ts'

const NONCE = 'a1b2c3'
const encoder = new TextEncoder()

function mark(text: string): number[] {
  return [0x1e, ...encoder.encode(text), 0x1f]
}

/** Scans `bytes` cut at `sizes`, over and over; joins neighbouring output. */
function scanAll(bytes: number[], sizes: number[]): (string | number[])[] {
  let state = startScan(NONCE)
  const items: ScanItem[] = []
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1
    const [next, found] = scan(state, Uint8Array.from(bytes.slice(at, at + size)))
    state = next
    items.push(...found)
    at += size
  }
  const joined: (string | number[])[] = []
  for (const item of items) {
    const last = joined.at(-1)
    if (item.kind === 'marker') joined.push(`${item.letter}${item.text}`)
    else if (Array.isArray(last)) last.push(...item.bytes)
    else joined.push([...item.bytes])
  }
  return joined
}

/** Bytes in which pieces of markers are frequent. */
const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        [0x1e],
        [0x1f],
        [0x1e, 0x45],
        mark(`X${NONCE}`),
        mark('E'),
        mark('Eother'),
        mark(`E${NONCE.slice(0, 3)}`),
      ),
      fc.array(fc.nat(255), { maxLength: 20 }),
    ),
    { maxLength: 30 },
  )
  .map(parts => parts.flat())
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 })

describe('scan', () => {
  it('[exec] gives exactly the bytes between the markers, however they are cut', () => {
    fc.assert(
      fc.property(tricky, tricky, sizes, (before, output, cuts) => {
        // What looks like our own end within the output is one: nothing else could be told from it.
        const text = String.fromCharCode(...output)
        fc.pre(!text.includes(`\x1eE${NONCE}`) && !text.includes(`\x1eI${NONCE}`))
        fc.pre(!String.fromCharCode(...before).includes(NONCE + '\x1f'))
        const all = [...before, ...mark(`B${NONCE}`), ...output, ...mark(`E${NONCE} 7`), ...before]
        const expected = output.length > 0 ? [`B`, output, 'E 7'] : ['B', 'E 7']
        expect(scanAll(all, cuts)).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })
  it('[exec] drops everything outside, and passes marker-like bytes inside', () => {
    const inside = [...mark(`P${NONCE} x`), 0x1e, 0x1e, ...encoder.encode('E'), 0x1f]
    const all = [...encoder.encode('prompt$ '), ...mark(`B${NONCE}`), ...inside, ...mark(`E${NONCE} 0`), 0x24]
    expect(scanAll(all, [1])).toEqual(['B', inside, 'E 0'])
  })
  it('[exec] an endless marker is output after all, and holds back little', () => {
    let [state] = scan(startScan(NONCE), Uint8Array.from(mark(`B${NONCE}`)))
    let passed = 0
    const begun = Uint8Array.from([0x1e, ...encoder.encode(`E${NONCE} `)])
    for (const chunk of [begun, ...Array.from({ length: 100 }, () => new Uint8Array(100).fill(0x31))]) {
      const [next, items] = scan(state, chunk)
      state = next
      for (const item of items) if (item.kind === 'output') passed += item.bytes.length
      expect(state.held.length).toBeLessThan(512)
    }
    expect(passed + state.held.length).toBe(begun.length + 10_000)
  })
  it('[exec] markers of another run are not ours', () => {
    expect(scanAll([...mark('Bffffff'), 0x61, ...mark('Effffff 0')], [3])).toEqual([])
  })
})
