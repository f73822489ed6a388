// What every command is given.
import type { GatewayApi } from '../edge/gateway-api.ts'

export interface CommandContext {
  /** Made on first use, since not every command needs a gateway. Throws a Failure when none is named. */
  api: () => GatewayApi
  /** Prints one text on stdout, with a line feed. */
  print: (text: string) => void
  /** Prints one sentence on stderr. */
  say: (sentence: string) => void
  /** Milliseconds since 1970. */
  nowMs: () => number
  /** Waits; resolves early never. */
  sleep: (ms: number) => Promise<void>
}
