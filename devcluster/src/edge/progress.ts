// Steps with times, for a person who waits: one line when something long goes on, one when it is done.
const HEARTBEAT_MS = 15_000

function seconds(sinceMs: number): string {
  const total = (performance.now() - sinceMs) / 1000
  return total < 60 ? `${total.toFixed(1)} s` : `${Math.floor(total / 60)} min ${Math.floor(total % 60)} s`
}

export function say(text: string): void {
  console.log(text)
}

/** Runs one step, says how long it took, and shows a sign of life while it takes long. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startMs = performance.now()
  const heartbeat = setInterval(() => say(`  … ${title}: ${seconds(startMs)}`), HEARTBEAT_MS)
  try {
    const result = await work()
    say(`  ✓ ${title}: ${seconds(startMs)}`)
    return result
  } catch (error) {
    say(`  ✗ ${title}: ${seconds(startMs)}`)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}
