import { randomBytes } from 'node:crypto'
import { silentLogger } from '@cpc/kube'
import { SignJWT, UnsecuredJWT, calculateJwkThumbprint, exportJWK } from 'jose'
import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AUDIENCE,
  ISSUER,
  jwksOf,
  makeCertificate,
  makeFolder,
  makeKey,
  makeTicketKey,
  signToken,
} from '../../test/keys.ts'
import { Problem } from '../core/problem.ts'
import { AUTH_LIMITS } from '../core/limits/auth.ts'
import { createTickets } from './tickets.ts'
import { type TokenVerifier, createTokenVerifier, readIssuers } from './token-verifier.ts'

const folder = makeFolder()
const pair = makeKey('ES256')
let nowMs = 0
let keyErrors = 0

async function verifierFor(jwksFile: string, more: object = {}): Promise<TokenVerifier> {
  const issuers = folder.write(
    'issuers.json',
    JSON.stringify([{ issuer: ISSUER, audience: AUDIENCE, keys: { jwksFile }, ...more }]),
  )
  return createTokenVerifier(await readIssuers(issuers), {
    logger: silentLogger,
    onKeyError: () => (keyErrors += 1),
    nowMs: () => nowMs,
    wallMs: () => Date.now(),
  })
}

let verifier: TokenVerifier
beforeAll(async () => {
  verifier = await verifierFor(folder.write('jwks.json', await jwksOf({ pair, kid: 'k1' })))
})
afterAll(() => folder.remove())

/** The code and the sentence a token is refused with. */
async function refusal(token: string | undefined, by: TokenVerifier = verifier): Promise<string> {
  const header = token === undefined ? undefined : `Bearer ${token}`
  return by.verify(header).then(
    caller => `accepted as ${caller.owner}`,
    (error: unknown) => (error instanceof Problem ? `${error.code}: ${error.message}` : String(error)),
  )
}

const nowS = () => Math.floor(Date.now() / 1_000)

describe('tokens', () => {
  it('[G20] a token of a trusted issuer names its owner', async () => {
    const exp = nowS() + 300
    await expect(verifier.verify(`Bearer ${await signToken(pair, { exp })}`)).resolves.toEqual({
      owner: 'octocat',
      issuer: ISSUER,
      expiresAtMs: exp * 1_000,
    })
  })

  it.each(['RS256', 'EdDSA'] as const)('[G20] %s is accepted', async alg => {
    const other = makeKey(alg)
    const by = await verifierFor(folder.write(`${alg}.json`, await jwksOf({ pair: other, kid: 'k1' })))
    expect(await refusal(await signToken(other, {}, { alg }), by)).toBe('accepted as octocat')
  })

  it('[G23] nothing, and what is no bearer token, is 401 token-missing', async () => {
    expect(await refusal(undefined)).toContain('token-missing')
    await expect(verifier.verify('Basic b2N0b2NhdDp4')).rejects.toThrow('Send a token')
  })

  it.each([
    [
      'expired',
      () => signToken(pair, { exp: nowS() - AUTH_LIMITS.CLOCK_TOLERANCE_S - 1, iat: nowS() - 600 }),
      'it has expired',
    ],
    ['from the future', () => signToken(pair, { iat: nowS() + 120 }), 'iat'],
    ['without exp', () => signToken(pair, { exp: undefined }), 'exp'],
    ['without iat', () => signToken(pair, { iat: undefined }), 'iat'],
    ['of another audience', () => signToken(pair, { aud: 'somebody-else' }), 'aud'],
    ['of an unknown issuer', () => signToken(pair, { iss: 'https://evil.example' }), 'issuer is not trusted'],
    [
      'that lives too long',
      () => signToken(pair, { exp: nowS() + AUTH_LIMITS.TOKEN_LIFETIME_S_MAX + 60 }),
      'lives longer',
    ],
    ['with an unknown key', () => signToken(pair, {}, { kid: 'k2' }), 'no such key'],
    ['signed by somebody else', () => signToken(makeKey('ES256')), 'signature'],
    ['with another algorithm', () => signToken(makeKey('ES384'), {}, { alg: 'ES384' }), 'algorithm'],
    ['without an owner', () => signToken(pair, { sub: undefined }), 'is no owner'],
    ['with a space in the owner', () => signToken(pair, { sub: 'octo cat' }), 'is no owner'],
    ['with an endless owner', () => signToken(pair, { sub: 'x'.repeat(256) }), 'is no owner'],
    ['that is too long', () => signToken(pair, { filler: 'x'.repeat(9_000) }), 'too long'],
    ['that is no JWT', () => Promise.resolve('abc'), 'not a JWT'],
  ])('[G20] [G21] refuses a token %s and says so, without quoting it', async (_title, make, words) => {
    const token = await make()
    const said = await refusal(token)
    expect(said).toContain('token-refused')
    expect(said).toContain(words)
    expect(said).not.toContain(token)
  })

  it('[G20] refuses alg none, and a public key used as a secret', async () => {
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'octocat', iat: nowS(), exp: nowS() + 60 }
    expect(await refusal(new UnsecuredJWT(claims).encode())).toContain('token-refused')
    const secret = Buffer.from(pair.publicKey.export({ format: 'pem', type: 'spki' }))
    expect(
      await refusal(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret)),
    ).toContain('token-refused')
  })

  it('[G30] a ticket is no token', async () => {
    const tickets = await createTickets({
      keyFile: makeTicketKey(folder),
      logger: silentLogger,
      onKeyError: () => undefined,
      nowMs: () => nowMs,
      wallMs: () => Date.now(),
    })
    const { ticket } = await tickets.issue({ sub: 'octocat', session: 'demo', uid: 'u', client: 'native' })
    expect(await refusal(ticket)).toContain('token-refused')
  })

  it('[G20] clocks may differ by 30 s', async () => {
    expect(await refusal(await signToken(pair, { iat: nowS() + 20, exp: nowS() + 60 }))).toBe('accepted as octocat')
    expect(await refusal(await signToken(pair, { iat: nowS() - 60, exp: nowS() - 20 }))).toBe('accepted as octocat')
  })

  it('[G21] the owner may be another claim', async () => {
    const by = await verifierFor(folder.path('jwks.json'), { ownerClaim: 'nickname' })
    expect(await refusal(await signToken(pair, { nickname: 'mona' }), by)).toBe('accepted as mona')
  })
})

