import { describe, expect, it } from 'vitest'
import {
  createEventBook,
  EVENT_NOTE_BYTES_MAX,
  type EventBook,
  type EventNote,
  type EventSubject,
  type EventWrite,
  PENDING_EVENTS_MAX,
  SERIES_IDLE_MS,
  SUBJECT_BURST,
} from './event-book.ts'

const source = { reportingController: 'pocketconsole.dev/test', reportingInstance: 'me' }
const subject: EventSubject = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p', uid: 'u' }
const note: EventNote = { type: 'Normal', reason: 'Created', action: 'Create', note: 'pod made' }
const at = (nowMs: number) => ({ nowMs, wallMs: 1_700_000_000_123 + nowMs })

function due(book: EventBook, nowMs: number): EventWrite {
  const next = book.next(nowMs)
  if (next.kind !== 'write') throw new Error(`nothing to write but ${next.kind}`)
  return next.write
}

function writeAll(book: EventBook, nowMs: number): number {
  for (let count = 0; ; count += 1) {
    const next = book.next(nowMs)
    if (next.kind !== 'write') return count
    book.settle(next.write, 'written', nowMs)
  }
}

describe('event book', () => {
  it('[K60] makes events the API server takes', () => {
    const book = createEventBook(source)
    book.record(subject, { ...note, note: '€'.repeat(1000) }, at(0), 0.5)
    const write = due(book, 0)
    if (write.kind !== 'create') throw new Error('expected a create')
    expect(write.event).toMatchObject({
      ...source,
      type: 'Normal',
      reason: 'Created',
      action: 'Create',
      regarding: subject,
    })
    expect(write.event.eventTime).toBe('2023-11-14T22:13:20.123000Z')
    expect(Buffer.byteLength(write.event.note)).toBe(Math.floor(EVENT_NOTE_BYTES_MAX / 3) * 3)
    expect(write.event.note).toMatch(/^€+$/)
    expect(write.event.metadata).toEqual({ namespace: 'n', name: expect.stringMatching(/^p\.[0-9a-f]+$/) as string })
    expect(write.event.series).toBeUndefined()
  })

  it('[K60] names events of long and cluster-scoped subjects validly', () => {
    const book = createEventBook(source)
    book.record({ ...subject, name: `${'a'.repeat(199)}-${'b'.repeat(60)}`, namespace: '' }, note, at(0), 0.999)
    expect(due(book, 0)).toMatchObject({
      namespace: 'default',
      name: expect.stringMatching(/^a+\.[0-9a-f]+$/) as string,
    })
    expect(due(book, 0).name.length).toBeLessThanOrEqual(253)
  })

  it('[K61] turns a repeated event into a series, written with a pause', () => {
    const book = createEventBook(source)
    book.record(subject, note, at(0), 0.1)
    book.settle(due(book, 0), 'written', 0)
    for (let nowMs = 1; nowMs <= 4; nowMs += 1) book.record(subject, note, at(nowMs), 0.2)
    const first = due(book, 4)
    expect(first).toMatchObject({
      kind: 'series',
      series: { count: 5, lastObservedTime: '2023-11-14T22:13:20.127000Z' },
    })
    book.settle(first, 'written', 4)
    expect(book.next(5)).toEqual({ kind: 'idle' })
    book.record(subject, note, at(6), 0.3)
    expect(book.next(6)).toEqual({ kind: 'wait', untilMs: 10_004 })
    expect(due(book, 10_004)).toMatchObject({ kind: 'series', series: { count: 6 } })
  })

  it('[K61] keeps counting while a write is on its way', () => {
    const book = createEventBook(source)
    book.record(subject, note, at(0), 0.1)
    const write = due(book, 0)
    book.record(subject, note, at(1), 0.1)
    book.settle(write, 'written', 2)
    expect(due(book, 2)).toMatchObject({ kind: 'series', series: { count: 2 } })
  })

  it('[K61] begins a new event after a quiet time, and for another note', () => {
    const book = createEventBook(source)
    book.record(subject, note, at(0), 0.1)
    const first = due(book, 0)
    book.settle(first, 'written', 0)
    book.record(subject, note, at(SERIES_IDLE_MS + 1), 0.2)
    const second = due(book, SERIES_IDLE_MS + 1)
    expect(second.kind).toBe('create')
    expect(second.name).not.toBe(first.name)
    // The late answer to a write of the old series says nothing about the new one.
    book.settle(first, 'refused', SERIES_IDLE_MS + 1)
    expect(due(book, SERIES_IDLE_MS + 1).name).toBe(second.name)
    book.record(subject, { ...note, note: 'another' }, at(SERIES_IDLE_MS + 2), 0.3)
    expect(book.pending).toBe(2)
  })

  it('[K61] starts a series again whose event is gone', () => {
    const book = createEventBook(source)
    book.record(subject, note, at(0), 0.1)
    book.settle(due(book, 0), 'written', 0)
    book.record(subject, note, at(1), 0.1)
    book.settle(due(book, 1), 'gone', 1)
    expect(due(book, 60_000)).toMatchObject({ kind: 'create', event: { series: { count: 2 } } })
  })

  it('[K62] gives each subject a budget that refills slowly', () => {
    const book = createEventBook(source)
    const fates = Array.from({ length: SUBJECT_BURST + 5 }, (_, index) =>
      book.record(subject, { ...note, note: `note ${String(index)}` }, at(0), index / 100),
    )
    expect(fates.filter(fate => fate === 'dropped')).toHaveLength(5)
    expect(book.record({ ...subject, uid: 'other' }, note, at(0), 0)).toBe('kept')
    expect(book.record(subject, { ...note, note: 'later' }, at(300_001), 0)).toBe('kept')
    expect(book.record(subject, { ...note, note: 'too soon' }, at(300_002), 0)).toBe('dropped')
  })

  it('[K62] holds a bounded number of unwritten events, whatever comes', () => {
    const book = createEventBook(source)
    for (let index = 0; index < 5000; index += 1) {
      book.record({ ...subject, uid: String(index), name: `p${String(index)}` }, note, at(0), 0.5)
    }
    expect(book.pending).toBe(PENDING_EVENTS_MAX)
    expect(writeAll(book, 0)).toBe(PENDING_EVENTS_MAX)
  })

  it('[K63] tries a failed write three times, with pauses, and gives a refused one up', () => {
    const book = createEventBook(source)
    book.record(subject, note, at(0), 0.1)
    let nowMs = 0
    let attempts = 0
    for (; book.pending > 0; attempts += 1) {
      const next = book.next(nowMs)
      if (next.kind === 'wait') nowMs = next.untilMs
      book.settle(due(book, nowMs), 'retry', nowMs)
    }
    expect(attempts).toBe(3)
    expect(nowMs).toBeGreaterThan(0)
    book.record(subject, note, at(nowMs), 0.1)
    book.settle(due(book, nowMs), 'refused', nowMs)
    expect(book.pending).toBe(0)
  })
})
