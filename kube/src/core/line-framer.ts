// Cuts a byte stream into lines. Text is decoded per whole line, so a character split between chunks stays whole.

/** Longest line of a watch. etcd stores at most 1.5 MiB per object; its JSON form is a few times that. */
const WATCH_LINE_BYTES_MAX = 8 * 1024 * 1024

const NEWLINE = 0x0a

export type LineBatch = { kind: 'lines'; lines: string[] } | { kind: 'too-long'; lines: string[] }

export interface LineFramer {
  /** Lines completed by this chunk, without empty ones. 'too-long' is final: the stream cannot be followed any further. */
  push(chunk: Uint8Array): LineBatch
  /** Bytes of an unfinished line. At the end of a stream they are a truncated line, to be dropped. */
  readonly pendingBytes: number
}

/** @param lineBytesMax longest line accepted, newline not counted */
export function createLineFramer(lineBytesMax = WATCH_LINE_BYTES_MAX): LineFramer {
  const decoder = new TextDecoder()
  let parts: Uint8Array[] = []
  let pendingBytes = 0

  function keep(part: Uint8Array): boolean {
    if (part.length > 0) parts.push(part)
    pendingBytes += part.length
    return pendingBytes <= lineBytesMax
  }

  function takeLine(): string {
    const text = decoder.decode(joined(parts, pendingBytes))
    parts = []
    pendingBytes = 0
    return text
  }

  return {
    get pendingBytes() {
      return pendingBytes
    },
    push(chunk) {
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        if (!keep(chunk.subarray(start, end))) return { kind: 'too-long', lines }
        const line = takeLine()
        if (line.trim() !== '') lines.push(line)
        start = end + 1
      }
      return { kind: keep(chunk.subarray(start)) ? 'lines' : 'too-long', lines }
    },
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const only = parts[0]
  if (parts.length === 1 && only !== undefined) return only
  const all = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}
