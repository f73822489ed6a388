// A small model of the world the operator acts on: API server, scheduler, kubelet, holder and garbage collector. For tests only. It keeps what the
// operator relies on (deterministic names, uids, preconditions, resourceVersions, deadlines that only go down, a cache that lags) and nothing else.
import { DEFAULT_DENY_NAME } from '../src/core/network-policy.ts'
import type { Memory, Observed, PodView, SessionView } from '../src/core/observed.ts'
import type { Action, Plan } from '../src/core/plan.ts'
import { heard } from '../src/core/readiness.ts'
import { reconcile } from '../src/core/reconcile.ts'
import type { NetworkPolicy, Pod } from '@cpc/kube'
import { aSession, ended, NAMESPACE, NOW, running, SESSION_UID, settings, waiting } from './builders.ts'

/** How the shell of the next pod will behave. */
export type Script = 'runs' | 'never-schedules' | 'never-pulls'

interface Truth {
  session: SessionView | undefined
  pods: Map<string, PodView>
  policies: Map<string, NetworkPolicy>
  protected: boolean
}

export class World {
  nowMs = NOW
  script: Script = 'runs'
  /** Set: the API server refuses pods with these words. */
  refusePods: string | undefined
  readonly truth: Truth
  /** What the operator's caches hold; `sync` brings them up to the truth. */
  #cache: Truth
  memory: Memory = {}
  tombstone: SessionView | undefined
  /** Everything that was ever true, for invariants. */
  readonly podUids: string[] = []
  readonly readyPodUids = new Set<string>()
  readonly phases: string[] = []
  readonly events: string[] = []
  #uidCounter = 0

  constructor(session: Partial<SessionView> = {}) {
    this.truth = {
      session: aSession({ createdAtMs: NOW, ...session }),
      pods: new Map(),
      policies: new Map(),
      protected: true,
    }
    this.#cache = structuredClone(this.truth)
  }

  /** The watches deliver everything. */
  sync(): void {
    if (this.#cache.session && !this.truth.session) this.tombstone = this.#cache.session
    this.#cache = structuredClone(this.truth)
  }

  /** The watch of one kind delivers, the others lag. */
  syncOnly(kind: 'session' | 'pods' | 'policies'): void {
    if (kind === 'session') {
      if (this.#cache.session && !this.truth.session) this.tombstone = this.#cache.session
      this.#cache.session = structuredClone(this.truth.session)
    } else if (kind === 'pods') this.#cache.pods = structuredClone(this.truth.pods)
    else this.#cache.policies = structuredClone(this.truth.policies)
  }

  /** The operator's process is gone, and another begins with full caches. */
  crash(): void {
    this.memory = {}
    this.sync()
    this.tombstone = undefined
  }

  observe(): Observed {
    const { session, pods, policies, protected: isProtected } = this.#cache
    const own = [...pods.values()]
    if (!session) {
      const { memory } = this
      const orphans = own.map(pod => ({ pod, sessionUid: SESSION_UID, memory }))
      return { kind: 'absent', namespace: NAMESPACE, name: 'demo', orphans, lastSeen: this.tombstone }
    }
    const pod = own[0]
    return {
      kind: 'present',
      session,
      namespace: {
        name: NAMESPACE,
        labels: isProtected ? { 'pod-security.kubernetes.io/enforce': 'restricted' } : {},
      },
      policies: [...policies.values()],
      pod: pod ? { kind: 'ours', pod } : { kind: 'none' },
      nodes: [{ name: 'node-1', schedulable: true, userNamespaceHandlers: [''] }],
      isUidTaken: () => false,
      memory: this.memory,
    }
  }

  plan(): Plan {
    return reconcile(this.observe(), settings, this.nowMs)
  }

  /** What edge/apply.ts does, on this world. `stale`: the rest of the plan is dropped. */
  perform(action: Action): 'ok' | 'stale' {
    if (action.kind === 'writeStatus') return this.#writeStatus(action.after)
    this.#do(action)
    return 'ok'
  }

  #do(action: Exclude<Action, { kind: 'writeStatus' }>): void {
    const deeds: { [K in typeof action.kind]: (deed: Extract<Action, { kind: K }>) => void } = {
      putNetworkPolicy: ({ policy }) => this.#putPolicy(policy),
      createPod: ({ pod }) => this.#createPod(pod),
      lowerDeadline: ({ pod, activeDeadlineSeconds }) => this.#lowerDeadline(pod.uid, activeDeadlineSeconds),
      askHolder: ({ pod }) => this.#askHolder(pod.uid),
      endHolder: ({ pod }) => this.#endHolder(pod.uid),
      lookUpPod: ({ pod }) => this.#lookUpPod(pod.uid),
      lookUpSession: () => this.#lookUpSession(),
      deletePod: ({ pod }) => this.#deletePod(pod.uid),
      deleteSession: ({ uid }) => this.deleteSession(uid),
      recordEvent: ({ event }) => void this.events.push(event.reason),
    }
    const deed = deeds[action.kind] as (deed: Action) => void
    deed(action)
  }

  #putPolicy(policy: NetworkPolicy): void {
    const resourceVersion = String(++this.#uidCounter)
    this.truth.policies.set(DEFAULT_DENY_NAME, { ...policy, metadata: { ...policy.metadata, resourceVersion } })
  }

  #lowerDeadline(podUid: string, seconds: number): void {
    const pod = this.#pod(podUid)
    if (pod && seconds <= (pod.activeDeadlineSeconds ?? Infinity)) pod.activeDeadlineSeconds = seconds
    this.memory = { ...this.memory, deadlineLowered: { podUid } }
  }

