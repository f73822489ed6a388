// Public keys of an issuer from a file: a JWKS, or certificates in PEM (G22). Only keys of the three allowed algorithms are kept.
import { X509Certificate } from 'node:crypto'
import { type JWK, type JWTVerifyGetKey, calculateJwkThumbprint, createLocalJWKSet } from 'jose'
import { z } from 'zod'
import { AUTH_LIMITS } from '../core/limits/auth.ts'

export const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(AUTH_LIMITS.KEYS_PER_ISSUER_MAX) })

/** Keys of a JWKS file. @throws Error when it is none, or holds no key that may be used */
export function keysOfJwks(content: Buffer): JWTVerifyGetKey {
  const parsed = jwks.safeParse(parseJson(content))
  if (!parsed.success) throw new Error('is not a JWKS: {"keys": [ … ]}')
  return keySet(parsed.data.keys.flatMap(key => publicKey(key)))
}

/** Keys of the certificates in a PEM file; their ids are the SHA-256 thumbprints of the keys (RFC 7638). */
export async function keysOfCertificates(content: Buffer): Promise<JWTVerifyGetKey> {
  const pems = content.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (pems.length === 0) throw new Error('holds no certificate in PEM')
  const keys: JWK[] = []
  for (const pem of pems.slice(0, AUTH_LIMITS.KEYS_PER_ISSUER_MAX)) {
    const exported = new X509Certificate(pem).publicKey.export({ format: 'jwk' })
    for (const key of publicKey({ ...exported })) keys.push({ ...key, kid: await calculateJwkThumbprint(key) })
  }
  return keySet(keys)
}

function keySet(keys: JWK[]): JWTVerifyGetKey {
  if (keys.length === 0) {
    throw new Error(
      `holds no key for ${ALGORITHMS.join(', ')} (EC P-256, RSA from ${AUTH_LIMITS.RSA_BITS_MIN} bits, Ed25519)`,
    )
  }
  return createLocalJWKSet({ keys })
}

const text = z.string().min(1).max(AUTH_LIMITS.KEY_FILE_BYTES_MAX)
const ec = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: text, y: text })
const rsa = z.object({ kty: z.literal('RSA'), n: text, e: text })
const okp = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: text })
const kid = z.object({
  kid: z.string().max(256).optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
})

/** The public part of a JWK that may be used, with its one algorithm; nothing of any other. */
function publicKey(raw: Record<string, unknown>): JWK[] {
  const about = kid.safeParse(raw)
  const key = z.union([ec, rsa, okp]).safeParse(raw)
  if (!about.success || !key.success) return []
  const alg = { EC: 'ES256', RSA: 'RS256', OKP: 'EdDSA' }[key.data.kty]
  if (about.data.alg !== undefined && about.data.alg !== alg) return []
  if (key.data.kty === 'RSA' && rsaBits(key.data.n) < AUTH_LIMITS.RSA_BITS_MIN) return []
  return [{ ...key.data, alg, use: 'sig', ...(about.data.kid === undefined ? {} : { kid: about.data.kid }) }]
}

function rsaBits(modulus: string): number {
  const bytes = Buffer.from(modulus, 'base64url')
  const leading = bytes.findIndex(byte => byte !== 0)
  return leading < 0 ? 0 : (bytes.length - leading) * 8 - Math.clz32(bytes[leading] ?? 0) + 24
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8')) as unknown
  } catch {
    throw new Error('is not JSON')
  }
}
