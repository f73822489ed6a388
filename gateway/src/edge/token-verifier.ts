// Who is calling: a bearer token of a trusted issuer becomes an owner (G20, G21, G23).
import { OWNER_LENGTH_MAX } from '@cpc/crds'
import type { Logger } from '@cpc/kube'
import { readFile } from 'node:fs/promises'
import { type JWTPayload, type JWTVerifyGetKey, decodeJwt, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { AUTH_LIMITS } from '../core/limits/auth.ts'
import { Problem } from '../core/problem.ts'
import { ALGORITHMS, keysOfCertificates, keysOfJwks } from './issuer-keys.ts'
import { WatchedFile } from './watched-file.ts'

/** Who a token says the caller is. */
export interface Caller {
  owner: string
  issuer: string
  expiresAtMs: number
}

export interface TokenVerifier {
  /** @param authorization the header as received. @throws Problem `token-missing` or `token-refused`, never quoting the token */
  verify(authorization: string | undefined): Promise<Caller>
}

const issuerSchema = z.strictObject({
  issuer: z.string().min(1).max(512),
  audience: z.string().min(1).max(512),
  keys: z.union([
    z.strictObject({ jwksFile: z.string().min(1) }),
    z.strictObject({ certificateFile: z.string().min(1) }),
  ]),
  ownerClaim: z.string().min(1).max(64).default('sub'),
})
const issuersSchema = z.array(issuerSchema).min(1).max(AUTH_LIMITS.ISSUERS_MAX)

export type IssuerSettings = z.infer<typeof issuerSchema>

interface TrustedIssuer extends Omit<IssuerSettings, 'keys'> {
  keys: WatchedFile<JWTVerifyGetKey>
}

/** The list of trusted issuers. @throws Error naming the file and what is wrong in it */
export async function readIssuers(path: string): Promise<IssuerSettings[]> {
  const parsed = issuersSchema.safeParse(parseJson(path, await readFile(path, 'utf8')))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(issue => `${issue.path.join('.') || 'the list'}: ${issue.message}`)
  throw new Error(`${path} is not a list of issuers: ${issues.join('; ')}`)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Error(`${path} is not JSON`, { cause: error })
  }
}

export interface VerifierOptions {
  logger: Logger
  onKeyError: () => void
  nowMs: () => number
  /** Since the epoch, for exp and iat. */
  wallMs: () => number
}

/** @throws Error naming the key file that cannot be used */
export async function createTokenVerifier(
  settings: readonly IssuerSettings[],
  options: VerifierOptions,
): Promise<TokenVerifier> {
  const issuers = new Map<string, TrustedIssuer>()
  for (const { keys, ...issuer } of settings) {
    const [path, parse] =
      'jwksFile' in keys
        ? ([keys.jwksFile, keysOfJwks] as const)
        : ([keys.certificateFile, keysOfCertificates] as const)
    const { logger, nowMs, onKeyError } = options
    const file = await WatchedFile.open<JWTVerifyGetKey>({ path, parse, logger, nowMs, onError: onKeyError })
    issuers.set(issuer.issuer, { ...issuer, keys: file })
  }
  return {
    async verify(authorization) {
      const token = bearer(authorization)
      const issuer = issuers.get(issuerOf(token))
      if (!issuer) throw refused('its issuer is not trusted here')
      return callerOf(await verified(token, issuer, options.wallMs()), issuer)
    },
  }
}

function bearer(authorization: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new Problem('token-missing', 'Send a token: Authorization: Bearer TOKEN.')
  if (token.length > AUTH_LIMITS.TOKEN_BYTES_MAX) throw refused('it is too long')
  return token
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch {
    throw refused('it is not a JWT')
  }
}

async function verified(token: string, issuer: TrustedIssuer, wallMs: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, await issuer.keys.current(), {
      algorithms: ALGORITHMS,
      issuer: issuer.issuer,
      audience: issuer.audience,
      clockTolerance: AUTH_LIMITS.CLOCK_TOLERANCE_S,
      maxTokenAge: AUTH_LIMITS.TOKEN_LIFETIME_S_MAX,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(wallMs),
    })
    return payload
  } catch (error) {
    throw refused(whyRefused(error))
  }
}

function whyRefused(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is not right`
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no such key'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not match'
  if (error instanceof errors.JOSEAlgNotAllowed) return `its algorithm is not one of ${ALGORITHMS.join(', ')}`
  return 'it is not a valid JWT'
}

const OWNER = /^[!-~]+$/

function callerOf(payload: JWTPayload, issuer: TrustedIssuer): Caller {
  const { exp = 0, iat = 0 } = payload
  if (exp - iat > AUTH_LIMITS.TOKEN_LIFETIME_S_MAX) {
    throw refused(`it lives longer than ${AUTH_LIMITS.TOKEN_LIFETIME_S_MAX / 3_600} h`)
  }
  const owner = payload[issuer.ownerClaim]
  if (typeof owner !== 'string' || owner.length > OWNER_LENGTH_MAX || !OWNER.test(owner)) {
    throw refused(
      `its claim ${issuer.ownerClaim} is no owner: 1 to ${OWNER_LENGTH_MAX} printable characters without spaces`,
    )
  }
  return { owner, issuer: issuer.issuer, expiresAtMs: exp * 1_000 }
}

function refused(why: string): Problem {
  return new Problem('token-refused', `The token was refused: ${why}.`)
}
