// Issuers, tokens and key files for tests: real keys in a folder that is removed at the end.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, exportJWK } from 'jose'

export interface TestKeys {
  folder: string
  path(name: string): string
  write(name: string, content: string | Uint8Array): string
  remove(): void
}

export function makeFolder(): TestKeys {
  const folder = mkdtempSync(join(tmpdir(), 'cpc-gateway-'))
  const path = (name: string) => join(folder, name)
  return {
    folder,
    path,
    write(name, content) {
      writeFileSync(path(name), content)
      return path(name)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const ISSUER = 'https://issuer.example'
export const AUDIENCE = 'pocket-console'

export type KeyKind = 'ES256' | 'RS256' | 'EdDSA' | 'RS256-1024' | 'ES384' | 'HS256'

/** A key pair, or for HS256 a secret that pretends to be one. */
export function makeKey(kind: KeyKind) {
  switch (kind) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2_048 })
    case 'RS256-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1_024 })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
    case 'HS256':
      throw new Error('HS256 has no key pair')
  }
}

export type KeyPair = ReturnType<typeof makeKey>

export async function jwksOf(...keys: { pair: KeyPair; kid: string }[]): Promise<string> {
  const jwks = await Promise.all(keys.map(async ({ pair, kid }) => ({ ...(await exportJWK(pair.publicKey)), kid })))
  return JSON.stringify({ keys: jwks })
}

/** A token as an issuer would sign it; `claims` override, undefined removes. */
export async function signToken(
  pair: { privateKey: KeyPair['privateKey'] },
  claims: Record<string, unknown> = {},
  header: { alg?: string; kid?: string } = {},
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000)
  const all = { iss: ISSUER, aud: AUDIENCE, sub: 'octocat', iat: nowS, exp: nowS + 600, ...claims }
  const kept = Object.fromEntries(Object.entries<unknown>(all).filter(([, value]) => value !== undefined))
  return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(pair.privateKey)
}

/** A self-signed EC P-256 certificate and its key, as Helm makes them. */
export function makeCertificate(folder: TestKeys, name: string) {
  const { publicKey, privateKey } = makeKey('ES256')
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const commonName = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('pocket-console/local')))
  const subject = der(0x30, der(0x31, commonName))
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('450101000000Z')))
  const version = der(0xa0, der(0x02, Buffer.of(2)))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, version, der(0x02, Buffer.of(1)), algorithm, subject, validity, subject, spki)
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey))
  const base64 = der(0x30, body, algorithm, signature).toString('base64').replaceAll(/.{64}/g, '$&\n')
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
  return { certificateFile: folder.write(`${name}.crt`, pem), privateKey }
}

/** One element of DER (X.690). */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

export function makeTicketKey(folder: TestKeys, name = 'ticket.key'): string {
  return folder.write(name, randomBytes(32))
}
