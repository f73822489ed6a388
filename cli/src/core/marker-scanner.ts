// Finds our markers in a session's output and separates the output between them from everything else. However the bytes
// are chunked, the result is the same; at most one marker's length is held back.
import { MARKER_END, MARKER_START } from './exec-script.ts'

/** Longest marker: a letter, the nonce, and what `stty -g` says. */
const MARKER_BYTES_MAX = 512

/** P: probe answered. C: piece stored. B: output begins. E: output ends, with the status. J: the shell is back at its prompt without an E.
 * I: cleaned up. */
type MarkerLetter = 'P' | 'C' | 'B' | 'E' | 'J' | 'I'

/** What a chunk contains, in order. */
export type ScanItem = { kind: 'output'; bytes: Uint8Array } | { kind: 'marker'; letter: MarkerLetter; text: string }

export interface ScannerState {
  nonce: string
  /** Between B and E; only then is output ours. */
  place: 'outside' | 'inside'
  /** The beginning of what may become a marker. */
  held: Uint8Array
}

const MARKERS_BY_PLACE: Record<ScannerState['place'], string> = { outside: 'PCBI', inside: 'EJI' }

export function startScan(nonce: string): ScannerState {
  return { nonce, place: 'outside', held: new Uint8Array() }
}

/** The next state and what `chunk` adds. Output items are views into `chunk` where possible. */
export function scan(state: ScannerState, chunk: Uint8Array): [ScannerState, ScanItem[]] {
  const bytes = state.held.length === 0 ? chunk : concat(state.held, chunk)
  const items: ScanItem[] = []
  let { place } = state
  let from = 0
  let at = bytes.indexOf(MARKER_START)
  while (at >= 0) {
    const match = matchMarker(bytes.subarray(at), state.nonce, MARKERS_BY_PLACE[place])
    if (match.kind === 'partial') break
    if (match.kind === 'marker') {
      pushOutput(items, place, bytes.subarray(from, at))
      items.push({ kind: 'marker', letter: match.letter, text: match.text })
      place = placeAfter(place, match.letter)
      from = at + match.length
    }
    at = bytes.indexOf(MARKER_START, match.kind === 'marker' ? from : at + 1)
  }
  const end = at < 0 ? bytes.length : at
  pushOutput(items, place, bytes.subarray(from, end))
  return [{ ...state, place, held: bytes.slice(end) }, items]
}

function placeAfter(place: ScannerState['place'], letter: MarkerLetter): ScannerState['place'] {
  if (letter === 'B') return 'inside'
  return letter === 'E' || letter === 'J' || letter === 'I' ? 'outside' : place
}

function pushOutput(items: ScanItem[], place: ScannerState['place'], bytes: Uint8Array): void {
  if (place === 'inside' && bytes.length > 0) items.push({ kind: 'output', bytes })
}

type Match = { kind: 'none' | 'partial' } | { kind: 'marker'; letter: MarkerLetter; text: string; length: number }

/** What begins at `bytes`, which begins with MARKER_START. */
function matchMarker(bytes: Uint8Array, nonce: string, letters: string): Match {
  const prefixBytes = 2 + nonce.length
  for (let at = 1; at < Math.min(bytes.length, prefixBytes); at++) {
    const character = String.fromCharCode(bytes[at] ?? 0)
    const fits = at === 1 ? letters.includes(character) : character === nonce[at - 2]
    if (!fits) return { kind: 'none' }
  }
  const end = bytes.subarray(0, MARKER_BYTES_MAX).indexOf(MARKER_END)
  if (end < 0) return { kind: bytes.length < MARKER_BYTES_MAX ? 'partial' : 'none' }
  if (end < prefixBytes) return { kind: 'none' }
  const text = String.fromCharCode(...bytes.subarray(prefixBytes, end))
  return { kind: 'marker', letter: String.fromCharCode(bytes[1] ?? 0) as MarkerLetter, text, length: end + 1 }
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}
