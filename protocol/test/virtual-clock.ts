// Time for simulations: nothing happens but what was scheduled, in order.

interface Scheduled {
  atMs: number
  sequence: number
  run: () => void
}

export class VirtualClock {
  nowMs = 0
  private sequence = 0
  private queue: Scheduled[] = []

  schedule(delayMs: number, run: () => void): Scheduled {
    const entry = { atMs: this.nowMs + Math.max(0, delayMs), sequence: this.sequence++, run }
    this.queue.push(entry)
    return entry
  }

  cancel(entry: unknown): void {
    this.queue = this.queue.filter(one => one !== entry)
  }

  /** Runs everything due within `ms`; promises settle between two steps, since tickets are promises. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    for (;;) {
      await settle()
      const next = this.earliest()
      if (!next || next.atMs > untilMs) break
      this.cancel(next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
    this.nowMs = untilMs
  }

  private earliest(): Scheduled | undefined {
    return this.queue.reduce<Scheduled | undefined>((best, one) => {
      if (!best) return one
      return one.atMs < best.atMs || (one.atMs === best.atMs && one.sequence < best.sequence) ? one : best
    }, undefined)
  }
}

/** Lets promise chains run to their ends: a few turns, since each `then` takes one. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve()
}
