// Names other programs rely on: group, labels, annotations, and the fixed paths inside a session's pod.

export const GROUP = 'pocketconsole.dev'
export const VERSION = 'v1alpha1'
export const API_VERSION = `${GROUP}/${VERSION}`

/** Label on pool pods: the TerminalPool's name. */
export const LABEL_POOL = `${GROUP}/pool`
/** Label on every session pod: `warm` or `claimed`. */
export const LABEL_STATE = `${GROUP}/state`

/** Annotation: name of the TerminalSession a pod belongs to. An annotation, not a label, since some network agents make an identity per label set. */
export const ANNOTATION_SESSION = `${GROUP}/session`
/** Annotation: uid of the TerminalSession a pod belongs to. */
export const ANNOTATION_SESSION_UID = `${GROUP}/session-uid`
/** Annotation: the claim parameters as JSON (see `claim.ts`), projected into the holder by the downward API. */
export const ANNOTATION_CLAIM = `${GROUP}/claim`
/** Annotation: fingerprint of the pod's intended shape. */
export const ANNOTATION_FINGERPRINT = `${GROUP}/fingerprint`

/** `app.kubernetes.io/*` values shared by everything we create. */
export const APP_NAME = 'pocket-console'
export const COMPONENT_SANDBOX = 'sandbox'

/** The container that keeps the terminal; the only one anything is exec'd into. */
export const HOLDER_CONTAINER = 'holder'
/** The user's container: a native sidecar that runs the shell's init. */
export const SHELL_CONTAINER = 'shell'
/** Absolute path of the holder binary in the sandbox image. */
export const HOLDER_PATH = '/cpc/holder'

/** Plural resource names, as in URLs and RBAC rules. */
export const TERMINAL_SESSIONS = 'terminalsessions'
export const TERMINAL_POOLS = 'terminalpools'

/** Label every namespace for sessions must carry, with the value `restricted`. */
export const LABEL_POD_SECURITY = 'pod-security.kubernetes.io/enforce'
/** Label of the namespaces sessions live in; admission policies select them by it. */
export const LABEL_SESSIONS_NAMESPACE = `${GROUP}/sessions`
