// What a reflector does next: list or watch, from which version, after which pause. Pure; the edge performs it.
import type { Random } from './clock.ts'

/** First pause after a failure; doubles to BACKOFF_MAX_MS. */
const BACKOFF_BASE_MS = 800
const BACKOFF_MAX_MS = 30_000
/** A watch that lived so long was healthy: the next failure starts from the first pause again. */
const HEALTHY_AFTER_MS = 60_000
/** A server that ends a watch sooner than this did not end it for its age. */
const SHORT_WATCH_MS = 5_000
/** Largest random pause before listing again after 410, so that clients of a restarted server spread. */
const RELIST_JITTER_MS = 1_000
/** The server is asked to end a watch after a random time in this range, so that watches spread over its replicas. */
const WATCH_SECONDS_MIN = 300
const WATCH_SECONDS_MAX = 600
/** Silence on a watch, bookmarks included (about one a minute), after which it counts as dead: random in this range. */
const SILENCE_MS_MIN = 90_000
const SILENCE_MS_MAX = 120_000
/**
 * So many watches in a row without one usable event, though the server is there: the version itself is suspect. List again.
 * A server restored from a backup opens a watch from a version of its future, and says nothing on it.
 */
const FRUITLESS_WATCHES_MAX = 2
/** Longest Retry-After that is honoured. */
const RETRY_AFTER_MS_MAX = 30_000

export type ReflectorAction =
  { kind: 'list' } | { kind: 'watch'; resourceVersion: string; timeoutSeconds: number; silenceMs: number }

export interface ReflectorPlan {
  readonly action: ReflectorAction
  /** Pause before the action. */
  readonly afterMs: number
  /** Failures since something went well. */
  readonly failures: number
  /** Watches in a row that the server answered and that brought nothing. */
  readonly fruitless: number
}

export type ListOutcome =
  { kind: 'listed'; resourceVersion: string } | { kind: 'failed'; retryAfterMs: number | undefined }

/** How a watch ended. `resourceVersion`: the newest one processed. */
export interface WatchOutcome {
  reason:
    | 'server-closed'
    /** 410, or the server does not know the version: nothing can be resumed. */
    | 'expired'
    /** No byte for `silenceMs`. */
    | 'silent'
    /** Refused, broken, or an ERROR event. */
    | 'error'
    /** A line that is too long or not an event: the same line would come again. */
    | 'unreadable'
  resourceVersion: string
  lastedMs: number
  /** Events and bookmarks processed. */
  events: number
  /** 'refused': the server answered and did not like the request. 'unavailable': away or overloaded. */
  opened: 'opened' | 'refused' | 'unavailable'
  retryAfterMs: number | undefined
}

/** The first thing a reflector does. */
export const firstPlan: ReflectorPlan = { action: { kind: 'list' }, afterMs: 0, failures: 0, fruitless: 0 }

/** Next step after a LIST. */
export function afterList(plan: ReflectorPlan, outcome: ListOutcome, random: Random): ReflectorPlan {
  if (outcome.kind === 'listed') {
    // `failures` stays: a list that works followed by a watch that does not must not become a storm of lists.
    return { ...plan, action: watchFrom(outcome.resourceVersion, random), afterMs: 0 }
  }
  return failed({ ...plan, action: { kind: 'list' } }, outcome.retryAfterMs, random)
}

/** Next step after a WATCH. */
export function afterWatch(plan: ReflectorPlan, outcome: WatchOutcome, random: Random): ReflectorPlan {
  const known = outcome.lastedMs >= HEALTHY_AFTER_MS && outcome.reason !== 'silent' ? { ...plan, failures: 0 } : plan
  const fruitless = outcome.events > 0 || outcome.opened === 'unavailable' ? 0 : known.fruitless + 1
  const resume: ReflectorPlan = { ...known, fruitless, action: watchFrom(outcome.resourceVersion, random) }
  switch (outcome.reason) {
    case 'expired':
      return relist(known, random)
    case 'unreadable':
      return failed({ ...known, fruitless: 0, action: { kind: 'list' } }, outcome.retryAfterMs, random)
    case 'server-closed':
      if (outcome.lastedMs >= SHORT_WATCH_MS) return { ...resume, failures: 0, fruitless: 0, afterMs: 0 }
      return failed(orList(resume), outcome.retryAfterMs, random)
    case 'silent':
    case 'error':
      return failed(orList(resume), outcome.retryAfterMs, random)
  }
}

function relist(plan: ReflectorPlan, random: Random): ReflectorPlan {
  const next: ReflectorPlan = { ...plan, fruitless: 0, action: { kind: 'list' } }
  // A server that expires every version it has just given gets ever longer pauses.
  if (plan.failures > 0) return failed(next, undefined, random)
  return { ...next, failures: 1, afterMs: random() * RELIST_JITTER_MS }
}

function orList(plan: ReflectorPlan): ReflectorPlan {
  return plan.fruitless < FRUITLESS_WATCHES_MAX ? plan : { ...plan, fruitless: 0, action: { kind: 'list' } }
}

function failed(plan: ReflectorPlan, retryAfterMs: number | undefined, random: Random): ReflectorPlan {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(plan.failures, 16))
  const asked = Math.min(RETRY_AFTER_MS_MAX, retryAfterMs ?? 0)
  return { ...plan, failures: plan.failures + 1, afterMs: Math.max(asked, full * (0.5 + random() / 2)) }
}

function watchFrom(resourceVersion: string, random: Random): ReflectorAction {
  return {
    kind: 'watch',
    resourceVersion,
    timeoutSeconds: Math.floor(between(WATCH_SECONDS_MIN, WATCH_SECONDS_MAX, random)),
    silenceMs: between(SILENCE_MS_MIN, SILENCE_MS_MAX, random),
  }
}

function between(min: number, max: number, random: Random): number {
  return min + random() * (max - min)
}
