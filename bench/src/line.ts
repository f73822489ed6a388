// One way to a shell in a pod, whatever carries it.

export interface Line {
  readonly close: () => void
  readonly write: (text: string) => void
  /** Output as it comes; one listener at a time. */
  listen: (listener: (bytes: Uint8Array) => void) => void
}

export interface Way {
  readonly name: string
  readonly open: () => Promise<Line>
}

const WAIT_MS = 120_000

/** Resolves when output since the call contains `marker`; only the last bytes are kept. */
export function until(line: Line, marker: string): Promise<void> {
  return new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`no ${JSON.stringify(marker)} within ${WAIT_MS} ms`)), WAIT_MS)
    let tail = ''
    line.listen(bytes => {
      tail = (tail + Buffer.from(bytes).toString('latin1')).slice(-bytes.length - marker.length)
      if (!tail.includes(marker)) return
      clearTimeout(timer)
      line.listen(() => undefined)
      found()
    })
  })
}
