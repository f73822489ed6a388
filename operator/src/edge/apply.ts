// Performs a plan, action by action, in order. Every action may be performed twice: a repetition changes nothing.
import { API_VERSION, type TerminalSessionStatus } from '@cpc/crds'
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  networkPolicies,
  pods,
  type EventRecorder,
  type KubeClient,
  type Logger,
} from '@cpc/kube'
import type { Memory, Refusal } from '../core/observed.ts'
import type { Action, Plan, PodRef } from '../core/plan.ts'
import { heard } from '../core/readiness.ts'
import { statusPatch } from '../core/status-patch.ts'
import { terminalSessions } from './caches.ts'
import type { HolderExec } from './holder-exec.ts'
import type { MemoryBook } from './memory-book.ts'
import type { OwnWrites } from './own-writes.ts'

/** The session a plan is about. `uid` is undefined if it is gone and nobody remembers it. */
export interface Subject {
  namespace: string
  name: string
  uid: string | undefined
  /** Of the session as it was observed: a status computed from an older one is refused by the API server. */
  resourceVersion: string | undefined
}

/** Called after a status with another phase was written. */
export type OnPhaseChange = (before: TerminalSessionStatus, after: TerminalSessionStatus) => void

export type Applied =
  | 'done'
  /** Something was learned that the next reconcile should know at once. */
  | 'observe-again'
  /** The cache is behind the API server: wait for it. */
  | 'stale'

export interface ApplyOptions {
  client: KubeClient
  holder: HolderExec
  memory: MemoryBook
  ownWrites: OwnWrites
  events: EventRecorder
  logger: Logger
  nowMs: () => number
  onPhaseChange: OnPhaseChange
}

export interface Applier {
  /** @throws ApiError | TransportError if an action failed in a way that trying again may cure */
  apply(subject: Subject, plan: Plan, signal: AbortSignal): Promise<Applied>
}

export function createApplier(options: ApplyOptions): Applier {
  return new PlanApplier(options)
}

class PlanApplier implements Applier {
  readonly #options: ApplyOptions

  constructor(options: ApplyOptions) {
    this.#options = options
  }

  async apply(subject: Subject, plan: Plan, signal: AbortSignal): Promise<Applied> {
    let applied: Applied = 'done'
    for (const action of plan.actions) {
      const result = await this.#perform(subject, action, signal)
      if (result === 'stale') return result
      if (result === 'observe-again') applied = result
    }
    return applied
  }

