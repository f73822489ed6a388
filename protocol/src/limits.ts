// Every bound of cpc.v1, with its unit and reason. vectors/limits.json is generated from `LIMITS`; SPEC.md quotes the names.

const KIB = 1024
const MIB = 1024 * KIB

export const LIMITS = {
  /** Bytes of a frame's header: u8 type, u8 flags, u16 stream (F1). */
  FRAME_HEADER_BYTES: 4,
  /** Longest frame, header included (F5): one read of a pipe and room to spare, yet small enough that no receiver minds. */
  FRAME_BYTES_MAX: 64 * KIB + 4,
  /** Longest JSON payload (F6); the largest real one is an ATTACH of well under 1 KiB plus a ticket. */
  JSON_BYTES_MAX: 16 * KIB,
  /** Largest offset (F4): the largest integer a JavaScript number holds exactly. */
  OFFSET_MAX: Number.MAX_SAFE_INTEGER,

  /** How long the gateway waits for HELLO (O1): long enough for a phone on a bad network, short enough to cost nothing. */
  HELLO_TIMEOUT_MS: 5_000,
  /** How many used ticket ids the holder remembers (O4). */
  JTI_COUNT_MAX: 1_024,
  /** Longest life of a ticket, and so of a remembered id (O4). */
  TICKET_TTL_MS: 60_000,
  /** How many clients a holder knows (O6). */
  CLIENTS_MAX: 16,
  /** How long a detached client is remembered (O6). */
  CLIENT_TTL_MS: 10 * 60_000,

  /** How long the lease of a client that was cut off is kept from other clients that come back (L1). */
  LEASE_GRACE_MS: 60_000,

  /** Output the holder keeps for resuming (P2). */
  RING_BYTES: MIB,
  /** How long a lossless attachment may hold the pty without progress (P6). */
  LOSSLESS_HOLD_MS: 10_000,
  /** Most bytes in one OUT (P7). */
  OUT_BYTES_MAX: 32 * KIB,

  /** Parsed bytes after which an ACK is due at once (C1). */
  ACK_BYTES: 16 * KIB,
  /** Time after which parsed bytes are acknowledged anyway (C1). */
  ACK_DELAY_MS: 20,
  /** Smallest credit window (C2). */
  WINDOW_BYTES_MIN: 16 * KIB,
  /** Largest credit window (C2). */
  WINDOW_BYTES_MAX: MIB,
  /** The window is what the client parses in this time (C2), which bounds the queueing delay. */
  WINDOW_MS: 200,
  /** How long a client may be out of credit without progress (C5). */
  STALL_TIMEOUT_MS: 10_000,

  /** Most unacknowledged input of a client (I3, R5). */
  INPUT_WINDOW_BYTES: 64 * KIB,
  /** Most bytes in one IN (I4). */
  IN_BYTES_MAX: 32 * KIB,

  /** Widest terminal (S2). */
  COLS_MAX: 1_000,
  /** Tallest terminal (S2). */
  ROWS_MAX: 500,

  /** Most events waiting for a client (E2). */
  EVENT_QUEUE_MAX: 256,
  /** Longest time before the deadline at which the idle warning is sent (T2). */
  IDLE_WARNING_MS_MAX: 60_000,
  /** Silence after which a PING is sent (T5): below the usual 30 to 60 s of proxies. */
  PING_INTERVAL_MS: 15_000,
  /** Silence after a PING that means the connection is dead (T5). */
  PONG_TIMEOUT_MS: 10_000,
  /** Longest close reason (X2): what a WebSocket close frame carries. */
  CLOSE_REASON_BYTES_MAX: 123,

  /** Shortest delay before a retry that is not the immediate one (R1). */
  BACKOFF_MS_MIN: 250,
  /** First step of the back-off (R1). */
  BACKOFF_MS_BASE: 1_000,
  /** Longest delay between tries (R1). */
  BACKOFF_MS_MAX: 30_000,
  /** A connection that lived this long resets the back-off (R1). */
  STABLE_MS: 10_000,
  /** How long a try may take to get its ticket and its socket. */
  CONNECT_TIMEOUT_MS: 10_000,
  /** How long the answer to a verify-ping may take, sent on a hint or after a sleep (R1): a socket may look open and be dead. */
  VERIFY_TIMEOUT_MS: 1_500,
  /** A timer this late means that the machine slept. */
  SLEEP_MS_MIN: 15_000,
  /** Longest jitter after 1012, so that a gateway's clients do not come back in one instant (section 9). */
  RESTART_JITTER_MS_MAX: 3_000,
} as const

export type LimitName = keyof typeof LIMITS
