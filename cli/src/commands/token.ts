// `cpc token`: a token of the local issuer, for first use and for clusters without a sign-in of their own.
import { EXIT } from '../core/exit-codes.ts'
import { Failure } from '../core/failure.ts'
import type { CommandContext } from './context.ts'
import { requiredSeconds } from './sessions.ts'

/** What the gateway accepts at most. */
const TTL_SECONDS_MAX = 12 * 3_600

export interface TokenOptions {
  owner: string
  ttl: string
  systemNamespace: string
}

export async function tokenCommand(context: CommandContext, options: TokenOptions): Promise<void> {
  const ttlSeconds = requiredSeconds('--ttl', options.ttl)
  if (ttlSeconds < 1 || ttlSeconds > TTL_SECONDS_MAX) {
    throw new Failure(`--ttl ${options.ttl} is out of range: between 1s and 12h.`, EXIT.usage)
  }
  if (!/^[!-~]{1,256}$/.test(options.owner)) {
    throw new Failure('--owner must be 1 to 256 visible ASCII characters, such as octocat.', EXIT.usage)
  }
  const { signLocalToken } = await import('../edge/local-issuer.ts')
  context.print(await signLocalToken(options.owner, ttlSeconds, options.systemNamespace))
}