  async #perform(subject: Subject, action: Action, signal: AbortSignal): Promise<Applied> {
    switch (action.kind) {
      case 'putNetworkPolicy':
        return this.#putNetworkPolicy(subject, action, signal)
      case 'createPod':
        return this.#createPod(subject, action, signal)
      case 'lowerDeadline':
        return this.#lowerDeadline(subject, action, signal)
      case 'askHolder':
        return this.#askHolder(subject, action.pod, signal)
      case 'endHolder':
        return this.#endHolder(subject, action, signal)
      case 'lookUpPod':
        return this.#lookUpPod(subject, action.pod, signal)
      case 'lookUpSession':
        return this.#lookUpSession(subject, action.uid, signal)
      case 'deletePod':
        return this.#deletePod(subject, action.pod, signal)
      case 'deleteSession':
        return this.#deleteSession(subject, action.uid, signal)
      case 'writeStatus':
        return this.#writeStatus(subject, action, signal)
      case 'recordEvent':
        return this.#recordEvent(subject, action)
    }
  }

  async #putNetworkPolicy(
    subject: Subject,
    { policy }: ActionOf<'putNetworkPolicy'>,
    signal: AbortSignal,
  ): Promise<Applied> {
    const { client } = this.#options
    try {
      if (policy.metadata?.resourceVersion === undefined) await client.create(networkPolicies, policy, { signal })
      else await client.replace(networkPolicies, policy, { signal })
    } catch (error) {
      // Another session's reconcile was quicker: the watch will show it.
      if (isAlreadyExists(error) || isConflict(error)) return 'done'
      if (!isRefusal(error)) throw error
      this.#remember(subject, memory => ({ ...memory, policyRefusal: this.#refusal(memory.policyRefusal, error) }))
      return 'observe-again'
    }
    this.#remember(subject, ({ policyRefusal: _, ...memory }) => memory)
    return 'done'
  }

  async #createPod(subject: Subject, { pod }: ActionOf<'createPod'>, signal: AbortSignal): Promise<Applied> {
    try {
      await this.#options.client.create(pods, pod, { signal })
    } catch (error) {
      // Ours from a try whose answer was lost, or somebody else's: the watch will show which.
      if (isAlreadyExists(error)) return 'done'
      if (!isRefusal(error)) throw error
      this.#remember(subject, memory => ({ ...memory, podRefusal: this.#refusal(memory.podRefusal, error) }))
      return 'observe-again'
    }
    this.#remember(subject, ({ podRefusal: _, ...memory }) => memory)
    return 'done'
  }

  async #lowerDeadline(subject: Subject, action: ActionOf<'lowerDeadline'>, signal: AbortSignal): Promise<Applied> {
    const { name, uid } = action.pod
    const body = { metadata: { uid }, spec: { activeDeadlineSeconds: action.activeDeadlineSeconds } }
    try {
      await this.#options.client.patch(pods, refOf(subject, name), { type: 'merge', body }, { signal })
    } catch (error) {
      // Gone, another pod, or lowered further already: each shows in the watch.
      if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error
    }
    this.#remember(subject, memory => ({ ...memory, deadlineLowered: { podUid: uid } }))
    return 'done'
  }

  async #askHolder(subject: Subject, { name, uid }: PodRef, signal: AbortSignal): Promise<Applied> {
    const answer = await this.#options.holder.status(subject.namespace, name, signal)
    const nowMs = this.#options.nowMs()
    this.#remember(subject, memory => ({ ...memory, holder: heard(memory.holder, { podUid: uid, answer, nowMs }) }))
    return 'observe-again'
  }

  async #endHolder(subject: Subject, { pod, reason }: ActionOf<'endHolder'>, signal: AbortSignal): Promise<Applied> {
    let ok = true
    try {
      await this.#options.holder.end(subject.namespace, pod.name, reason, signal)
    } catch (error) {
      ok = false
      // The pod often goes while it is being asked. If it does not, its deletion or its deadline ends it.
      this.#options.logger.info(
        { ...subject, pod: pod.name, reason, err: error },
        'the holder could not be asked to end',
      )
    }
    this.#remember(subject, memory => ({ ...memory, endAsked: { podUid: pod.uid, ok } }))
    return 'done'
  }

  async #lookUpPod(subject: Subject, { name, uid }: PodRef, signal: AbortSignal): Promise<Applied> {
    try {
      const pod = await this.#options.client.get(pods, refOf(subject, name), { signal })
      if (pod.metadata?.uid === uid) return 'done'
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    this.#remember(subject, memory => ({ ...memory, podGone: { podUid: uid } }))
    return 'observe-again'
  }

  async #lookUpSession(subject: Subject, uid: string, signal: AbortSignal): Promise<Applied> {
    const { client, memory } = this.#options
    try {
      const session = await client.get(terminalSessions, refOf(subject, subject.name), { signal })
      if (session.metadata.uid === uid) return 'stale'
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    memory.update(uid, known => ({ ...known, sessionGone: true }))
    return 'observe-again'
  }

  async #deletePod(subject: Subject, { name, uid }: PodRef, signal: AbortSignal): Promise<Applied> {
    const { client } = this.#options
    await ignoringGone(client.delete(pods, refOf(subject, name), { preconditions: { uid }, signal }))
    return 'done'
  }

  async #deleteSession(subject: Subject, uid: string, signal: AbortSignal): Promise<Applied> {
    const options = { preconditions: { uid }, propagationPolicy: 'Background', signal } as const
    await ignoringGone(this.#options.client.delete(terminalSessions, refOf(subject, subject.name), options))
    return 'done'
  }

  async #writeStatus(
    subject: Subject,
    { before, after }: ActionOf<'writeStatus'>,
    signal: AbortSignal,
  ): Promise<Applied> {
    const { client, logger, onPhaseChange, ownWrites } = this.#options
    const { uid, resourceVersion } = subject
    const body = { metadata: { uid, resourceVersion }, status: statusPatch(before, after) }
    try {
      const ref = refOf(subject, subject.name)
      const patch = { type: 'merge', body } as const
      const written = await client.patch(terminalSessions, ref, patch, { subresource: 'status', signal })
      ownWrites.record(resourceVersion ?? '', written)
    } catch (error) {
      if (isNotFound(error)) return 'done'
      // Computed from an older session than the server's: the watch brings the newer one, or has brought it.
      if (isConflict(error)) return 'stale'
      throw error
    }
    if (before.phase !== after.phase) {
      logger.info({ ...subject, phase: after.phase, reason: after.reason, pod: after.podName }, 'phase changed')
      onPhaseChange(before, after)
    }
    return 'done'
  }

  #recordEvent({ namespace, name }: Subject, { uid, event }: ActionOf<'recordEvent'>): Applied {
    this.#options.events.record({ apiVersion: API_VERSION, kind: 'TerminalSession', namespace, name, uid }, event)
    return 'done'
  }

  #remember({ uid }: Subject, change: (memory: Memory) => Memory): void {
    if (uid !== undefined) this.#options.memory.update(uid, change)
  }

  #refusal(before: Refusal | undefined, error: ApiError): Refusal {
    const kind = error.serverMessage.includes('exceeded quota') ? 'quota' : 'rejected'
    return { atMs: this.#options.nowMs(), count: (before?.count ?? 0) + 1, kind, message: error.serverMessage }
  }
}

type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>

function refOf({ namespace }: Subject, name: string) {
  return { namespace, name }
}

// Refusals that repeating at once does not cure, and that a person should read: admission, quota, an invalid object, a missing namespace.
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && [400, 403, 404, 422].includes(error.code)
}

/** Gone already, or another object of the same name by now: both are what was wanted. */
async function ignoringGone(deletion: Promise<void>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
