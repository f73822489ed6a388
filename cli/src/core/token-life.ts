// When a token must be replaced. The token is not verified here: that is the gateway's business.
import { isRecord } from './session.ts'

/** A token is replaced this long before it expires, so that it does not expire on the way. */
const RENEW_BEFORE_MS = 30_000

/** Milliseconds since 1970 until which `token` may be used again; 0 when it does not say. */
export function reusableUntilMs(token: string): number {
  const payload = token.split('.')[1]
  const claims = payload === undefined ? undefined : decode(payload)
  return isRecord(claims) && typeof claims['exp'] === 'number' ? claims['exp'] * 1_000 - RENEW_BEFORE_MS : 0
}

function decode(payload: string): unknown {
  try {
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as unknown
  } catch {
    return undefined
  }
}
