// The built-in resources the product uses, with client-node's types as they are on the wire. Types only: nothing is loaded.
import type {
  V1ConfigMap,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1Pod,
  V1Secret,
  V1ServiceAccount,
} from '@kubernetes/client-node'
import type { Wire } from './core/object.ts'
import { defineResource } from './core/resource.ts'

export type Pod = Wire<V1Pod>
export type ConfigMap = Wire<V1ConfigMap>
export type Secret = Wire<V1Secret>
export type Namespace = Wire<V1Namespace>
export type Node = Wire<V1Node>
export type ServiceAccount = Wire<V1ServiceAccount>
export type NetworkPolicy = Wire<V1NetworkPolicy>

const core = { group: '', version: 'v1' } as const

export const pods = defineResource<Pod>({ ...core, plural: 'pods', kind: 'Pod', scope: 'namespaced' })
export const configMaps = defineResource<ConfigMap>({
  ...core,
  plural: 'configmaps',
  kind: 'ConfigMap',
  scope: 'namespaced',
})
export const secrets = defineResource<Secret>({ ...core, plural: 'secrets', kind: 'Secret', scope: 'namespaced' })
export const namespaces = defineResource<Namespace>({
  ...core,
  plural: 'namespaces',
  kind: 'Namespace',
  scope: 'cluster',
})
export const nodes = defineResource<Node>({ ...core, plural: 'nodes', kind: 'Node', scope: 'cluster' })
export const serviceAccounts = defineResource<ServiceAccount>({
  ...core,
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  scope: 'namespaced',
})
export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  scope: 'namespaced',
})
