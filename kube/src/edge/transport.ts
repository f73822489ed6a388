// HTTP to the API server: shared connections, credentials, deadlines, safe retries, bounded bodies, metrics.
import type { Dispatcher } from 'undici'
import { ApiError, parseStatus } from '../core/api-error.ts'
import type { Clock, Random } from '../core/clock.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { type AttemptOutcome, decideRetry, parseRetryAfter, type Repeatability } from '../core/retry-policy.ts'
import { TransportError } from '../core/transport-error.ts'
import type { Cluster, ConnectionCredentials } from './cluster.ts'
import { createConnectionPools } from './connection-pools.ts'
import { createDeadline, type Deadline, sleep } from './deadline.ts'
import { transportErrorFrom } from './http-failure.ts'
import type { TransportMetrics } from './metrics.ts'
import { systemClock } from './system-clock.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface CallOptions {
  signal?: AbortSignal
  /** Deadline of the whole call, retries included. Default REQUEST_TIMEOUT_MS. */
  timeoutMs?: number
}

export interface ApiRequest extends CallOptions {
  method: HttpMethod
  /** Escaped path, e.g. from `objectPath`. */
  path: string
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  body?: unknown
  /** Default application/json. */
  contentType?: string
  /** Default RESPONSE_BYTES_MAX. */
  responseBytesMax?: number
  /** Whether it may be sent again when it is not known if the first took effect. Default: GET and PUT only. */
  repeatability?: Repeatability
}

type StreamRequest = Pick<ApiRequest, 'path' | 'query' | 'signal' | 'timeoutMs'>

export interface ByteStream {
  /** The answer's body. Ends with an error when the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Drops the connection. Idempotent. */
  abort(): void
}

export interface Transport {
  readonly server: string
  readonly userAgent: string
  /** One call; the parsed JSON answer. @throws ApiError | TransportError */
  request(request: ApiRequest): Promise<unknown>
  /** A long-running GET (watch, log) on the watch connections; no retries, no body limit. @throws ApiError | TransportError */
  stream(request: StreamRequest): Promise<ByteStream>
  /** For upgrades (exec): credentials now, or read again after a 401. */
  credentials(freshness: 'current' | 'refreshed'): Promise<ConnectionCredentials>
  /** Drops all connections; calls in flight fail. */
  close(): Promise<void>
}

export interface TransportOptions {
  /** `name/version`, e.g. `pocket-console-operator/0.1.0`. */
  userAgent: string
  metrics?: TransportMetrics
  logger?: Logger
  /** Default REQUEST_TIMEOUT_MS. */
  requestTimeoutMs?: number
  clock?: Clock
  random?: Random
}

/** Deadline of a call that names none. */
const REQUEST_TIMEOUT_MS = 30_000
/** Largest answer we read: a page of 500 pods is about 5 MB. */
const RESPONSE_BYTES_MAX = 64 * 1024 * 1024
/** Largest body of a refusal we read. */
const REFUSAL_BYTES_MAX = 64 * 1024

type Answer = Dispatcher.ResponseData
type PoolName = 'requests' | 'watches'

/** Connections are opened on first use. Close it when everything that uses it has stopped. */
export function createTransport(cluster: Cluster, options: TransportOptions): Transport {
  return new ApiTransport(cluster, options)
}

class ApiTransport implements Transport {
  readonly server: string
  readonly userAgent: string
  readonly #cluster: Cluster
  readonly #base: URL
  readonly #pools = createConnectionPools()
  readonly #refresh: () => Promise<ConnectionCredentials>
  readonly #metrics: TransportMetrics | undefined
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #timeoutMs: number

  constructor(cluster: Cluster, options: TransportOptions) {
    this.server = cluster.server
    this.userAgent = options.userAgent
    this.#cluster = cluster
    this.#base = new URL(cluster.server)
    this.#refresh = shared(() => cluster.credentials.refresh())
    this.#metrics = options.metrics
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  }

