// The cluster's keys: who gets a certificate, under which name, for which addresses.
import { stringify } from 'yaml'
import { API_SERVICE_ADDRESS, type Layout } from './layout.ts'

export interface CertificatePlan {
  /** File name without ending in the pki folder. */
  readonly name: string
  /** As `openssl -subj` takes it. Kubernetes reads CN as the user and O as the group. */
  readonly subject: string
  /** As OpenSSL's subjectAltName takes them. */
  readonly alternativeNames: readonly string[]
}

export const CERTIFICATE_DAYS = 365
export const CERTIFICATE_AUTHORITY_DAYS = 3650
/** A certificate closer to its end than this is issued again. */
export const RENEW_BEFORE_DAYS = 30

export const POLICY_USER = 'pocketconsole:network-policy'
export const STORAGE_USER = 'pocketconsole:storage'

const dayMs = 24 * 60 * 60 * 1000

/** Certificates that are only ever presented by clients still need one name in current TLS libraries. */
function client(name: string, subject: string): CertificatePlan {
  return { name, subject, alternativeNames: [`DNS:${name}`] }
}

/** Name of a node's kubelet certificate. */
export function kubeletCertificate(nodeName: string): string {
  return `kubelet-${nodeName}`
}

/** Every certificate of the cluster, signed by its own authority. */
export function planCertificates(layout: Layout): CertificatePlan[] {
  const serviceNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]
  const controlPlane = layout.nodes.filter(node => node.isControlPlane)
  const apiAddresses = ['127.0.0.1', API_SERVICE_ADDRESS, ...controlPlane.map(node => node.address)]
  return [
    {
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      alternativeNames: [
        ...['localhost', ...serviceNames].map(name => `DNS:${name}`),
        ...apiAddresses.map(address => `IP:${address}`),
      ],
    },
    client('admin', '/O=system:masters/CN=admin'),
    client('apiserver-kubelet-client', '/O=system:masters/CN=apiserver-kubelet-client'),
    client('controller-manager', '/CN=system:kube-controller-manager'),
    client('scheduler', '/CN=system:kube-scheduler'),
    client('kube-proxy', '/CN=system:kube-proxy'),
    client('network-policy', `/CN=${POLICY_USER}`),
    client('storage', `/CN=${STORAGE_USER}`),
    ...layout.nodes.map(node => ({
      name: kubeletCertificate(node.name),
      subject: `/O=system:nodes/CN=system:node:${node.name}`,
      alternativeNames: [`DNS:${node.name}`, `IP:${node.address}`, 'IP:127.0.0.1'],
    })),
  ]
}

export interface IssuedCertificate {
  readonly subject: string
  readonly alternativeNames: readonly string[]
  readonly validToMs: number
  readonly signedByCurrentAuthority: boolean
}

/** Whether a certificate has to be issued (again): missing, for other names, by another authority, or soon over. */
export function mustIssue(plan: CertificatePlan, issued: IssuedCertificate | undefined, nowMs: number): boolean {
  if (!issued?.signedByCurrentAuthority) return true
  if (issued.validToMs - nowMs < RENEW_BEFORE_DAYS * dayMs) return true
  const sameNames = [...plan.alternativeNames].sort().join() === [...issued.alternativeNames].sort().join()
  return !sameNames || issued.subject !== plan.subject
}

export interface KubeconfigParts {
  readonly server: string
  readonly clusterName: string
  readonly user: string
  readonly authorityPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

function base64(text: string): string {
  return btoa(text)
}

/** A kubeconfig with everything embedded, so that it can be copied anywhere. */
export function kubeconfig(parts: KubeconfigParts): string {
  const { server, clusterName, user } = parts
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server, 'certificate-authority-data': base64(parts.authorityPem) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(parts.certificatePem),
          'client-key-data': base64(parts.keyPem),
        },
      },
    ],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user } }],
    'current-context': clusterName,
  })
}
