// The containers of a session's pod: the holder keeps the terminal; the shell runs beside it, out of reach of it, as another user.
import { HOLDER_CONTAINER, HOLDER_PATH, SHELL_CONTAINER, quantityToBytes, type TerminalSessionSpec } from '@cpc/crds'
import type { Pod } from '@cpc/kube'
import type { Settings } from './observed.ts'
import { HOLDER_UID } from './uid.ts'
import {
  BINARY_MOUNT,
  CLAIM_MOUNT,
  HOME,
  HOME_MOUNT,
  INIT_BINARY_DIRECTORY,
  INIT_MOUNT,
  RUN_MOUNT,
  TMP_MOUNT,
  type ImageOrigin,
} from './volumes.ts'

type Container = NonNullable<Pod['spec']>['containers'][number]

/** What is reserved for a shell: little, so that a node fills with sessions and not with reservations. */
const SHELL_REQUESTS = { cpu: '10m', memory: '64Mi' }
/** The holder needs a few MB, and as much again for each attached client. */
const HOLDER_RESOURCES = { requests: { cpu: '5m', memory: '16Mi' }, limits: { cpu: '500m', memory: '128Mi' } }
/** Runs once before a shell of a foreign image, from our own image: what it says may be repeated. */
export const INSTALL_CONTAINER = 'install'
const INSTALLED_HOLDER = `${INIT_BINARY_DIRECTORY}/holder`

export interface ShellSource {
  spec: TerminalSessionSpec
  image: string
  origin: ImageOrigin
  uid: number
}

/** The user's container: a native sidecar, so that the pod ends with the holder and not with it. */
export function shellContainer({ spec, image, origin, uid }: ShellSource): Container {
  const { cpu, memory, pids, tmp } = spec.resources
  const init = origin === 'default' ? HOLDER_PATH : INSTALLED_HOLDER
  return {
    name: SHELL_CONTAINER,
    image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    command: [init, 'init', '--', ...spec.command],
    workingDir: HOME,
    env: [
      // Read by the init, which sets the limits between fork and exec and keeps CPC_* from the shell.
      { name: 'CPC_PIDS_MAX', value: String(pids) },
      { name: 'CPC_FILE_BYTES_MAX', value: String(quantityToBytes(tmp)) },
      { name: 'HOME', value: HOME },
      { name: 'TERM', value: 'xterm-256color' },
      { name: 'LANG', value: 'C.UTF-8' },
    ],
    resources: { requests: SHELL_REQUESTS, limits: { cpu: String(cpu), memory: String(memory) } },
    securityContext: lockedDown(uid),
    volumeMounts: [
      TMP_MOUNT,
      HOME_MOUNT,
      INIT_MOUNT,
      ...(origin === 'foreign' ? [{ ...BINARY_MOUNT, readOnly: true }] : []),
    ],
  }
}

/** The main container: when it ends, the pod ends. */
export function holderContainer({ sandboxImage }: Settings): Container {
  return {
    name: HOLDER_CONTAINER,
    image: sandboxImage,
    imagePullPolicy: 'IfNotPresent',
    command: [HOLDER_PATH, 'hold'],
    // Its report goes into the termination log; one that crashes before leaves its last words in its log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: HOLDER_RESOURCES,
    securityContext: lockedDown(HOLDER_UID),
    volumeMounts: [INIT_MOUNT, RUN_MOUNT, CLAIM_MOUNT],
  }
}

/** Copies the init into a volume, for a shell image that does not carry it. Runs as the holder's user, so that the shell's cannot change the copy. */
export function installContainer({ sandboxImage }: Settings): Container {
  return {
    name: INSTALL_CONTAINER,
    image: sandboxImage,
    imagePullPolicy: 'IfNotPresent',
    command: [HOLDER_PATH, 'install', INSTALLED_HOLDER],
    // It says on stderr what went wrong, and nowhere else.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: HOLDER_RESOURCES,
    securityContext: lockedDown(HOLDER_UID),
    volumeMounts: [BINARY_MOUNT],
  }
}

function lockedDown(uid: number): NonNullable<Container['securityContext']> {
  return {
    runAsUser: uid,
    runAsGroup: uid,
    runAsNonRoot: true,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
}