  #askHolder(podUid: string): void {
    const runs = this.#pod(podUid)?.ready === true
    const answer = runs
      ? ({ kind: 'status', shell: 'running', claimed: true, idleDeadlineMs: 1000 } as const)
      : ({ kind: 'failed', message: 'no such container' } as const)
    const { nowMs } = this
    this.memory = { ...this.memory, holder: heard(this.memory.holder, { podUid, answer, nowMs }) }
  }

  #endHolder(podUid: string): void {
    this.holderEnds(podUid, JSON.stringify({ reason: 'Ended' }))
    this.memory = { ...this.memory, endAsked: { podUid, ok: true } }
  }

  #lookUpPod(podUid: string): void {
    if (!this.#pod(podUid)) this.memory = { ...this.memory, podGone: { podUid } }
  }

  #lookUpSession(): void {
    if (!this.truth.session) this.memory = { ...this.memory, sessionGone: true }
  }

  #deletePod(podUid: string): void {
    const pod = this.#pod(podUid)
    if (pod) pod.terminating = true
  }

  deleteSession(uid = this.truth.session?.uid): void {
    if (this.truth.session?.uid === uid) this.truth.session = undefined
  }

  #createPod(pod: Pod): void {
    const name = pod.metadata?.name ?? ''
    if (this.truth.pods.has(name)) return
    // As far as anybody can know: a policy deleted this very moment is put back, and the session not Ready until then.
    if (!this.#cache.policies.has(DEFAULT_DENY_NAME))
      throw new Error('invariant: a pod was created before its isolation')
    if (!this.#cache.protected) throw new Error('invariant: a pod was created in an unprotected namespace')
    if (this.refusePods !== undefined) {
      const count = (this.memory.podRefusal?.count ?? 0) + 1
      this.memory = {
        ...this.memory,
        podRefusal: { atMs: this.nowMs, count, kind: 'rejected', message: this.refusePods },
      }
      return
    }
    const { podRefusal: _, ...memory } = this.memory
    this.memory = memory
    const uid = `pod-${++this.#uidCounter}`
    this.podUids.push(uid)
    this.truth.pods.set(name, {
      name,
      uid,
      nodeName: undefined,
      phase: 'Pending',
      reason: undefined,
      message: undefined,
      terminating: false,
      disruption: undefined,
      ready: false,
      unscheduled: undefined,
      startedAtMs: undefined,
      activeDeadlineSeconds: pod.spec?.activeDeadlineSeconds,
      containers: [],
    })
  }

  #writeStatus(after: SessionView['status']): 'ok' | 'stale' {
    const { session } = this.truth
    if (!session) return 'ok'
    if (this.#cache.session?.resourceVersion !== session.resourceVersion) return 'stale'
    this.truth.session = { ...session, status: after, resourceVersion: String(Number(session.resourceVersion) + 1) }
    this.phases.push(after.phase ?? '')
    if (after.phase === 'Ready' && after.podUID !== undefined) this.readyPodUids.add(after.podUID)
    return 'ok'
  }

  #pod(uid: string): PodView | undefined {
    return [...this.truth.pods.values()].find(pod => pod.uid === uid)
  }

  // --- what others do -------------------------------------------------------------------------------------------------------------------

  /** Scheduler, kubelet and garbage collector do everything there is to do now. Returns whether anything moved. */
  settle(): boolean {
    let moved = false
    for (const [name, pod] of this.truth.pods) moved = this.#advance(name, pod) || moved
    if (!this.truth.session) for (const pod of this.truth.pods.values()) pod.terminating = true
    return moved
  }

  #advance(name: string, pod: PodView): boolean {
    if (pod.terminating) return this.truth.pods.delete(name)
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return false
    if (pod.nodeName === undefined) return this.#schedule(pod)
    const deadlineMs = (pod.startedAtMs ?? 0) + (pod.activeDeadlineSeconds ?? Infinity) * 1000
    if (this.nowMs >= deadlineMs) return this.#fail(pod, 'DeadlineExceeded')
    if (pod.phase === 'Pending') return this.#startContainers(pod)
    return false
  }

  #schedule(pod: PodView): boolean {
    if (this.script === 'never-schedules') {
      const moved = pod.unscheduled === undefined
      pod.unscheduled = { reason: 'Unschedulable', message: '0/1 nodes are available' }
      return moved
    }
    Object.assign(pod, { nodeName: 'node-1', startedAtMs: this.nowMs, unscheduled: undefined })
    return true
  }

  #startContainers(pod: PodView): boolean {
    if (this.script === 'never-pulls') {
      const moved = pod.containers.length === 0
      pod.containers = [waiting('shell', 'ImagePullBackOff', 'not found'), waiting('holder', 'PodInitializing')]
      return moved
    }
    Object.assign(pod, { phase: 'Running', ready: true, containers: [running('shell'), running('holder')] })
    return true
  }

  #fail(pod: PodView, reason: string): boolean {
    const message = JSON.stringify({ reason: 'Ended' })
    Object.assign(pod, { phase: 'Failed', reason, ready: false })
    pod.containers = [ended('shell'), ended('holder', { message, finishedAtMs: this.nowMs })]
    return true
  }

  /** The holder ends by itself, with this termination message, and the pod with it. */
  holderEnds(uid: string, message: string, exitCode = 0): void {
    const pod = this.#pod(uid)
    if (pod?.phase !== 'Running') return
    Object.assign(pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', ready: false })
    pod.containers = [ended('shell'), ended('holder', { message, exitCode, finishedAtMs: this.nowMs })]
  }

  passes(ms: number): void {
    this.nowMs += ms
  }

  podsGone(): void {
    this.truth.pods.clear()
  }

  theOnlyPodUid(): string {
    return [...this.truth.pods.values()][0]?.uid ?? ''
  }
}
