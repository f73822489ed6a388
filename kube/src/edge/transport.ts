// HTTP to the API server: shared connections, credentials, deadlines, safe retries, bounded bodies, metrics.
import type { Clock, Random } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { TransportMetrics } from './metrics.ts'
import type { Cluster, ConnectionCredentials } from './cluster.ts'

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
}

export interface ByteStream {
  /** The answer's body. Ends with a TransportError when the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Drops the connection. Idempotent. */
  abort(): void
}

export interface Transport {
  readonly server: string
  /** One call; the parsed JSON answer. @throws ApiError | TransportError */
  request(request: ApiRequest): Promise<unknown>
  /** A long-running GET (watch, log) on the watch connections; no retries, no body limit. @throws ApiError | TransportError */
  stream(request: Omit<ApiRequest, 'method' | 'body'>): Promise<ByteStream>
  /** For upgrades (exec): credentials now, or read again after a 401. */
  credentials(freshness: 'current' | 'refreshed'): Promise<ConnectionCredentials>
  readonly userAgent: string
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
export const REQUEST_TIMEOUT_MS = 30_000
/** Largest answer we read: a page of 500 pods is about 5 MB. */
export const RESPONSE_BYTES_MAX = 64 * 1024 * 1024

export function createTransport(cluster: Cluster, options: TransportOptions): Transport {
  throw new Error('body follows' + String(cluster) + String(options))
}
