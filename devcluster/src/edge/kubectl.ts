// Speaks to the cluster as its administrator, through the kubectl that was built with it.
import { join } from 'node:path'
import { addonManifests } from '../core/addons.ts'
import type { Layout } from '../core/layout.ts'
import type { Programs } from '../core/processes.ts'
import { run } from './run.ts'

const APPLY_TIMEOUT_MS = 60_000
const WAIT_SECONDS = 90

async function kubectl(layout: Layout, programs: Programs, args: readonly string[], input?: string): Promise<string> {
  const program = join(programs['kubernetes'] ?? '', 'kubectl')
  const timeoutMs = WAIT_SECONDS * 1000 + APPLY_TIMEOUT_MS
  const options = input === undefined ? { timeoutMs } : { timeoutMs, input }
  return run(program, ['--kubeconfig', layout.kubeconfig, ...args], options)
}

/** Brings the add-ons to their planned form. */
export async function applyAddons(layout: Layout, programs: Programs): Promise<void> {
  const how = ['apply', '--server-side', '--force-conflicts', '--field-manager=devcluster', '--filename=-']
  await kubectl(layout, programs, how, addonManifests())
}

/** Waits until every node is Ready and names are answered. */
export async function waitForCluster(layout: Layout, programs: Programs): Promise<void> {
  const names = layout.nodes.map(node => `node/${node.name}`)
  await kubectl(layout, programs, ['wait', '--for=create', `--timeout=${WAIT_SECONDS}s`, ...names])
  await kubectl(layout, programs, ['wait', '--for=condition=Ready', `--timeout=${WAIT_SECONDS}s`, ...names])
  const dns = ['rollout', 'status', 'deployment/coredns', '--namespace=kube-system', `--timeout=${WAIT_SECONDS}s`]
  await kubectl(layout, programs, dns)
}

/** Removes nodes that are no longer planned. */
export async function deleteNodes(layout: Layout, programs: Programs, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await kubectl(layout, programs, ['delete', 'node', '--ignore-not-found', ...names])
}
