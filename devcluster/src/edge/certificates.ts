// Issues the cluster's keys with OpenSSL: an authority of its own, and certificates that are still right are kept.
import { X509Certificate } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CERTIFICATE_AUTHORITY_DAYS,
  CERTIFICATE_DAYS,
  kubeconfig,
  mustIssue,
  planCertificates,
  type CertificatePlan,
  type IssuedCertificate,
} from '../core/certificates.ts'
import type { Layout } from '../core/layout.ts'
import { kubeconfigPath } from '../core/process-plan.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { run } from './run.ts'

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function ensureAuthority(pkiDir: string): Promise<void> {
  if ((await readIfPresent(join(pkiDir, 'ca.crt'))) !== undefined) return
  const files = ['-keyout', join(pkiDir, 'ca.key'), '-out', join(pkiDir, 'ca.crt.partial')]
  const what = ['-x509', '-subj', '/CN=pocket-console-devcluster', '-days', String(CERTIFICATE_AUTHORITY_DAYS)]
  await run('openssl', ['req', ...EC_KEY, ...what, ...files])
  await run('mv', [join(pkiDir, 'ca.crt.partial'), join(pkiDir, 'ca.crt')])
}

async function ensureServiceAccountKeys(pkiDir: string): Promise<void> {
  const key = join(pkiDir, 'service-account.key')
  const publicKey = join(pkiDir, 'service-account.pub')
  if ((await readIfPresent(publicKey)) !== undefined) return
  await run('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', key])
  await run('openssl', ['pkey', '-in', key, '-pubout', '-out', `${publicKey}.partial`])
  await run('mv', [`${publicKey}.partial`, publicKey])
}

function describe(certificatePem: string, authority: X509Certificate): IssuedCertificate {
  const certificate = new X509Certificate(certificatePem)
  const names = (certificate.subjectAltName ?? '').split(', ').filter(name => name !== '')
  return {
    subject: `/${certificate.subject.split('\n').join('/')}`,
    alternativeNames: names.map(name => name.replace('IP Address:', 'IP:')),
    validToMs: certificate.validToDate.getTime(),
    signedByCurrentAuthority: certificate.verify(authority.publicKey),
  }
}

async function issue(pkiDir: string, plan: CertificatePlan): Promise<void> {
  const path = (ending: string): string => join(pkiDir, `${plan.name}.${ending}`)
  const names = plan.alternativeNames.join(',')
  const request = ['-subj', plan.subject, '-keyout', path('key'), '-out', path('csr')]
  const extensions = ['-addext', `subjectAltName=${names}`, '-addext', 'extendedKeyUsage=serverAuth,clientAuth']
  await run('openssl', ['req', ...EC_KEY, ...request, ...extensions])
  const authority = ['-CA', join(pkiDir, 'ca.crt'), '-CAkey', join(pkiDir, 'ca.key'), '-CAcreateserial']
  const result = ['-copy_extensions', 'copyall', '-days', String(CERTIFICATE_DAYS), '-out', path('crt')]
  await run('openssl', ['x509', '-req', '-in', path('csr'), ...authority, ...result])
  await rm(path('csr'))
}

async function ensureCertificate(pkiDir: string, plan: CertificatePlan, authority: X509Certificate): Promise<void> {
  const pem = await readIfPresent(join(pkiDir, `${plan.name}.crt`))
  const issued = pem === undefined ? undefined : describe(pem, authority)
  if (mustIssue(plan, issued, Date.now())) await issue(pkiDir, plan)
}

async function writeKubeconfig(layout: Layout, name: string, path: string): Promise<void> {
  const pem = async (file: string): Promise<string> => (await readIfPresent(join(layout.pkiDir, file))) ?? ''
  const text = kubeconfig({
    server: layout.apiServer,
    clusterName: layout.clusterName,
    user: name,
    authorityPem: await pem('ca.crt'),
    certificatePem: await pem(`${name}.crt`),
    keyPem: await pem(`${name}.key`),
  })
  await writeWhole(path, text)
}

/** Makes sure that every key, certificate and kubeconfig of the cluster is there and valid for a while. */
export async function ensureCertificates(layout: Layout): Promise<void> {
  await mkdir(layout.pkiDir, { recursive: true, mode: 0o700 })
  await ensureAuthority(layout.pkiDir)
  await ensureServiceAccountKeys(layout.pkiDir)
  const authority = new X509Certificate((await readIfPresent(join(layout.pkiDir, 'ca.crt'))) ?? '')
  for (const plan of planCertificates(layout)) {
    await ensureCertificate(layout.pkiDir, plan, authority)
    const path = plan.name === 'admin' ? layout.kubeconfig : kubeconfigPath(layout, plan.name)
    await writeKubeconfig(layout, plan.name, path)
  }
}
