// Turns \r\n back into \n, for sessions without `stty`. What the program itself printed as \r\n becomes \n too: the
// terminal has made the two alike.

const CR = 0x0d
const LF = 0x0a

/** Whether the last byte was a \r that waits for what follows. */
export type CrlfState = 'plain' | 'after-cr'

/** The next state and the bytes to pass on. */
export function dropCarriageReturns(state: CrlfState, chunk: Uint8Array): [CrlfState, Uint8Array] {
  const kept = new Uint8Array(chunk.length + 1)
  let length = 0
  let afterCr = state === 'after-cr'
  for (const byte of chunk) {
    if (afterCr && byte !== LF) kept[length++] = CR
    afterCr = byte === CR
    if (!afterCr) kept[length++] = byte
  }
  return [afterCr ? 'after-cr' : 'plain', kept.subarray(0, length)]
}

/** What is still held when the output ends. */
export function flushCarriageReturn(state: CrlfState): Uint8Array {
  return state === 'after-cr' ? Uint8Array.of(CR) : new Uint8Array()
}
