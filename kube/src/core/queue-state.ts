// The bookkeeping of a work queue: which keys wait, which are worked on, which must come again. Time is an argument.
// Its size is bounded by the number of objects whose keys are added: every key is held once in each set, whatever is added.
import { createHeap } from './heap.ts'

const PRIORITY_MIN = -100
const PRIORITY_MAX = 100

export interface TakenItem {
  key: string
  priority: number
  /** Milliseconds it waited. */
  waitedMs: number
}

interface Waiting {
  key: string
  priority: number
  sequence: number
  sinceMs: number
}

interface Processing {
  startedMs: number
  /** Set when the key was added while being worked on. */
  again: { priority: number; sinceMs: number } | undefined
}

interface Delayed {
  key: string
  priority: number
  dueMs: number
}

/** Overtaken heap entries are swept out when they outnumber the real ones by this. */
const STALE_ENTRIES_MAX = 64

/** An integer between PRIORITY_MIN and PRIORITY_MAX; what is no number counts as 0. */
export function clampPriority(priority: number): number {
  return Number.isFinite(priority) ? Math.max(PRIORITY_MIN, Math.min(PRIORITY_MAX, Math.trunc(priority))) : 0
}

/** See the methods. Entries overtaken by a better one stay in the heaps and are skipped: only the one in the map counts. */
export class QueueState {
  readonly #waiting = new Map<string, Waiting>()
  readonly #order = createHeap<Waiting>(isEarlier)
  readonly #processing = new Map<string, Processing>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #dues = createHeap<Delayed>((a, b) => a.dueMs < b.dueMs)
  readonly #depths = new Map<number, number>()
  #sequence = 0

  /** Keys waiting to be taken. */
  get length(): number {
    return this.#waiting.size
  }

  get processingCount(): number {
    return this.#processing.size
  }

  /** Keys waiting, by priority. */
  get depths(): ReadonlyMap<number, number> {
    return this.#depths
  }

  /** 'merged': the key waits already, or is worked on and will come again. */
  add(key: string, priority: number, nowMs: number): 'queued' | 'merged' {
    const running = this.#processing.get(key)
    if (running !== undefined) {
      const again = running.again ?? { priority, sinceMs: nowMs }
      running.again = { ...again, priority: Math.max(again.priority, priority) }
      return 'merged'
    }
    const held = this.#waiting.get(key)
    if (held === undefined) {
      this.#enqueue({ key, priority, sequence: this.#sequence++, sinceMs: nowMs })
      return 'queued'
    }
    if (priority > held.priority) {
      this.#count(held.priority, -1)
      this.#enqueue({ ...held, priority })
    }
    return 'merged'
  }

  /** A key delayed twice keeps the earlier time and the higher priority. */
  delay(key: string, priority: number, dueMs: number): void {
    const held = this.#delayed.get(key)
    if (held !== undefined && held.dueMs <= dueMs) {
      held.priority = Math.max(held.priority, priority)
      return
    }
    const entry = { key, dueMs, priority: Math.max(priority, held?.priority ?? PRIORITY_MIN) }
    this.#delayed.set(key, entry)
    this.#dues.push(entry)
    if (mostlyStale(this.#dues.size, this.#delayed.size)) this.#dues.reset(this.#delayed.values())
  }

  /** When the next delayed key is due. */
  nextDueMs(): number | undefined {
    return this.#nextDue()?.dueMs
  }

  /** Moves the delayed keys that are due into the queue. Returns how many were new there. */
  release(nowMs: number): number {
    let queued = 0
    for (let due = this.#nextDue(); due !== undefined && due.dueMs <= nowMs; due = this.#nextDue()) {
      this.#delayed.delete(due.key)
      if (this.add(due.key, due.priority, nowMs) === 'queued') queued += 1
    }
    return queued
  }

  /** Highest priority first, then oldest first. Never a key that is being worked on. */
  take(nowMs: number): TakenItem | undefined {
    for (let top = this.#order.pop(); top !== undefined; top = this.#order.pop()) {
      if (this.#waiting.get(top.key) !== top) continue
      this.#waiting.delete(top.key)
      this.#count(top.priority, -1)
      this.#processing.set(top.key, { startedMs: nowMs, again: undefined })
      return { key: top.key, priority: top.priority, waitedMs: nowMs - top.sinceMs }
    }
    return undefined
  }

  /** Ends the work on a key; it waits again if it was added meanwhile. Undefined for a key that nobody works on. */
  done(key: string, nowMs: number): { workedMs: number; next: 'requeued' | 'rest' } | undefined {
    const running = this.#processing.get(key)
    if (running === undefined) return undefined
    this.#processing.delete(key)
    const { again } = running
    if (again !== undefined) this.#enqueue({ key, ...again, sequence: this.#sequence++ })
    return { workedMs: nowMs - running.startedMs, next: again === undefined ? 'rest' : 'requeued' }
  }

  /** Forgets all delayed keys. */
  dropDelayed(): void {
    this.#delayed.clear()
    this.#dues.reset([])
  }

  /** Start times of the keys being worked on. */
  startedMs(): number[] {
    return [...this.#processing.values()].map(item => item.startedMs)
  }

  #enqueue(entry: Waiting): void {
    this.#waiting.set(entry.key, entry)
    this.#order.push(entry)
    this.#count(entry.priority, 1)
    if (mostlyStale(this.#order.size, this.#waiting.size)) this.#order.reset(this.#waiting.values())
  }

  #nextDue(): Delayed | undefined {
    for (let top = this.#dues.peek(); top !== undefined; top = this.#dues.peek()) {
      if (this.#delayed.get(top.key) === top) return top
      this.#dues.pop()
    }
    return undefined
  }

  #count(priority: number, by: number): void {
    this.#depths.set(priority, (this.#depths.get(priority) ?? 0) + by)
  }
}

function isEarlier(a: Waiting, b: Waiting): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority > b.priority
}

function mostlyStale(heapSize: number, realSize: number): boolean {
  return heapSize > 2 * realSize + STALE_ENTRIES_MAX
}
