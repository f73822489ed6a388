// The room's public face: everything other rooms may use, and nothing else.
export type { Clock, Random } from './core/clock.ts'
export { type Logger, silentLogger } from './core/logger.ts'
export {
  type KubeObject,
  type KubeList,
  type ObjectMeta,
  type ObjectRef,
  type OwnerReference,
  type Wire,
  objectKey,
  parseObjectKey,
} from './core/object.ts'
export { type Resource, apiVersionOf, collectionPath, defineResource, objectPath } from './core/resource.ts'
export {
  ApiError,
  type StatusBody,
  type StatusDetails,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
} from './core/api-error.ts'
export { TransportError, type TransportFailure } from './core/transport-error.ts'
export {
  type Indexer,
  type Store,
  type StoreChange,
  type StoreReader,
  byControllerUid,
  byOwnerUid,
  createStore,
} from './core/store.ts'
export { type Cluster, type ClusterSource, clusterSourceFromEnv, loadCluster } from './edge/cluster.ts'
export {
  type ApiRequest,
  type CallOptions,
  type HttpMethod,
  type Transport,
  type TransportOptions,
  createTransport,
} from './edge/transport.ts'
export {
  type ApplyOptions,
  type DeleteOptions,
  type JsonPatchOperation,
  type KubeClient,
  type ListOptions,
  type Patch,
  type WriteOptions,
  createKubeClient,
} from './edge/kube-client.ts'
export { type Reflector, type ReflectorOptions, createReflector, withoutManagedFields } from './edge/reflector.ts'
export {
  type AddOptions,
  type WorkItem,
  type WorkQueue,
  type WorkQueueOptions,
  createWorkQueue,
} from './edge/work-queue.ts'
export {
  type Controller,
  type ControllerOptions,
  type Reconcile,
  type ReconcileResult,
  TerminalError,
  createController,
} from './edge/controller.ts'
export { type EventRecorder, type EventRecorderOptions, createEventRecorder } from './edge/event-recorder.ts'
export type { EventNote, EventSubject } from './core/event-book.ts'
export { type ExecHandlers, type ExecOptions, type ExecStream, type ExecTarget, openExec } from './edge/exec-stream.ts'
export type { ExecExit } from './core/exec-codec.ts'
export { type ExecCollectOptions, type ExecCollected, execCollect } from './edge/exec-collect.ts'
export { type KubeMetrics, createKubeMetrics } from './edge/metrics.ts'
export { systemClock } from './edge/system-clock.ts'
export {
  type ConfigMap,
  type Namespace,
  type NetworkPolicy,
  type Node,
  type Pod,
  type Secret,
  type ServiceAccount,
  configMaps,
  namespaces,
  networkPolicies,
  nodes,
  pods,
  secrets,
  serviceAccounts,
} from './resources.ts'
