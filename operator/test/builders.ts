// Builders for tests: a session, a pod and an observation with everything ordinary, and only what matters to the test spelled out.
import type { TerminalSessionSpec, TerminalSessionStatus } from '@cpc/crds'
import { defaultDeny } from '../src/core/network-policy.ts'
import type {
  ContainerView,
  ObservedSession,
  PodView,
  SessionView,
  Settings,
  TerminatedState,
} from '../src/core/observed.ts'
import { reconcile } from '../src/core/reconcile.ts'
import type { Action, Plan } from '../src/core/plan.ts'
import { formatTime } from '../src/core/time.ts'

export const NOW = Date.parse('2026-01-01T12:00:00Z')
export const NAMESPACE = 'sessions'
export const SESSION_UID = 'b9a7c1de-1111-4111-8111-111111111111'
export const POD_UID = 'aaaaaaaa-2222-4222-8222-222222222222'
const POD_NAME = 'demo-b9a7c1de'

export const settings: Settings = {
  sandboxImage: 'pocketconsole.dev/sandbox:dev',
  serviceAccountName: 'pocket-console-sandbox',
  digest: text => `digest-${text.length}`,
}

export function aSpec(spec: Partial<TerminalSessionSpec> = {}): TerminalSessionSpec {
  return {
    owner: 'octocat',
    command: ['bash', '-l'],
    resources: { cpu: '500m', memory: '512Mi', pids: 100, tmp: '100Mi' },
    idleTimeoutSeconds: 300,
    maxLifetimeSeconds: 28_800,
    recording: { commands: true, output: true },
    ttlSecondsAfterFinished: 3600,
    ...spec,
  }
}

export function aSession(session: Partial<SessionView> = {}): SessionView {
  return {
    namespace: NAMESPACE,
    name: 'demo',
    uid: SESSION_UID,
    resourceVersion: '1',
    generation: 1,
    createdAtMs: NOW - 1000,
    deleting: false,
    spec: aSpec(),
    status: {},
    ...session,
  }
}

export const running = (name: string): ContainerView => ({
  name,
  image: settings.sandboxImage,
  state: { kind: 'running' },
  previous: undefined,
})

export const ended = (name: string, state: Partial<TerminatedState> = {}): ContainerView => ({
  ...running(name),
  state: {
    kind: 'terminated',
    exitCode: 0,
    reason: 'Completed',
    message: undefined,
    finishedAtMs: NOW - 500,
    ...state,
  },
})

export const waiting = (name: string, reason: string, message = ''): ContainerView => ({
  ...running(name),
  state: { kind: 'waiting', reason, message },
})

/** A pod whose containers run, with the deadline it gets when it is created. */
export function aPod(pod: Partial<PodView> = {}): PodView {
  return {
    name: POD_NAME,
    uid: POD_UID,
    nodeName: 'node-1',
    phase: 'Running',
    reason: undefined,
    message: undefined,
    terminating: false,
    disruption: undefined,
    ready: true,
    unscheduled: undefined,
    startedAtMs: NOW - 900,
    activeDeadlineSeconds: 600 + 28_800,
    containers: [running('shell'), running('holder')],
    ...pod,
  }
}

/** The status of a session that became ready ten minutes ago. */
export function readyStatus(status: TerminalSessionStatus = {}): TerminalSessionStatus {
  return {
    phase: 'Ready',
    podName: POD_NAME,
    podUID: POD_UID,
    nodeName: 'node-1',
    startedAt: formatTime(NOW - 600_000),
    readyAt: formatTime(NOW - 600_000),
    expiresAt: formatTime(NOW - 600_000 + 28_800_000),
    warm: false,
    observedGeneration: 1,
    ...status,
  }
}

/** The pod of such a session: started when it became ready, with its final deadline. */
export function readyPod(pod: Partial<PodView> = {}): PodView {
  return aPod({ startedAtMs: NOW - 600_000, activeDeadlineSeconds: 28_800, ...pod })
}

export function anObserved(observed: Partial<ObservedSession> = {}): ObservedSession {
  return {
    kind: 'present',
    session: aSession(),
    namespace: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    policies: [storedPolicy()],
    pod: { kind: 'none' },
    nodes: [{ name: 'node-1', schedulable: true, userNamespaceHandlers: ['', 'runc'] }],
    isUidTaken: () => false,
    memory: {},
    ...observed,
  }
}

export function storedPolicy() {
  const policy = defaultDeny(NAMESPACE)
  return { ...policy, metadata: { ...policy.metadata, resourceVersion: '7' } }
}

/** A session that is Ready, and its pod. */
export function readyObserved(pod: Partial<PodView> = {}, session: Partial<SessionView> = {}): ObservedSession {
  return anObserved({
    session: aSession({ status: readyStatus(), ...session }),
    pod: { kind: 'ours', pod: readyPod(pod) },
  })
}

export function planFor(observed: ObservedSession, nowMs = NOW): Plan {
  return reconcile(observed, settings, nowMs)
}

/** The status a plan writes. Throws if it writes none. */
export function writtenStatus(plan: Plan): TerminalSessionStatus {
  const write = plan.actions.find(action => action.kind === 'writeStatus')
  if (!write) throw new Error(`the plan writes no status: ${JSON.stringify(plan.actions)}`)
  return write.after
}

export function kinds(plan: Plan): Action['kind'][] {
  return plan.actions.map(action => action.kind)
}

export function actionOf<K extends Action['kind']>(plan: Plan, kind: K): Extract<Action, { kind: K }> {
  const action = plan.actions.find(candidate => candidate.kind === kind)
  if (!action) throw new Error(`no ${kind} among ${kinds(plan).join(', ')}`)
  return action as Extract<Action, { kind: K }>
}
