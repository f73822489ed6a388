// A node's own view of the file system: the folders that Kubernetes programs expect at fixed places, each node's its own.
import type { NodeLayout } from './layout.ts'

export interface Bind {
  /** Folder that holds the content. */
  readonly from: string
  /** Where the node's processes see it. */
  readonly at: string
}

/** In order of mounting; /run comes last because it hides the folders of ours that lie in it. */
export function nodeBinds(node: NodeLayout): Bind[] {
  return [
    { from: `${node.stateDir}/kubelet`, at: '/var/lib/kubelet' },
    { from: `${node.runDir}/cni`, at: '/var/lib/cni' },
    { from: `${node.stateDir}/log/pods`, at: '/var/log/pods' },
    { from: `${node.stateDir}/log/containers`, at: '/var/log/containers' },
    { from: node.runDir, at: '/run' },
  ]
}

/** Runs inside a new mount namespace: mounts made there stay there, those that pods share are passed on to pods. */
export function nodeMountScript(binds: readonly Bind[]): string {
  return ['set -eu', 'mount --make-rshared /', ...binds.map(({ from, at }) => `mount --bind ${from} ${at}`)].join('\n')
}

/** Mount points below any of some folders, the deepest first, from /proc/mounts. */
export function mountsBelow(table: string, folders: readonly string[]): string[] {
  const points = table.split('\n').flatMap(line => line.split(' ')[1] ?? [])
  const ours = points.filter(point => folders.some(folder => point === folder || point.startsWith(`${folder}/`)))
  return ours.reverse()
}
