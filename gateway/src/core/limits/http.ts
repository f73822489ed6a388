// Bounds of the REST side (G6, G10), each with its unit and reason.

const KIB = 1024

export const HTTP_LIMITS = {
  /** Longest request body: the largest sensible spec (a long command line) is a tenth of it. */
  BODY_BYTES_MAX: 64 * KIB,
  /** All request headers together; a token takes at most half. */
  HEADER_BYTES_MAX: 16 * KIB,
  /** Time for the headers of a request: slow-header attacks hold a socket no longer. */
  HEADERS_TIMEOUT_MS: 10_000,
  /** Time for a whole request to arrive. */
  REQUEST_TIMEOUT_MS: 30_000,
  /** Above the 600 s of Google's balancers, or they reuse a connection just as it is closed. */
  KEEP_ALIVE_TIMEOUT_MS: 620_000,
  /** Open TCP connections: sockets with a terminal, and REST. */
  CONNECTIONS_MAX: 8_192,
  /** How long POST waits for Ready by itself: a cold start takes 1 to 2 s. */
  CREATE_WAIT_MS: 3_000,
  /** The longest wait `Prefer` may ask for; below REQUEST_TIMEOUT_MS and usual proxies' 30 s. */
  CREATE_WAIT_MS_MAX: 20_000,
  /** Requests that may wait at once; the next is answered 202 straight away. */
  CREATE_WAITERS_MAX: 256,
  /** Sessions in one list answer, newest first. */
  LIST_ITEMS_MAX: 500,
  /** Longest `detail` of a problem: the API server's sentences can be long, not endless. */
  DETAIL_CHARS_MAX: 2_048,
  /** Longest Idempotency-Key. */
  IDEMPOTENCY_KEY_CHARS_MAX: 255,
  /** Time for one call to the API server that a request waits for, retries included. A creation makes two or three. */
  CLUSTER_CALL_TIMEOUT_MS: 5_000,
  /** How long REST goes on after SIGTERM: as long as it may take until no new request is sent here. */
  LAME_DUCK_MS: 2_000,
  /** What a client is told to wait when the cluster does not answer. */
  CLUSTER_RETRY_AFTER_S: 5,
  /** What a client is told to wait for a session that is being made. */
  PREPARING_RETRY_AFTER_S: 1,
} as const
