// Which Events to write: repeated ones become a series on one object, each subject has a budget, everything is bounded.
import { microTime } from './micro-time.ts'
import { createTokenBucket, type TokenBucket } from './rate-limit.ts'

/** Bytes of `note`, as the API server allows. */
export const EVENT_NOTE_BYTES_MAX = 1024
/** Characters of `reason` and `action`. */
const EVENT_WORD_CHARS_MAX = 128
/** Characters of an event's name that come from its subject's. */
const EVENT_NAME_SUBJECT_CHARS_MAX = 200
/** The same event within this time of the last one continues its series; afterwards a new event begins. */
export const SERIES_IDLE_MS = 6 * 60_000
/** A running series is written at most this often. */
const SERIES_WRITE_INTERVAL_MS = 10_000
/** Series remembered; the one longest unseen goes first. */
const SERIES_MAX = 1_024
/** New events waiting to be written; one more is dropped and counted. */
export const PENDING_EVENTS_MAX = 512
/** Events per subject: so many at once, then one every five minutes. */
export const SUBJECT_BURST = 25
const SUBJECT_PER_SECOND = 1 / 300
/** Subjects whose budgets are remembered. */
const SUBJECTS_MAX = 1_024
/** Attempts to write one event. */
const EVENT_WRITE_ATTEMPTS_MAX = 3
/** Pause after a failed attempt; times the attempt's number. */
const EVENT_RETRY_MS = 2_000

export interface EventSubject {
  apiVersion: string
  kind: string
  /** '' for cluster-scoped objects (the event then goes to `default`). */
  namespace: string
  name: string
  uid: string
  resourceVersion?: string
}

export interface EventNote {
  type: 'Normal' | 'Warning'
  /** UpperCamelCase, machine-readable, e.g. `PodCreated`. Cut at 128 characters. */
  reason: string
  /** What was being done, e.g. `CreatePod`. Cut at 128 characters. */
  action: string
  /** For people. Cut at 1,024 bytes. */
  note: string
  related?: EventSubject
}

export interface EventSource {
  reportingController: string
  reportingInstance: string
}

interface Moment {
  /** Monotonic. */
  nowMs: number
  wallMs: number
}

interface EventSeries {
  count: number
  lastObservedTime: string
}

/** An events.k8s.io/v1 Event as we write it. */
interface EventObject extends EventSource {
  apiVersion: 'events.k8s.io/v1'
  kind: 'Event'
  metadata: { name: string; namespace: string }
  eventTime: string
  type: 'Normal' | 'Warning'
  reason: string
  action: string
  note: string
  regarding: EventSubject
  related?: EventSubject
  series?: EventSeries
}

interface WriteTarget {
  key: string
  namespace: string
  name: string
  /** What the series' count is once this is written. */
  count: number
}

export type EventWrite =
  (WriteTarget & { kind: 'create'; event: EventObject }) | (WriteTarget & { kind: 'series'; series: EventSeries })

type NextWrite = { kind: 'write'; write: EventWrite } | { kind: 'wait'; untilMs: number } | { kind: 'idle' }

/** 'gone': the event no longer exists, so a series must start again. 'retry': later. 'refused': give it up. */
export type WriteResult = 'written' | 'gone' | 'retry' | 'refused'

interface Series {
  key: string
  event: EventObject
  count: number
  last: Moment
  /** Count on the server; 0 when the event is not created yet. */
  writtenCount: number
  notBeforeMs: number
  attempts: number
}

export interface EventBook {
  /** @param chance a number in [0, 1) that makes the event's name unique */
  record(subject: EventSubject, note: EventNote, moment: Moment, chance: number): 'kept' | 'dropped'
  /** The write that is due, or when one will be. Every write handed out needs its `settle`. */
  next(nowMs: number): NextWrite
  settle(write: EventWrite, result: WriteResult, nowMs: number): void
  /** Makes every unwritten series due at once, for the last flush. */
  hurry(): void
  /** Series with something unwritten. */
  readonly pending: number
}