describe('key files', () => {
  it.each(['RS256-1024', 'ES384'] as const)('[G22] %s keys are never loaded', async kind => {
    const file = folder.write('weak.json', await jwksOf({ pair: makeKey(kind), kid: 'k1' }))
    await expect(verifierFor(file)).rejects.toThrow(/weak\.json: holds no key/)
  })

  it('[G22] symmetric keys are never loaded, and private parts are dropped', async () => {
    const secret = { kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'k1' }
    await expect(verifierFor(folder.write('oct.json', JSON.stringify({ keys: [secret] })))).rejects.toThrow(
      'holds no key',
    )
    const leaked = { ...(await exportJWK(pair.privateKey)), kid: 'k1' }
    const by = await verifierFor(folder.write('leaked.json', JSON.stringify({ keys: [leaked] })))
    expect(await refusal(await signToken(pair), by)).toBe('accepted as octocat')
  })

  it.each([
    ['missing.json', undefined, 'ENOENT'],
    ['text.json', 'no json', 'is not JSON'],
    ['list.json', '[]', 'is not a JWKS'],
    ['big.json', ' '.repeat(AUTH_LIMITS.KEY_FILE_BYTES_MAX + 1), 'are allowed'],
  ])('[G22] a gateway does not start with %s', async (name, content, words) => {
    if (content !== undefined) folder.write(name, content)
    await expect(verifierFor(folder.path(name))).rejects.toThrow(words)
    await expect(verifierFor(folder.path(name))).rejects.toThrow(name)
  })

  it('[G22] certificates hold keys too, known by their thumbprint', async () => {
    const { certificateFile, privateKey } = makeCertificate(folder, 'local')
    const issuers = folder.write(
      'local.json',
      JSON.stringify([{ issuer: 'pocket-console/local', audience: AUDIENCE, keys: { certificateFile } }]),
    )
    const by = await createTokenVerifier(await readIssuers(issuers), {
      logger: silentLogger,
      onKeyError: () => undefined,
      nowMs: () => nowMs,
      wallMs: () => Date.now(),
    })
    const kid = await calculateJwkThumbprint(await exportJWK(createPublicKey(privateKey)))
    const token = await signToken({ privateKey }, { iss: 'pocket-console/local' }, { kid })
    expect(await refusal(token, by)).toBe('accepted as octocat')
  })

  it('[G22] are read again when they change; a broken file leaves the last good keys', async () => {
    const next = makeKey('ES256')
    const file = folder.write('rotating.json', await jwksOf({ pair, kid: 'k1' }))
    const by = await verifierFor(file)
    folder.write('rotating.json', await jwksOf({ pair: next, kid: 'k2' }))
    const token = await signToken(next, {}, { kid: 'k2' })
    expect(await refusal(token, by)).toContain('no such key')
    nowMs += AUTH_LIMITS.KEY_RECHECK_MS
    expect(await refusal(token, by)).toBe('accepted as octocat')

    const before = keyErrors
    folder.write('rotating.json', '{')
    nowMs += AUTH_LIMITS.KEY_RECHECK_MS
    expect(await refusal(token, by)).toBe('accepted as octocat')
    expect(keyErrors).toBe(before + 1)
  })

  it.each([
    ['not JSON', '{', 'is not JSON'],
    ['empty', '[]', 'is not a list of issuers'],
    ['without an audience', JSON.stringify([{ issuer: ISSUER, keys: { jwksFile: 'x' } }]), '0.audience'],
  ])('a list of issuers that is %s names the file and the field', async (_title, content, words) => {
    const file = folder.write('bad-issuers.json', content)
    await expect(readIssuers(file)).rejects.toThrow(words)
    await expect(readIssuers(file)).rejects.toThrow('bad-issuers.json')
  })
})
