// The caller's own terminal: raw mode, size, and putting it back whatever happens.
import { spawnSync } from 'node:child_process'
import type { ReadStream, WriteStream } from 'node:tty'

export interface Size {
  cols: number
  rows: number
}

/**
 * Undoes what a program in the session may have left switched on: mouse and focus reports, bracketed paste, the keypad,
 * the alternate screen, a hidden cursor, no wrapping, a scroll region (which would move the cursor: hence saved), colours.
 */
const RESET = '\x1b[?1000;1002;1003;1004;1006;2004l\x1b[?1l\x1b>\x1b[?47l\x1b[?25h\x1b[?7h\x1b7\x1b[r\x1b8\x1b[0m'

/** stty answers at once or never. */
const STTY_TIMEOUT_MS = 2_000

/** Where a terminal does not tell its size. */
const FALLBACK: Size = { cols: 80, rows: 24 }

export function sizeOf(output: WriteStream): Size {
  const { columns, rows } = output as { columns?: number; rows?: number }
  return { cols: columns ?? FALLBACK.cols, rows: rows ?? FALLBACK.rows }
}

/** Raw mode with a way back. */
export class RawTerminal {
  private readonly input: ReadStream
  private readonly output: WriteStream
  private active = false
  private resets = false

  constructor(input: ReadStream, output: WriteStream) {
    this.input = input
    this.output = output
  }

  enter(): void {
    this.active = true
    this.makeRaw()
    this.input.resume()
  }

  /** From now on a program in the session may have changed modes: `leave` switches them off. */
  willReset(): void {
    this.resets = true
  }

  /** The terminal as it was. May be called again, and from exit handlers: everything in it is synchronous. */
  leave(): void {
    if (!this.active) return
    this.active = false
    this.input.setRawMode(false)
    this.input.pause()
    this.input.unref()
    if (this.resets) this.output.write(RESET)
  }

  /** After SIGCONT: whoever stopped us has put the terminal into its usual mode. */
  reenter(): void {
    if (!this.active) return
    this.input.setRawMode(false)
    this.makeRaw()
  }

  /** Node's raw mode leaves \n to \r\n on, which spoils programs that move the cursor down by \n. */
  private makeRaw(): void {
    this.input.setRawMode(true)
    spawnSync('stty', ['-onlcr'], { stdio: [this.input, 'ignore', 'ignore'], timeout: STTY_TIMEOUT_MS })
  }
}
