// A real shell on a real pty (util-linux `script` makes it), with a log of all it printed, as a holder keeps one.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'

/** Output beyond what a lossless client has not acknowledged pauses the shell (P6). */
const UNREAD_BYTES_MAX = 1024 * 1024

export class FakeShell {
  /** Output is kept from here on; what is before was forgotten. */
  base = 0
  head = 0
  exitCode: number | undefined
  private chunks: Buffer[] = []
  private readonly child: ChildProcessWithoutNullStreams
  private readonly listeners = new Set<() => void>()

  constructor(command: string) {
    const environment = { PATH: process.env['PATH'], HOME: '/tmp', TERM: 'xterm', LANG: 'C.UTF-8', PS1: '$ ' }
    this.child = spawn('script', ['-qfec', command, '/dev/null'], { env: environment })
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      this.head += chunk.length
      this.changed()
    })
    this.child.on('close', code => {
      this.exitCode = code ?? 255
      this.changed()
    })
  }

  /** Writes to the pty; resolves once it is written. */
  write(bytes: Uint8Array, written: () => void): void {
    if (this.child.stdin.writable) this.child.stdin.write(bytes, written)
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The bytes from `offset` on, at most `bytesMax`. */
  read(offset: number, bytesMax: number): Buffer {
    let at = this.base
    for (const chunk of this.chunks) {
      if (offset < at + chunk.length) return chunk.subarray(offset - at, offset - at + bytesMax)
      at += chunk.length
    }
    return Buffer.alloc(0)
  }

  /** Nobody needs the bytes before `offset`; the shell waits when too much is left. */
  release(offset: number): void {
    for (let first = this.chunks[0]; first && this.base + first.length <= offset; first = this.chunks[0]) {
      this.base += first.length
      this.chunks.shift()
    }
    if (this.head - offset > UNREAD_BYTES_MAX) this.child.stdout.pause()
    else this.child.stdout.resume()
  }

  /** Everything kept, as text. */
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  end(): void {
    this.child.kill('SIGKILL')
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