  async request(request: ApiRequest): Promise<unknown> {
    const deadline = createDeadline(this.#clock, request.timeoutMs ?? this.#timeoutMs, request.signal)
    const repeatability = request.repeatability ?? defaultRepeatability(request.method)
    const bytesMax = request.responseBytesMax ?? RESPONSE_BYTES_MAX
    const read = (answer: Answer, name: string): Promise<unknown> => readJson(answer, name, bytesMax)
    try {
      return await this.#run({ pool: 'requests', request, deadline, repeatability, read })
    } finally {
      deadline.dispose()
    }
  }

  async stream(given: StreamRequest): Promise<ByteStream> {
    // The time limit covers the headers; what follows lasts until the server, the caller's signal or `abort` ends it.
    const deadline = createDeadline(this.#clock, given.timeoutMs ?? this.#timeoutMs, given.signal)
    const request: ApiRequest = { ...given, method: 'GET' }
    const read = (answer: Answer): Promise<Answer> => Promise.resolve(answer)
    try {
      const { body } = await this.#run({ pool: 'watches', request, deadline, repeatability: 'never', read })
      deadline.lift()
      body.once('close', deadline.dispose)
      return { chunks: body, abort: deadline.abort }
    } catch (error) {
      deadline.dispose()
      throw error
    }
  }

  credentials(freshness: 'current' | 'refreshed'): Promise<ConnectionCredentials> {
    return freshness === 'refreshed' ? this.#refresh() : this.#cluster.credentials.current()
  }

  close(): Promise<void> {
    return this.#pools.close()
  }

  async #run<T>(call: Call<T>): Promise<T> {
    const { deadline, repeatability } = call
    let credentials: 'initial' | 'refreshed' = 'initial'
    for (let number = 1; ; number += 1) {
      const result = await this.#attempt(call)
      if (result.kind === 'answer') return result.value
      const state = { repeatability, number, credentials, remainingMs: deadline.remainingMs() }
      const decision = decideRetry(state, outcomeOf(result.error), this.#random)
      if (decision.kind === 'give-up') throw result.error
      this.#logger.debug({ err: result.error, decision }, 'API call is tried again')
      if (decision.kind === 'refresh-and-retry') {
        credentials = 'refreshed'
        await this.#refresh()
      } else {
        await sleep(this.#clock, decision.afterMs, deadline.signal)
      }
      if (deadline.signal.aborted) throw transportErrorFrom(result.error, requestName(call.request), deadline)
    }
  }

  async #attempt<T>(call: Call<T>): Promise<AttemptResult<T>> {
    const name = requestName(call.request)
    try {
      const answer = await this.#send(call)
      if (answer.statusCode < 300) return { kind: 'answer', value: await call.read(answer, name) }
      return { kind: 'failure', error: await refusalFrom(answer, name, this.#clock.wallMs()) }
    } catch (error) {
      return { kind: 'failure', error: transportErrorFrom(error, name, call.deadline) }
    }
  }

  async #send({ pool, request, deadline }: Call<unknown>): Promise<Answer> {
    const credentials = await this.#cluster.credentials.current()
    const startedMs = this.#clock.nowMs()
    const observe = (code: string): void => {
      const durationSeconds = (this.#clock.nowMs() - startedMs) / 1000
      this.#metrics?.request({ code, method: request.method, host: this.#base.host, durationSeconds })
    }
    try {
      const answer = await this.#pools.for(credentials)[pool].request({
        origin: this.#base.origin,
        path: pathOf(this.#base, request),
        method: request.method,
        headers: headersOf(request, this.userAgent, credentials),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: deadline.signal,
      })
      observe(String(answer.statusCode))
      return answer
    } catch (error) {
      observe('<error>')
      throw error
    }
  }
}

type AttemptResult<T> = { kind: 'answer'; value: T } | { kind: 'failure'; error: ApiError | TransportError }

interface Call<T> {
  pool: PoolName
  request: ApiRequest
  deadline: Deadline
  repeatability: Repeatability
  read: (answer: Answer, name: string) => Promise<T>
}

function defaultRepeatability(method: HttpMethod): Repeatability {
  return method === 'GET' || method === 'PUT' ? 'repeatable' : 'once'
}

function requestName(request: ApiRequest): string {
  return `${request.method} ${request.path}`
}

function outcomeOf(error: ApiError | TransportError): AttemptOutcome {
  if (error instanceof ApiError) return { kind: 'refused', code: error.code, retryAfterMs: error.retryAfterMs }
  return { kind: 'no-answer', failure: error.failure, sent: error.sent }
}

function pathOf(base: URL, request: ApiRequest): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return `${base.pathname.replace(/\/+$/, '')}${request.path}${text === '' ? '' : `?${text}`}`
}

function headersOf(request: ApiRequest, userAgent: string, credentials: ConnectionCredentials): Record<string, string> {
  return {
    ...credentials.headers,
    accept: 'application/json',
    'user-agent': userAgent,
    ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
  }
}

async function readJson(answer: Answer, name: string, bytesMax: number): Promise<unknown> {
  const body = await readBounded(answer.body, bytesMax)
  if (body.kind === 'too-large') {
    throw new TransportError(`${name}: the answer is larger than ${bytesMax} bytes`, 'bad-response', 'maybe-sent')
  }
  if (body.bytes.length === 0) return undefined
  try {
    return JSON.parse(body.bytes.toString('utf8'))
  } catch (error) {
    throw new TransportError(`${name}: the answer is not JSON`, 'bad-response', 'maybe-sent', error)
  }
}

/** The refusal as an ApiError; its body is read as far as a Status is ever long. */
async function refusalFrom(answer: Answer, name: string, wallMs: number): Promise<ApiError> {
  const body = await readBounded(answer.body, REFUSAL_BYTES_MAX)
  const header = answer.headers['retry-after']
  const retryAfterMs = parseRetryAfter(Array.isArray(header) ? header[0] : header, wallMs)
  return new ApiError(name, answer.statusCode, parseStatus(body.bytes.toString('utf8')), retryAfterMs)
}

async function readBounded(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<{ kind: 'complete' | 'too-large'; bytes: Buffer }> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    // Leaving the loop destroys the body, and with it the connection.
    if (length > bytesMax) return { kind: 'too-large', bytes: Buffer.concat(chunks).subarray(0, bytesMax) }
  }
  return { kind: 'complete', bytes: Buffer.concat(chunks) }
}

/** Runs one at a time: callers that come while it runs share its result. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}
