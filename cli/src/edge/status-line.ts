// One line of our own on the caller's terminal: the last row, without moving the cursor; plain lines where stderr is no terminal.
import type { WriteStream } from 'node:tty'
import { sizeOf } from './terminal-screen.ts'

export class StatusLine {
  private readonly output: WriteStream
  private shown = ''

  constructor(output: WriteStream) {
    this.output = output
  }

  get isShown(): boolean {
    return this.shown !== ''
  }

  /** Shows `text` instead of what is there. */
  show(text: string): void {
    if (text === this.shown) return
    this.shown = text
    if (!this.output.isTTY) {
      this.output.write(`cpc: ${text}\n`)
      return
    }
    const { cols, rows } = sizeOf(this.output)
    this.output.write(`\x1b7\x1b[${rows};1H\x1b[0;7m\x1b[2K ${text.slice(0, Math.max(0, cols - 2))}\x1b[0m\x1b8`)
  }

  /** Takes the line away. What it covered must be drawn again by whoever drew it. */
  clear(): void {
    if (!this.isShown) return
    this.shown = ''
    if (this.output.isTTY) this.output.write(`\x1b7\x1b[${sizeOf(this.output).rows};1H\x1b[2K\x1b8`)
  }
}
