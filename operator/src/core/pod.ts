// The locked-down pod of a session: every line of design 5. Two containers, two users, no network, no privilege, everything bounded.
import {
  ANNOTATION_CLAIM,
  ANNOTATION_FINGERPRINT,
  ANNOTATION_SESSION,
  ANNOTATION_SESSION_UID,
  API_VERSION,
  APP_NAME,
  COMPONENT_SANDBOX,
  LABEL_STATE,
  encodeClaim,
} from '@cpc/crds'
import type { Pod } from '@cpc/kube'
import { holderContainer, installContainer, shellContainer } from './containers.ts'
import { fingerprintOf } from './fingerprint.ts'
import { deadlineAtCreation } from './lifetime.ts'
import type { SessionView } from './observed.ts'
import { formatTime } from './time.ts'
import { shellIdentity } from './uid.ts'
import type { Input } from './verdict.ts'
import { volumesOf } from './volumes.ts'

/** Seconds the containers have to end. An interactive bash ignores SIGTERM, so waiting longer helps nobody. */
const GRACE_SECONDS = 5
/** Hex digits of the session's uid in the pod's name: a session of the same name created later gets another pod. */
const UID_DIGITS = 8
/** Nothing listens there, so that a look-up fails at once instead of after a time-out. */
const NO_NAME_SERVER = '127.0.0.1'

/** `<session name>-<8 hex digits of the session's uid>`. */
export function podName({ name, uid }: Pick<SessionView, 'name' | 'uid'>): string {
  return `${name}-${uid.replaceAll('-', '').slice(0, UID_DIGITS)}`
}

/** Labels of every session pod: the same for all, since some network agents make an identity per set of labels. */
const POD_LABELS = {
  'app.kubernetes.io/name': APP_NAME,
  'app.kubernetes.io/part-of': APP_NAME,
  'app.kubernetes.io/component': COMPONENT_SANDBOX,
  'app.kubernetes.io/managed-by': 'pocket-console-operator',
} as const

/** The pod as it is sent to the API server. */
export function podFor(input: Input): Pod {
  const { session, settings, nodes, isUidTaken, nowMs } = input
  const { spec } = session
  const runtimeClass = spec.runtimeClassName ?? ''
  const identity = shellIdentity({ sessionUid: session.uid, runtimeClass, nodes, isUidTaken })
  const image = spec.image ?? settings.sandboxImage
  const origin = image === settings.sandboxImage ? 'default' : 'foreign'
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(session),
      namespace: session.namespace,
      labels: { ...POD_LABELS, [LABEL_STATE]: 'claimed' },
      annotations: {
        [ANNOTATION_SESSION]: session.name,
        [ANNOTATION_SESSION_UID]: session.uid,
        [ANNOTATION_CLAIM]: claimOf(session, nowMs),
        [ANNOTATION_FINGERPRINT]: fingerprintOf(session.spec, settings, identity.userNamespace),
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      },
      ownerReferences: [ownerOf(session)],
    },
    spec: {
      ...(identity.userNamespace && { hostUsers: false }),
      ...(spec.runtimeClassName !== undefined && { runtimeClassName: spec.runtimeClassName }),
      serviceAccountName: settings.serviceAccountName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      shareProcessNamespace: false,
      dnsPolicy: 'None',
      dnsConfig: { nameservers: [NO_NAME_SERVER] },
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_SECONDS,
      activeDeadlineSeconds: deadlineAtCreation(spec),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: volumesOf(spec, origin),
      initContainers: [
        ...(origin === 'foreign' ? [installContainer(settings)] : []),
        shellContainer({ spec, image, origin, uid: identity.uid }),
      ],
      containers: [holderContainer(settings)],
    },
  }
}

function claimOf({ uid, spec }: SessionView, nowMs: number): string {
  return encodeClaim({
    sessionUid: uid,
    idleTimeoutMs: spec.idleTimeoutSeconds * 1000,
    claimedAt: formatTime(nowMs),
    recording: spec.recording,
  })
}

function ownerOf({ name, uid }: SessionView) {
  return { apiVersion: API_VERSION, kind: 'TerminalSession', name, uid, controller: true, blockOwnerDeletion: true }
}
