import { ANNOTATION_CLAIM } from '@cpc/crds'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aSession, aSpec, anObserved, NOW, SESSION_UID, settings } from '../../test/builders.ts'
import type { NodeView } from './observed.ts'
import { podFor, podName } from './pod.ts'
import { HOLDER_UID } from './uid.ts'

const input = (spec = aSpec(), nodes?: NodeView[]) => ({
  ...anObserved({ session: aSession({ spec }), ...(nodes && { nodes }) }),
  settings,
  nowMs: NOW,
})

const lockedDown = (uid: number) => ({
  runAsUser: uid,
  runAsGroup: uid,
  runAsNonRoot: true,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
})

const memory = (name: string, sizeLimit: string) => ({ name, emptyDir: { medium: 'Memory', sizeLimit } })

describe('[TS7] the pod of a session', () => {
  it('is called after the session and eight digits of its uid', () => {
    expect(podName(aSession())).toBe('demo-b9a7c1de')
    expect(podName(aSession({ name: 'a'.repeat(52) }))).toHaveLength(61)
  })

  it('is locked down in every line', () => {
    expect(podFor(input()).spec).toEqual({
      hostUsers: false,
      serviceAccountName: 'pocket-console-sandbox',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      shareProcessNamespace: false,
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['127.0.0.1'] },
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 5,
      activeDeadlineSeconds: 600 + 28_800,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: [
        memory('tmp', '100Mi'),
        memory('home', '100Mi'),
        memory('init', '1Mi'),
        memory('run', '1Mi'),
        {
          name: 'claim',
          downwardAPI: {
            items: [
              {
                path: 'claim',
                fieldRef: { apiVersion: 'v1', fieldPath: "metadata.annotations['pocketconsole.dev/claim']" },
              },
            ],
          },
        },
      ],
      initContainers: [
        {
          name: 'shell',
          image: 'pocketconsole.dev/sandbox:dev',
          imagePullPolicy: 'IfNotPresent',
          restartPolicy: 'Always',
          command: ['/cpc/holder', 'init', '--', 'bash', '-l'],
          workingDir: '/home/user',
          env: [
            { name: 'CPC_PIDS_MAX', value: '100' },
            { name: 'CPC_FILE_BYTES_MAX', value: '104857600' },
            { name: 'HOME', value: '/home/user' },
            { name: 'TERM', value: 'xterm-256color' },
            { name: 'LANG', value: 'C.UTF-8' },
          ],
          resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
          securityContext: lockedDown(65_534),
          volumeMounts: [
            { name: 'tmp', mountPath: '/tmp' },
            { name: 'home', mountPath: '/home/user' },
            { name: 'init', mountPath: '/run/cpc/init' },
          ],
        },
      ],
      containers: [
        {
          name: 'holder',
          image: 'pocketconsole.dev/sandbox:dev',
          imagePullPolicy: 'IfNotPresent',
          command: ['/cpc/holder', 'hold'],
          terminationMessagePolicy: 'FallbackToLogsOnError',
          resources: { requests: { cpu: '5m', memory: '16Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
          securityContext: lockedDown(65_533),
          volumeMounts: [
            { name: 'init', mountPath: '/run/cpc/init' },
            { name: 'run', mountPath: '/run/cpc/holder' },
            { name: 'claim', mountPath: '/etc/cpc/claim', readOnly: true },
          ],
        },
      ],
    })
  })

  it('belongs to the session, and says so', () => {
    expect(podFor(input()).metadata).toEqual({
      name: 'demo-b9a7c1de',
      namespace: 'sessions',
      labels: {
        'app.kubernetes.io/name': 'pocket-console',
        'app.kubernetes.io/part-of': 'pocket-console',
        'app.kubernetes.io/component': 'sandbox',
        'app.kubernetes.io/managed-by': 'pocket-console-operator',
        'pocketconsole.dev/state': 'claimed',
      },
      annotations: {
        'pocketconsole.dev/session': 'demo',
        'pocketconsole.dev/session-uid': SESSION_UID,
        'pocketconsole.dev/claim': expect.any(String) as string,
        'pocketconsole.dev/fingerprint': expect.stringMatching(/^digest-/) as string,
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      },
      ownerReferences: [
        {
          apiVersion: 'pocketconsole.dev/v1alpha1',
          kind: 'TerminalSession',
          name: 'demo',
          uid: SESSION_UID,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    })
  })

  it('[TS8] carries the claim', () => {
    const spec = aSpec({ idleTimeoutSeconds: 30, recording: { commands: true, output: false } })
    const annotation = podFor(input(spec)).metadata?.annotations?.[ANNOTATION_CLAIM] ?? ''
    expect(JSON.parse(annotation)).toEqual({
      sessionUid: SESSION_UID,
      idleTimeoutMs: 30_000,
      claimedAt: '2026-01-01T12:00:00Z',
      recording: { commands: true, output: false },
    })
  })

  it('runs a foreign image with the init copied into it, by the other user, read-only for the shell', () => {
    const { spec } = podFor(input(aSpec({ image: 'alpine:3', command: ['sh'] })))
    const [install, shell] = spec?.initContainers ?? []
    expect(install).toMatchObject({
      name: 'install',
      image: 'pocketconsole.dev/sandbox:dev',
      command: ['/cpc/holder', 'install', '/cpc/bin/holder'],
      terminationMessagePolicy: 'FallbackToLogsOnError',
      securityContext: lockedDown(HOLDER_UID),
      volumeMounts: [{ name: 'cpc-bin', mountPath: '/cpc/bin' }],
    })
    expect(install?.restartPolicy).toBeUndefined()
    expect(shell).toMatchObject({ image: 'alpine:3', command: ['/cpc/bin/holder', 'init', '--', 'sh'] })
    expect(shell?.volumeMounts).toContainEqual({ name: 'cpc-bin', mountPath: '/cpc/bin', readOnly: true })
    expect(spec?.volumes).toContainEqual(memory('cpc-bin', '32Mi'))
    expect(spec?.containers[0]?.image).toBe('pocketconsole.dev/sandbox:dev')
  })

  it('naming the default image is the same as naming none', () => {
    expect(podFor(input(aSpec({ image: settings.sandboxImage }))).spec).toEqual(podFor(input()).spec)
  })

  it('takes the runtime class', () => {
    expect(podFor(input(aSpec({ runtimeClassName: 'gvisor' }))).spec).toMatchObject({ runtimeClassName: 'gvisor' })
  })
})

const anySpec = fc.record({
  image: fc.constantFrom(undefined, 'alpine:3', settings.sandboxImage),
  runtimeClassName: fc.constantFrom(undefined, 'gvisor'),
  command: fc.array(fc.string(), { minLength: 1, maxLength: 5 }),
  resources: fc.record({
    cpu: fc.constantFrom<string | number>('10m', 1, '16'),
    memory: fc.constantFrom<string | number>('64Mi', 134_217_728, '64Gi'),
    pids: fc.integer({ min: 16, max: 16_384 }),
    tmp: fc.constantFrom<string | number>('1Mi', 1_048_576, '1G'),
  }),
})
const anyNodes = fc.array(
  fc.record({
    name: fc.string(),
    schedulable: fc.boolean(),
    userNamespaceHandlers: fc.subarray(['', 'runc', 'gvisor']),
  }),
)

function expectLockedDown(
  container: NonNullable<NonNullable<ReturnType<typeof podFor>['spec']>['containers']>[number],
) {
  const uid = container.securityContext?.runAsUser ?? 0
  expect(uid).toBeGreaterThan(0)
  expect(container.securityContext).toEqual(lockedDown(uid))
  expect(container.ports).toBeUndefined()
  expect(Object.keys(container.resources?.limits ?? {})).toEqual(['cpu', 'memory'])
  expect(uid === HOLDER_UID).toBe(container.name !== 'shell')
}

describe('[TS24] the words of a container that fails', () => {
  it('come from the log of ours, and never from that of the shell', () => {
    const { spec } = podFor(input(aSpec({ image: 'alpine:3' })))
    const policies = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(
      ({ name, terminationMessagePolicy }) => [name, terminationMessagePolicy],
    )
    expect(policies).toEqual([
      ['install', 'FallbackToLogsOnError'],
      ['shell', undefined],
      ['holder', 'FallbackToLogsOnError'],
    ])
  })
})

describe('[TS28] what is writable besides the volumes', () => {
  it('holds no file larger than resources.tmp, which the init is told in bytes', () => {
    const spec = aSpec({ resources: { ...aSpec().resources, tmp: '3Mi' } })
    const shell = podFor(input(spec)).spec?.initContainers?.at(-1)
    expect(shell?.env).toContainEqual({ name: 'CPC_FILE_BYTES_MAX', value: String(3 * 1024 * 1024) })
  })
})

describe('[TS7] whatever a session asks for', () => {
  it('no container of its pod has a privilege, a writable root or a user it shares with the holder', () => {
    fc.assert(
      fc.property(anySpec, anyNodes, ({ image, runtimeClassName, ...rest }, nodes) => {
        const spec = aSpec({ ...rest, ...(image && { image }), ...(runtimeClassName && { runtimeClassName }) })
        const pod = podFor(input(spec, nodes)).spec
        for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])])
          expectLockedDown(container)
        const disks = pod?.volumes?.filter(({ emptyDir, downwardAPI }) => emptyDir?.medium !== 'Memory' && !downwardAPI)
        expect(disks).toEqual([])
        expect(pod?.automountServiceAccountToken).toBe(false)
      }),
    )
  })
})