export function createEventBook(source: EventSource): EventBook {
  const allSeries = new Map<string, Series>()
  const dirty = new Set<Series>()
  const budgets = new Map<string, TokenBucket>()

  function budgetOf(uid: string): TokenBucket {
    const budget = budgets.get(uid) ?? createTokenBucket(SUBJECT_PER_SECOND, SUBJECT_BURST)
    touch(budgets, uid, budget, SUBJECTS_MAX)
    return budget
  }

  function record(subject: EventSubject, given: EventNote, moment: Moment, chance: number): 'kept' | 'dropped' {
    const note = withinLimits(given)
    const key = keyOf(subject, note)
    const running = allSeries.get(key)
    if (running !== undefined && moment.nowMs - running.last.nowMs <= SERIES_IDLE_MS) {
      running.count += 1
      running.last = moment
      touch(allSeries, key, running, SERIES_MAX)
      dirty.add(running)
      return 'kept'
    }
    if (dirty.size >= PENDING_EVENTS_MAX || !budgetOf(subject.uid).tryTake(moment.nowMs)) return 'dropped'
    const metadata = { name: nameOf(subject, moment, chance), namespace: subject.namespace || 'default' }
    const event: EventObject = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata,
      eventTime: microTime(moment.wallMs),
      ...source,
      ...note,
      regarding: subject,
    }
    const series: Series = { key, event, count: 1, last: moment, writtenCount: 0, notBeforeMs: 0, attempts: 0 }
    for (const fallen of touch(allSeries, key, series, SERIES_MAX)) dirty.delete(fallen)
    dirty.add(series)
    return 'kept'
  }

  function settle(write: EventWrite, result: WriteResult, nowMs: number): void {
    const series = allSeries.get(write.key)
    if (series?.event.metadata.name !== write.name) return
    series.attempts = result === 'written' ? 0 : series.attempts + 1
    if (result === 'refused' || series.attempts >= EVENT_WRITE_ATTEMPTS_MAX) {
      dirty.delete(series)
      allSeries.delete(write.key)
    } else if (result === 'written') {
      series.writtenCount = write.count
      series.notBeforeMs = write.count === 1 ? nowMs : nowMs + SERIES_WRITE_INTERVAL_MS
      if (series.count === series.writtenCount) dirty.delete(series)
    } else {
      if (result === 'gone') series.writtenCount = 0
      series.notBeforeMs = nowMs + EVENT_RETRY_MS * series.attempts
    }
  }

  return {
    get pending() {
      return dirty.size
    },
    record,
    settle,
    hurry: () => {
      for (const series of dirty) series.notBeforeMs = 0
    },
    next(nowMs) {
      const first = earliest(dirty)
      if (first === undefined) return { kind: 'idle' }
      if (first.notBeforeMs > nowMs) return { kind: 'wait', untilMs: first.notBeforeMs }
      return { kind: 'write', write: writeOf(first) }
    },
  }
}

/** Puts a value last in the map (most recently used); returns the values this pushed out. */
function touch<V extends object>(map: Map<string, V>, key: string, value: V, sizeMax: number): V[] {
  const replaced = map.get(key)
  const fallen = replaced === undefined || replaced === value ? [] : [replaced]
  map.delete(key)
  map.set(key, value)
  for (const [oldKey, old] of map) {
    if (map.size <= sizeMax) break
    map.delete(oldKey)
    fallen.push(old)
  }
  return fallen
}

function earliest(dirty: Iterable<Series>): Series | undefined {
  let first: Series | undefined
  for (const series of dirty) if (first === undefined || series.notBeforeMs < first.notBeforeMs) first = series
  return first
}

function writeOf(series: Series): EventWrite {
  const { key, event, count } = series
  const { name, namespace } = event.metadata
  const field = { count, lastObservedTime: microTime(series.last.wallMs) }
  if (series.writtenCount > 0) return { kind: 'series', key, namespace, name, count, series: field }
  return { kind: 'create', key, namespace, name, count, event: count === 1 ? event : { ...event, series: field } }
}

function keyOf(subject: EventSubject, note: EventNote): string {
  const { kind, namespace, name, uid } = subject
  return JSON.stringify([kind, namespace, name, uid, note.type, note.reason, note.action, note.note, note.related?.uid])
}

function withinLimits(note: EventNote): EventNote {
  return {
    ...note,
    reason: note.reason.slice(0, EVENT_WORD_CHARS_MAX),
    action: note.action.slice(0, EVENT_WORD_CHARS_MAX),
    note: cutToBytes(note.note, EVENT_NOTE_BYTES_MAX),
  }
}

function nameOf(subject: EventSubject, moment: Moment, chance: number): string {
  const subjectPart = subject.name.slice(0, EVENT_NAME_SUBJECT_CHARS_MAX).replace(/[^a-z0-9]+$/, '')
  const chancePart = Math.trunc(chance * 0xffffffff).toString(16)
  return `${subjectPart}.${Math.trunc(moment.wallMs).toString(16)}${chancePart.padStart(8, '0')}`
}

/** Cuts at a whole character, so that the text stays valid UTF-8 of at most `bytesMax` bytes. */
function cutToBytes(text: string, bytesMax: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax))
  return text.slice(0, read)
}
