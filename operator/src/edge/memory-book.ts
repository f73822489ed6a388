// What this process remembers of its own calls, per session. Lost with the process; see Memory in core/observed.ts.
import type { Memory, SessionView } from '../core/observed.ts'

/** Sessions remembered. One more forgets the one least recently written, which only costs a repetition. */
const ENTRIES_MAX = 20_000

export interface MemoryBook {
  read(sessionUid: string): Memory
  update(sessionUid: string, change: (memory: Memory) => Memory): void
  /** The session's end was seen: keeps its last state for one reconcile. */
  sawDeletion(key: string, session: SessionView): void
  lastSeen(key: string): SessionView | undefined
  /** Nothing of the session is left. */
  forget(key: string, sessionUid: string | undefined): void
}

export function createMemoryBook(): MemoryBook {
  const memories = new Map<string, Memory>()
  const tombstones = new Map<string, SessionView>()
  return {
    read: uid => memories.get(uid) ?? {},
    update(uid, change) {
      const next = change(memories.get(uid) ?? {})
      memories.delete(uid)
      memories.set(uid, next)
      dropOldest(memories)
    },
    sawDeletion(key, session) {
      tombstones.set(key, session)
      dropOldest(tombstones)
    },
    lastSeen: key => tombstones.get(key),
    forget(key, uid) {
      tombstones.delete(key)
      if (uid !== undefined) memories.delete(uid)
    },
  }
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= ENTRIES_MAX) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
