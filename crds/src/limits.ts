// Bounds of the resources, each with its unit and its reason. The schemas, the operator and the docs read them from here.

/** Characters. The pod is called `<name>-<8 hex digits>` and a pod's host name is a DNS label of at most 63. */
export const SESSION_NAME_LENGTH_MAX = 52
/** Characters. OpenID Connect bounds `sub` by 255, and the owner is a `sub`. */
export const OWNER_LENGTH_MAX = 255
/** Characters. Longer than any reference a registry accepts (name 255, tag 128, digest 71). */
export const IMAGE_LENGTH_MAX = 512
/** Words of the command. */
export const COMMAND_WORDS_MAX = 64
/** Characters of one word, and of all words together: the command is copied into the pod, its status and its annotations. */
export const COMMAND_LENGTH_MAX = 8192
/** Characters. A RuntimeClass name is a DNS subdomain. */
export const RUNTIME_CLASS_LENGTH_MAX = 253
/** Characters. The longest sensible quantity is far shorter; the bound keeps rule costs small. */
export const QUANTITY_LENGTH_MAX = 32

/** The pod requests 10m, and a limit cannot be below its request. */
export const CPU_MIN = '10m'
/** A shell, not a build farm. */
export const CPU_MAX = '16'
/** The pod requests 64Mi, and a limit cannot be below its request. */
export const MEMORY_MIN = '64Mi'
/** One session must not fill a node. */
export const MEMORY_MAX = '64Gi'
/** A shell writes its here-documents and history somewhere. */
export const TMP_MIN = '1Mi'
/** /tmp and home live in memory, so they cannot be larger than it. */
export const TMP_MAX = '64Gi'

/** Processes and threads. A login shell with a pipeline needs a dozen. */
export const PIDS_MIN = 16
/** Processes and threads. Beyond it the node-wide kubelet limit is the one that matters. */
export const PIDS_MAX = 16384

/** Seconds. Below it the warning (half the time-out before) leaves nobody time to react. */
export const IDLE_TIMEOUT_SECONDS_MIN = 10
/** Seconds: a day. */
export const IDLE_TIMEOUT_SECONDS_MAX = 86_400
/** Seconds. */
export const LIFETIME_SECONDS_MIN = 10
/** Seconds: a week. A gateway has to speak every holder version released within this time. */
export const LIFETIME_SECONDS_MAX = 604_800
/** Seconds: a week. */
export const TTL_SECONDS_MAX = 604_800

/** Pods kept warm by one pool. */
export const POOL_REPLICAS_MAX = 1000

/** Characters of a reason: a CamelCase word. */
export const REASON_LENGTH_MAX = 1024
/** Characters of a message in status: a few sentences, among them the API server's own. */
export const MESSAGE_LENGTH_MAX = 4096
/** Conditions of one resource. */
export const CONDITIONS_MAX = 16

/** Bytes. The kubelet keeps 4 KiB of a termination message; a longer one is not ours. */
export const TERMINATION_MESSAGE_BYTES_MAX = 4096
/** Characters of the claim annotation. */
export const CLAIM_LENGTH_MAX = 4096
