// The WebSocket of a terminal: ws, with its refusals of bad input turned into the close codes of cpc.v1 (G44).
import { CLOSE_CODES, LIMITS } from '@cpc/protocol'
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { SOCKET_LIMITS } from '../core/limits/socket.ts'
import { SUBPROTOCOL } from '../core/upgrade.ts'

/** Fragments and TCP chunks of one message: 64 KiB do not need more, and each costs memory of its own. */
const FRAGMENTS_MAX = 64
const CHUNKS_MAX = 4_096

/** What ws closes with when it refuses input itself, and what the client is told. */
const REFUSALS: Record<number, string> = {
  1002: 'This is not a WebSocket frame (RFC 6455).',
  1007: 'A text message that is not UTF-8; only binary messages are allowed (F2).',
  1008: 'A message in too many fragments.',
  1009: `A message is longer than ${LIMITS.FRAME_BYTES_MAX} bytes (F5).`,
}

/** ws closes with 1009 and the like on its own; clients are promised 4400 and a reason. */
export class TerminalSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    const refusal = code === undefined || data !== undefined ? undefined : REFUSALS[code]
    if (refusal === undefined) super.close(code, data)
    else super.close(CLOSE_CODES.protocol.code, refusal)
  }
}

/** A server without a port: upgrades are handed to it once they are allowed. */
export function createSocketServer(): Server<typeof TerminalSocket> {
  return new WebSocketServer(OPTIONS)
}

/** The types of ws do not know its newest bounds yet. */
type Options = ServerOptions<typeof TerminalSocket> &
  Record<'maxFragments' | 'maxBufferedChunks' | 'closeTimeout', number>

const OPTIONS: Options = {
  noServer: true,
  WebSocket: TerminalSocket,
  clientTracking: false,
  perMessageDeflate: false,
  // A flood of pings to a client that does not read would fill memory; drive.ts answers them within its bounds.
  autoPong: false,
  maxPayload: LIMITS.FRAME_BYTES_MAX,
  maxFragments: FRAGMENTS_MAX,
  maxBufferedChunks: CHUNKS_MAX,
  closeTimeout: SOCKET_LIMITS.CLOSE_TIMEOUT_MS,
  handleProtocols: () => SUBPROTOCOL,
}
