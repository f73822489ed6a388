// Reads our own writes: until the watch brings a status we have just written, the cache still holds the session it was computed from.
import type { TerminalSession } from '@cpc/crds'

/** Sessions whose last write is remembered. One more forgets the oldest, which costs a refused write. */
const ENTRIES_MAX = 2_000
/** Versions remembered for a session that is written faster than its watch delivers. */
const VERSIONS_MAX = 16

interface OwnWrite {
  /** Versions we know to be older than `written`, since we wrote over them. */
  olderVersions: string[]
  written: TerminalSession
}

export interface OwnWrites {
  /** `written` is what the API server answered to a write over the version `over`. */
  record(over: string, written: TerminalSession): void
  /** The newer of the cache's session and our own write. Versions are compared for equality only. */
  newest(cached: TerminalSession): TerminalSession
}

export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, OwnWrite>()
  return {
    record(over, written) {
      const uid = written.metadata.uid ?? ''
      const olderVersions = [...(writes.get(uid)?.olderVersions ?? []), over].slice(-VERSIONS_MAX)
      writes.delete(uid)
      writes.set(uid, { olderVersions, written })
      const oldest = writes.keys().next()
      if (writes.size > ENTRIES_MAX && !oldest.done) writes.delete(oldest.value)
    },
    newest(cached) {
      const uid = cached.metadata.uid ?? ''
      const own = writes.get(uid)
      if (!own) return cached
      if (own.olderVersions.includes(cached.metadata.resourceVersion ?? '')) return own.written
      // The cache has caught up, or somebody else has written since.
      writes.delete(uid)
      return cached
    },
  }
}
