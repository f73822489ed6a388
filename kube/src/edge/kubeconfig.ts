// Credentials from kubeconfig files, read by @kubernetes/client-node: users' certificates, tokens, exec plug-ins, OIDC.
import { createHash } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import { TransportError } from '../core/transport-error.ts'
import type { Cluster, ConnectionCredentials, CredentialSource } from './cluster.ts'
import { FILE_CHECK_INTERVAL_MS, fileStamp } from './in-cluster.ts'

/** The TLS values and headers that client-node fills in. */
interface AppliedOptions {
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  servername?: string
  rejectUnauthorized?: boolean
  headers?: Record<string, string | string[] | number | undefined>
  auth?: string
}

/** Reads the files and chooses the context. @throws Error that names the file and what is wrong with it */
export async function loadKubeconfig(paths: readonly string[], context?: string): Promise<Cluster> {
  // Loaded here and not at the top: it costs 60 MB and half a second, which a pod never needs to pay.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const read = (): KubeConfig => readFiles(KubeConfig, paths, context)
  const config = read()
  const cluster = config.getCurrentCluster()
  const where = paths.join(', ')
  if (cluster === null) {
    throw new Error(`${where}: context ${JSON.stringify(config.currentContext)} names no cluster. Set current-context.`)
  }
  if (cluster.proxyUrl) {
    throw new Error(`${where}: cluster ${cluster.name} has a proxy-url, which is not supported. Reach it directly.`)
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.currentContext)?.namespace ?? 'default',
    credentials: kubeconfigCredentials(read, paths),
  }
}

function readFiles(Config: typeof KubeConfig, paths: readonly string[], context: string | undefined): KubeConfig {
  const [first, ...others] = paths
  if (first === undefined) throw new Error('no kubeconfig file is named')
  const config = readFile(Config, first)
  for (const path of others) config.mergeConfig(readFile(Config, path), true)
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.contexts.map(item => item.name).join(', ')
      throw new Error(`${paths.join(', ')}: no context ${JSON.stringify(context)}. There are: ${known}`)
    }
    config.setCurrentContext(context)
  }
  return config
}

function readFile(Config: typeof KubeConfig, path: string): KubeConfig {
  const config = new Config()
  try {
    config.loadFromFile(path)
  } catch (error) {
    throw new Error(`cannot read the kubeconfig ${path}: ${messageOf(error)}`, { cause: error })
  }
  return config
}

function kubeconfigCredentials(read: () => KubeConfig, paths: readonly string[]): CredentialSource {
  let held: { config: KubeConfig; stamps: string; applied: ConnectionCredentials; checkedMs: number } | undefined

  async function load(mode: 'changed-only' | 'all'): Promise<ConnectionCredentials> {
    const nowMs = performance.now()
    if (mode === 'changed-only' && held !== undefined && nowMs - held.checkedMs < FILE_CHECK_INTERVAL_MS) {
      return held.applied
    }
    const stamps = await stampsOf(held === undefined ? paths : filesOf(held.config, paths))
    // The same KubeConfig keeps the token an exec plug-in gave until it expires; a new one asks again.
    const config = mode === 'all' || held?.stamps !== stamps ? read() : held.config
    held = { config, stamps: await stampsOf(filesOf(config, paths)), applied: await applied(config), checkedMs: nowMs }
    return held.applied
  }

  const reading = async (mode: 'changed-only' | 'all'): Promise<ConnectionCredentials> => {
    try {
      return await load(mode)
    } catch (error) {
      throw new TransportError(`cannot get credentials: ${messageOf(error)}`, 'credentials', 'not-sent', error)
    }
  }
  return { current: () => reading('changed-only'), refresh: () => reading('all') }
}

function filesOf(config: KubeConfig, paths: readonly string[]): string[] {
  const user = config.getCurrentUser()
  const token = (user?.authProvider as { config?: { tokenFile?: string } } | undefined)?.config?.tokenFile
  const named = [config.getCurrentCluster()?.caFile, user?.certFile, user?.keyFile, token]
  return [...paths, ...named.flatMap(path => (path ? [path] : []))]
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(paths.map(path => fileStamp(path).catch(() => 'absent')))
  return stamps.join(' ')
}

async function applied(config: KubeConfig): Promise<ConnectionCredentials> {
  const options: AppliedOptions = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, servername } = options
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = String(value)
  }
  if (options.auth !== undefined) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  }
  const tlsVersion = createHash('sha256').update(JSON.stringify(tls)).digest('hex')
  return { headers, ...tls, tlsVersion }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
