// Writes events.k8s.io/v1 Events about objects: aggregated into series, limited per object, bounded, never in the caller's way.
import { ApiError, isAlreadyExists, isNotFound } from '../core/api-error.ts'
import type { Clock, Random } from '../core/clock.ts'
import {
  createEventBook,
  type EventBook,
  type EventNote,
  type EventSubject,
  type EventWrite,
  type WriteResult,
} from '../core/event-book.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { defineResource } from '../core/resource.ts'
import { sleep } from './deadline.ts'
import type { KubeClient } from './kube-client.ts'
import { systemClock } from './system-clock.ts'

export interface EventRecorderOptions {
  client: KubeClient
  /** e.g. `pocketconsole.dev/operator`. */
  reportingController: string
  /** e.g. the pod's name. */
  reportingInstance: string
  logger?: Logger
  clock?: Clock
  random?: Random
}

export interface EventRecorder {
  /** Queues an event and returns. Never throws. */
  record(subject: EventSubject, note: EventNote): void
  /** Resolves when everything recorded so far is written or given up, at most after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
  /** Flushes, then writes no more. */
  stop(timeoutMs: number): Promise<void>
}

const EVENT_WRITE_TIMEOUT_MS = 10_000
const events = defineResource({
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  scope: 'namespaced',
})

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new SeriesRecorder(options)
}

class SeriesRecorder implements EventRecorder {
  readonly #client: KubeClient
  readonly #book: EventBook
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #stopped = new AbortController()
  #wake = new AbortController()
  #writer: Promise<void> | undefined
  #flushes = 0

  constructor(options: EventRecorderOptions) {
    this.#client = options.client
    const { reportingController, reportingInstance } = options
    this.#book = createEventBook({ reportingController, reportingInstance })
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
  }

  record(subject: EventSubject, note: EventNote): void {
    if (this.#stopped.signal.aborted) return
    try {
      const moment = { nowMs: this.#clock.nowMs(), wallMs: this.#clock.wallMs() }
      const fate = this.#book.record(subject, note, moment, this.#random())
      if (fate === 'dropped') this.#logger.debug({ subject, reason: note.reason }, 'event dropped: its budget is spent')
      this.#startWriting()
    } catch (error) {
      this.#logger.warn({ err: error, subject }, 'event could not be recorded')
    }
  }

  async flush(timeoutMs: number): Promise<void> {
    this.#book.hurry()
    this.#wake.abort()
    if (this.#writer === undefined) return
    const over = new AbortController()
    this.#flushes += 1
    await Promise.race([this.#writer, sleep(this.#clock, timeoutMs, over.signal)])
    this.#flushes -= 1
    over.abort()
  }

  async stop(timeoutMs: number): Promise<void> {
    await this.flush(timeoutMs)
    this.#stopped.abort()
    this.#wake.abort()
    await this.#writer
  }

  /** One writer runs while there is something to write, so that an idle recorder holds no timer. */
  #startWriting(): void {
    this.#wake.abort()
    this.#writer ??= this.#write().finally(() => {
      this.#writer = undefined
    })
  }

  async #write(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const next = this.#book.next(this.#clock.nowMs())
      if (next.kind === 'idle') return
      if (next.kind === 'wait') {
        this.#wake = new AbortController()
        await sleep(this.#clock, next.untilMs - this.#clock.nowMs(), this.#wake.signal)
      } else {
        const result = await this.#send(next.write)
        this.#book.settle(next.write, result, this.#clock.nowMs())
        // What was counted during the write must not wait for the series' next turn while somebody waits for all of it.
        if (this.#flushes > 0 && result === 'written') this.#book.hurry()
      }
    }
  }

  async #send(write: EventWrite): Promise<WriteResult> {
    const { namespace, name } = write
    const call = { signal: this.#stopped.signal, timeoutMs: EVENT_WRITE_TIMEOUT_MS }
    try {
      if (write.kind === 'create') await this.#client.create(events, write.event, { ...call, namespace })
      else
        await this.#client.patch(events, { namespace, name }, { type: 'merge', body: { series: write.series } }, call)
      return 'written'
    } catch (error) {
      // Our own first attempt, whose answer was lost: the name is unique to this event.
      if (isAlreadyExists(error)) return 'written'
      if (isNotFound(error) && write.kind === 'series') return 'gone'
      this.#logger.debug({ err: error, event: name }, 'event could not be written')
      return error instanceof ApiError && error.code < 500 && error.code !== 429 ? 'refused' : 'retry'
    }
  }
}
