// `.dev/env` and `.dev/bin`: what a shell needs to use the running system.
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Cluster } from './cluster.ts'
import { BIN_DIR, CLUSTER_FILE, DEV_DIR, ENV_FILE, ROOT, SESSION_NAMESPACE } from './paths.ts'

const DEV_OWNER = 'dev'

function quote(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`
}

async function link(target: string, name: string): Promise<void> {
  const path = join(BIN_DIR, name)
  await rm(path, { force: true })
  await symlink(target, path)
}

/** Puts kubectl, helm, node, pnpm and cpc into `.dev/bin`. */
export async function writeBin(cluster: Cluster): Promise<void> {
  await mkdir(BIN_DIR, { recursive: true })
  if (cluster.toolsDir !== undefined) {
    for (const tool of ['kubectl', 'helm']) await link(join(cluster.toolsDir, tool), tool)
  }
  const toolchain = join(ROOT, 'tooling/toolchain/node_modules/.bin')
  for (const tool of ['node', 'pnpm']) await link(join(toolchain, tool), tool)
  const node = join(toolchain, 'node')
  const cpc = join(BIN_DIR, 'cpc')
  await writeFile(cpc, `#!/bin/sh\nexec ${quote(node)} ${quote(join(ROOT, 'cli/src/main.ts'))} "$@"\n`)
  await chmod(cpc, 0o755)
}

/** Writes the file that a person sources, `. .dev/env`, and the one that the tests read. */
export async function writeEnvFile(cluster: Cluster): Promise<void> {
  await mkdir(DEV_DIR, { recursive: true })
  const entries: Record<string, string> = {
    KUBECONFIG: cluster.kubeconfigPath,
    CPC_GATEWAY_URL: cluster.gatewayUrl,
    CPC_NAMESPACE: SESSION_NAMESPACE,
    CPC_TOKEN_COMMAND: `${quote(join(BIN_DIR, 'cpc'))} token --owner ${DEV_OWNER}`,
  }
  const lines = Object.entries(entries).map(([name, value]) => `export ${name}=${quote(value)}`)
  const path = `case ":$PATH:" in *:${quote(BIN_DIR)}:*) ;; *) export PATH=${quote(BIN_DIR)}:"$PATH" ;; esac`
  await writeFile(ENV_FILE, ['# Source this file: . .dev/env', ...lines, path, ''].join('\n'))
  const { kind, kubeconfigPath, gatewayUrl } = cluster
  await writeFile(CLUSTER_FILE, `${JSON.stringify({ kind, kubeconfigPath, gatewayUrl })}\n`)
}

const runningCluster = z.object({
  kind: z.enum(['devcluster', 'kind', 'existing']),
  kubeconfigPath: z.string(),
  gatewayUrl: z.string(),
})

/** The cluster that `make up` last brought up. @throws Error when there is none */
export async function readRunningCluster(): Promise<z.infer<typeof runningCluster>> {
  const text = await readFile(CLUSTER_FILE, 'utf8').catch(() => undefined)
  if (text === undefined) throw new Error('No cluster is up: run `make up` first.')
  return runningCluster.parse(JSON.parse(text))
}
