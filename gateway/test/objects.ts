// Sessions and Leases for tests, as the API server would have them.
import type { TerminalSession } from '@cpc/crds'

interface SessionOptions {
  name?: string
  uid?: string
  owner?: string
  phase?: NonNullable<TerminalSession['status']>['phase']
  createdAt?: string
  deletedAt?: string
  annotations?: Record<string, string>
  status?: Partial<NonNullable<TerminalSession['status']>>
}

/** A Ready session of octocat, with what is given instead. */
export function aSession(options: SessionOptions = {}): TerminalSession {
  const { name = 'demo', uid = 'uid-1', owner = 'octocat', phase = 'Ready', createdAt, deletedAt } = options
  return {
    apiVersion: 'pocketconsole.dev/v1alpha1',
    kind: 'TerminalSession',
    metadata: {
      name,
      namespace: 'sessions',
      uid,
      creationTimestamp: createdAt ?? '2026-11-22T10:00:00Z',
      ...(deletedAt === undefined ? {} : { deletionTimestamp: deletedAt }),
      annotations: options.annotations ?? {},
    },
    spec: {
      owner,
      command: ['bash', '-l'],
      resources: { cpu: '500m', memory: '512Mi', pids: 100, tmp: '100Mi' },
      idleTimeoutSeconds: 300,
      maxLifetimeSeconds: 28_800,
      recording: { commands: true, output: true },
      ttlSecondsAfterFinished: 3_600,
    },
    status: {
      phase,
      podName: `${name}-12345678`,
      conditions: [readyCondition(phase)],
      ...options.status,
    },
  }
}

function readyCondition(phase: string) {
  const ready = phase === 'Ready'
  return {
    type: 'Ready',
    status: ready ? ('True' as const) : ('False' as const),
    reason: ready ? 'ShellRunning' : 'Unschedulable',
    message: ready ? 'The shell runs.' : 'No node can take the pod.',
    lastTransitionTime: '2026-11-22T10:00:00Z',
  }
}
