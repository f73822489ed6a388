// Times on the wire are RFC 3339 with seconds, as in all Kubernetes status; inside the core they are milliseconds since 1970.

/** Milliseconds since 1970, or undefined for an absent or unreadable time. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** `2026-01-01T00:00:00Z`; what is finer than a second is cut off. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** Delay before try number `count + 1`: doubles from `minMs` up to `maxMs`. */
export function backoffMs(count: number, minMs: number, maxMs: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(count, 30))
}
