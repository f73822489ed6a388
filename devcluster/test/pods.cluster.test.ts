// What a pod of this cluster can count on: volumes, users of its own, admission rules, names.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devcluster, IMAGE, kubectl, makeNamespace, pod, type Namespace } from './pods.ts'

let namespace: Namespace
let restricted: Namespace

beforeAll(async () => {
  await devcluster(['load', IMAGE])
  namespace = await makeNamespace()
  restricted = await makeNamespace({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'latest',
  })
})

afterAll(async () => {
  await Promise.all([namespace.remove(), restricted.remove()])
})

const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'claim' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } },
}

function withClaim(name: string, script: string): object {
  return pod({
    name,
    script,
    spec: {
      securityContext: { runAsUser: 65_534 },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }],
    },
    container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  })
}

describe('volumes', () => {
  it('[D41] a claim without a class binds, keeps what a pod wrote, and goes with the claim', async () => {
    await namespace.apply(claim, withClaim('writer', 'echo kept > /data/file && sync && exec sleep infinity'))
    await namespace.ready('writer')
    await expect.poll(() => namespace.bash('writer', 'cat /data/file')).toBe('kept')
    expect(await namespace.get('pvc/claim', '{.status.phase}')).toBe('Bound')
    const volume = await namespace.get('pvc/claim', '{.spec.volumeName}')
    await kubectl(['delete', '--namespace', namespace.name, 'pod/writer'])
    await namespace.apply(withClaim('reader', 'exec sleep infinity'))
    await namespace.ready('reader')
    expect(await namespace.bash('reader', 'cat /data/file')).toBe('kept')
    await kubectl(['delete', '--namespace', namespace.name, 'pod/reader'])
    await kubectl(['delete', '--namespace', namespace.name, 'pvc/claim'])
    await kubectl(['wait', '--for=delete', '--timeout=120s', `pv/${volume}`])
  })
})

describe('users', () => {
  it('[D42] nodes say that their runtime knows user namespaces', async () => {
    const features = '--output=jsonpath={.items[*].status.runtimeHandlers[?(@.name=="runc")].features.userNamespaces}'
    expect(await kubectl(['get', 'nodes', features])).toMatch(/^true( true)*$/)
  })

  it('[D42] two pods with hostUsers: false have users of their own', async () => {
    await namespace.apply(...['one', 'two'].map(name => pod({ name, spec: { hostUsers: false } })))
    await namespace.ready('one', 'two')
    const maps = await Promise.all(['one', 'two'].map(name => namespace.bash(name, 'cat /proc/self/uid_map')))
    const ranges = maps.map(map => map.trim().split(/\s+/).map(Number))
    for (const [inside, outside, length] of ranges) {
      expect(inside).toBe(0)
      expect(outside).toBeGreaterThanOrEqual(65_536)
      expect(length).toBe(65_536)
    }
    expect(ranges[0]?.[1]).not.toBe(ranges[1]?.[1])
  })
})

describe('admission', () => {
  const shell = {
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      runAsUser: 65_534,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }

  it('[D43] Pod Security admits a restricted pod and refuses a privileged one', async () => {
    await restricted.apply(pod({ name: 'fine', container: shell, spec: { hostUsers: false } }))
    await restricted.ready('fine')
    const status = await restricted.bash('fine', 'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status')
    expect(status.split(/\s+/)).toEqual(['CapEff:', '0000000000000000', 'NoNewPrivs:', '1', 'Seccomp:', '2'])
    const privileged = pod({ name: 'bad', container: { securityContext: { privileged: true } } })
    await expect(restricted.apply(privileged)).rejects.toThrow(/violates PodSecurity "restricted/)
  })
})

describe('names', () => {
  it('[D44] the cluster’s own names are answered, all others do not exist', async () => {
    await namespace.apply(pod({ name: 'asker' }))
    await namespace.ready('asker')
    expect(await namespace.bash('asker', 'getent hosts kubernetes.default')).toMatch(/^10\.96\.0\.1\s/)
    await expect(namespace.bash('asker', 'getent hosts example.com')).rejects.toThrow(/exit code 2/)
  })
})
