// Bounds of terminal sockets and their execs (G40 to G57). Those of the stream itself are @cpc/protocol's.

const KIB = 1024

export const SOCKET_LIMITS = {
  /** Sockets without a verified ticket, in all: at some 20 KB each, 10 MB. */
  UNVERIFIED_MAX: 512,
  /** The same for one address. */
  UNVERIFIED_PER_ADDRESS_MAX: 64,
  /** Attachments of this replica: each is an exec on the API server, which nothing else protects from us. */
  ATTACHMENTS_MAX: 2_000,
  /** Attachments of one owner: CLIENTS_MAX of the holder times a few sessions. */
  ATTACHMENTS_PER_OWNER_MAX: 64,
  /** Time from WELCOME to ATTACH. */
  ATTACH_TIMEOUT_MS: 10_000,
  /** Time for the upgrade of an exec. */
  EXEC_OPEN_TIMEOUT_MS: 15_000,
  /** Time from ATTACH to ATTACHED; the shell may have to start first (O8). */
  ATTACHED_TIMEOUT_MS: 30_000,
  /** What was read from the exec before its pause took effect. kube delivers at most 64 KiB more; more than this is a fault. */
  HELD_BYTES_MAX: 256 * KIB,
  /** Bytes waiting for a client's socket, then neither side is read (G53). Above the largest credit window. */
  CLIENT_BACKLOG_BYTES_MAX: 1_280 * KIB,
  /** Messages waiting for a client's socket: small frames cost more than their bytes. */
  CLIENT_BACKLOG_MESSAGES_MAX: 1_024,
  /** Bytes waiting for the exec's stdin, then the client is not read (G53). Twice a client's input window. */
  HOLDER_BACKLOG_BYTES_MAX: 128 * KIB,
  /** Silence of the holder after which it gets PING (G55). */
  HOLDER_PING_INTERVAL_MS: 15_000,
  /** Silence after that PING that means it is dead. Generous: the API server delays all frames behind a full stdin. */
  HOLDER_PONG_TIMEOUT_MS: 30_000,
  /** How long EXIT may still come after the session was seen to end (G56). */
  SESSION_END_GRACE_MS: 3_000,
  /** GAPs a client has not acknowledged past; a holder that sends more is broken. */
  GAPS_MAX: 64,
  /** Time for the closing handshake, and for what waits before it, until the TCP connection is cut. */
  CLOSE_TIMEOUT_MS: 10_000,
} as const
