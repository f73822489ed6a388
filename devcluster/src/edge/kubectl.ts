// Speaks to the cluster as its administrator, through the kubectl that was built with it.
import { join } from 'node:path'
import { addonManifests } from '../core/addons.ts'
import { DNS_SERVICE_ADDRESS, type Layout } from '../core/layout.ts'
import type { OwnImages } from '../core/own-images.ts'
import type { Programs } from '../core/process-plan.ts'
import { enterNode } from './namespaces.ts'
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
export async function applyAddons(layout: Layout, programs: Programs, images: OwnImages): Promise<void> {
  const how = ['apply', '--server-side', '--force-conflicts', '--field-manager=devcluster', '--filename=-']
  await kubectl(layout, programs, how, addonManifests(layout, images))
}

/** Waits until every node is Ready. */
export async function waitForNodes(layout: Layout, programs: Programs): Promise<void> {
  const names = layout.nodes.map(node => `node/${node.name}`)
  await kubectl(layout, programs, ['wait', '--for=create', `--timeout=${WAIT_SECONDS}s`, ...names])
  await kubectl(layout, programs, ['wait', '--for=condition=Ready', `--timeout=${WAIT_SECONDS}s`, ...names])
}

/**
 * Waits until every node gets an answer from the cluster's name service. Only that proves Services, the pod network and
 * pods together: the API server's word about a pod may be older than the pod's death.
 */
export async function waitForNames(layout: Layout, programsDir: string): Promise<void> {
  const question = [DNS_SERVICE_ADDRESS, 'kubernetes.default.svc.cluster.local', String(WAIT_SECONDS)]
  const program = [process.execPath, join(programsDir, 'ask-name.ts'), ...question]
  const timeoutMs = WAIT_SECONDS * 2 * 1000
  await Promise.all(layout.nodes.map(node => run('nsenter', [...enterNode(node), ...program], { timeoutMs })))
}

/** Removes nodes that are no longer planned, whenever they left. */
export async function deleteOtherNodes(layout: Layout, programs: Programs): Promise<void> {
  const planned = new Set(layout.nodes.map(node => `node/${node.name}`))
  const known = (await kubectl(layout, programs, ['get', 'nodes', '--output=name'])).split('\n')
  const others = known.filter(name => name !== '' && !planned.has(name))
  if (others.length > 0) await kubectl(layout, programs, ['delete', ...others])
}
