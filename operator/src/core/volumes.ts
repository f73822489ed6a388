// The volumes of a session's pod. All writable ones live in memory: bounded, counted, and gone with the pod.
import { ANNOTATION_CLAIM, type TerminalSessionSpec } from '@cpc/crds'
import type { Pod } from '@cpc/kube'

/** Where the shell's image comes from: the sandbox image carries the init, any other gets it copied in. */
export type ImageOrigin = 'default' | 'foreign'

type Volume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number]
type VolumeMount = NonNullable<NonNullable<Pod['spec']>['containers'][number]['volumeMounts']>[number]

/** A socket each. */
const SOCKET_VOLUME = '1Mi'
/** The holder's binary, a few MB. */
const BINARY_VOLUME = '32Mi'

export const HOME = '/home/user'
export const INIT_BINARY_DIRECTORY = '/cpc/bin'

export const TMP_MOUNT: VolumeMount = { name: 'tmp', mountPath: '/tmp' }
export const HOME_MOUNT: VolumeMount = { name: 'home', mountPath: HOME }
/** The init dials the holder here and passes the pty master. */
export const INIT_MOUNT: VolumeMount = { name: 'init', mountPath: '/run/cpc/init' }
/** The attach socket. The shell does not mount it. */
export const RUN_MOUNT: VolumeMount = { name: 'run', mountPath: '/run/cpc/holder' }
export const CLAIM_MOUNT: VolumeMount = { name: 'claim', mountPath: '/etc/cpc/claim', readOnly: true }
export const BINARY_MOUNT: VolumeMount = { name: 'cpc-bin', mountPath: INIT_BINARY_DIRECTORY }

export function volumesOf(spec: TerminalSessionSpec, origin: ImageOrigin): Volume[] {
  const size = String(spec.resources.tmp)
  return [
    inMemory(TMP_MOUNT.name, size),
    inMemory(HOME_MOUNT.name, size),
    inMemory(INIT_MOUNT.name, SOCKET_VOLUME),
    inMemory(RUN_MOUNT.name, SOCKET_VOLUME),
    { name: CLAIM_MOUNT.name, downwardAPI: { items: [{ path: 'claim', fieldRef: annotation(ANNOTATION_CLAIM) }] } },
    ...(origin === 'foreign' ? [inMemory(BINARY_MOUNT.name, BINARY_VOLUME)] : []),
  ]
}

function inMemory(name: string, sizeLimit: string): Volume {
  return { name, emptyDir: { medium: 'Memory', sizeLimit } }
}

function annotation(name: string) {
  return { apiVersion: 'v1', fieldPath: `metadata.annotations['${name}']` }
}
