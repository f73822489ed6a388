// Signs tokens of the local issuer: reads its key from the cluster and makes one JWT. Loaded by `cpc token` only.
import {
  createKubeClient,
  createTransport,
  isForbidden,
  isNotFound,
  loadCluster,
  clusterSourceFromEnv,
  secrets,
} from '@cpc/kube'
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose'
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Failure } from '../core/failure.ts'
import { clusterEnvironment } from '../env.ts'

/** The names both the chart and the gateway use. */
const SECRET_NAME = 'pocket-console-local-issuer'
const KEY_ENTRY = 'tls.key'
const ISSUER = 'pocket-console/local'
const AUDIENCE = 'pocket-console'

/** A token for `owner`, valid for `ttlSeconds`. Throws a Failure when the key is not to be had. */
export async function signLocalToken(owner: string, ttlSeconds: number, namespace: string): Promise<string> {
  const privateKey = readKey(await fetchKey(namespace))
  const kid = await calculateJwkThumbprint(await exportJWK(createPublicKey(privateKey)), 'sha256')
  return await new SignJWT()
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(owner)
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds}s`)
    .setJti(randomUUID())
    .sign(privateKey)
}

async function fetchKey(namespace: string): Promise<string> {
  const transport = createTransport(await cluster(), { userAgent: 'cpc' })
  try {
    const secret = await createKubeClient(transport).get(secrets, { namespace, name: SECRET_NAME })
    const entry = secret.data?.[KEY_ENTRY]
    if (entry === undefined) throw new Failure(`Secret ${namespace}/${SECRET_NAME} has no entry ${KEY_ENTRY}.`)
    return Buffer.from(entry, 'base64').toString('utf8')
  } catch (error) {
    throw explain(error, namespace)
  } finally {
    await transport.close()
  }
}

async function cluster() {
  try {
    return await loadCluster(clusterSourceFromEnv(clusterEnvironment()))
  } catch (error) {
    throw new Failure(`No cluster: ${messageOf(error)} Set KUBECONFIG; source .dev/env (written by make up) does.`)
  }
}

function explain(error: unknown, namespace: string): Failure {
  if (error instanceof Failure) return error
  const name = `${namespace}/${SECRET_NAME}`
  if (isNotFound(error)) {
    return new Failure(
      `There is no Secret ${name}: is Pocket Console installed in this cluster, with its local issuer enabled?`,
    )
  }
  if (isForbidden(error)) return new Failure(`Your kubeconfig may not read Secret ${name}, which signs local tokens.`)
  return new Failure(`Secret ${name} could not be read: ${messageOf(error)}`)
}

function readKey(pem: string): KeyObject {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Failure(`The key in Secret ${SECRET_NAME} is no P-256 key, which ES256 needs.`)
  }
  return key
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
