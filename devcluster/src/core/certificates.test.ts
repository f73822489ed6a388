import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { kubeconfig, mustIssue, planCertificates, RENEW_BEFORE_DAYS, type IssuedCertificate } from './certificates.ts'
import { layoutCluster } from './layout.ts'
import { readSettings } from './settings.ts'

const dayMs = 86_400_000
const nowMs = 1_800_000_000_000
const plan = { name: 'x', subject: '/O=o/CN=c', alternativeNames: ['DNS:b', 'IP:10.0.0.1'] }
const issued: IssuedCertificate = {
  subject: '/O=o/CN=c',
  alternativeNames: ['IP:10.0.0.1', 'DNS:b'],
  validToMs: nowMs + 200 * dayMs,
  signedByCurrentAuthority: true,
}

describe('mustIssue', () => {
  it('[D12] keeps a certificate that is still right, whatever the order of its names', () => {
    expect(mustIssue(plan, issued, nowMs)).toBe(false)
  })

  it.each([
    ['is missing', undefined],
    ['was signed by another authority', { ...issued, signedByCurrentAuthority: false }],
    ['is over', { ...issued, validToMs: nowMs - 1 }],
    ['is soon over', { ...issued, validToMs: nowMs + (RENEW_BEFORE_DAYS - 1) * dayMs }],
    ['lacks a name', { ...issued, alternativeNames: ['DNS:b'] }],
    ['has a name too many', { ...issued, alternativeNames: [...issued.alternativeNames, 'DNS:c'] }],
    ['is for somebody else', { ...issued, subject: '/O=o/CN=d' }],
  ])('[D12] issues one that %s', (_, found) => {
    expect(mustIssue(plan, found, nowMs)).toBe(true)
  })
})

describe('planCertificates', () => {
  const result = readSettings({ NODES: '2' }, '/root')
  if (result.kind === 'invalid') throw new Error(result.message)
  const plans = planCertificates(layoutCluster(result.settings))

  it('[D12] lets the API server answer at every address it has', () => {
    const names = plans.find(found => found.name === 'apiserver')?.alternativeNames
    expect(names).toEqual(
      expect.arrayContaining(['IP:10.201.0.2', 'IP:10.96.0.1', 'IP:127.0.0.1', 'DNS:kubernetes.default.svc']),
    )
  })

  it('[D12] gives each kubelet the node identity that the node authorizer knows', () => {
    const subjects = plans.filter(found => found.name.startsWith('kubelet-')).map(found => found.subject)
    expect(subjects).toEqual(['/O=system:nodes/CN=system:node:cpc-node', '/O=system:nodes/CN=system:node:cpc-node-2'])
  })

  it('[D12] makes only the person and the API server masters', () => {
    const masters = plans.filter(found => found.subject.includes('system:masters')).map(found => found.name)
    expect(masters).toEqual(['admin', 'apiserver-kubelet-client'])
  })
})

describe('kubeconfig', () => {
  it('[D12] embeds everything it needs', () => {
    const text = kubeconfig({
      server: 'https://10.201.0.2:6443',
      clusterName: 'cpc',
      user: 'admin',
      authorityPem: 'ca',
      certificatePem: 'cert',
      keyPem: 'key',
    })
    expect(parse(text)).toMatchObject({
      'current-context': 'cpc',
      contexts: [{ name: 'cpc', context: { cluster: 'cpc', user: 'admin' } }],
      clusters: [{ cluster: { server: 'https://10.201.0.2:6443', 'certificate-authority-data': 'Y2E=' } }],
      users: [{ user: { 'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5' } }],
    })
  })
})
