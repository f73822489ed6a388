// The table of contents of a session's life: the first step that concludes decides. Pure: observed state and time in, plan out.
import { afterDeletion, beingDeleted } from './deletion.ts'
import { podCreated } from './creation.ts'
import { podEnding, podOver } from './ending.ts'
import { lifetimeOver } from './lifetime.ts'
import { namespaceProtected } from './namespace.ts'
import { isolated } from './network-policy.ts'
import type { Observed, Settings } from './observed.ts'
import type { Plan } from './plan.ts'
import { podLost } from './pod-loss.ts'
import { attachable, shellRunning } from './readiness.ts'
import { podRunning } from './startup.ts'
import { givingUp } from './start-timeout.ts'
import { planOf } from './status.ts'
import { finished } from './ttl.ts'
import type { Input, Step } from './verdict.ts'

const STEPS: readonly Step[] = [
  finished, //           it ended before: remove its pod, wait out its TTL
  beingDeleted, //       foreground deletion: end the pod
  podLost, //            its pod is not there any more
  podOver, //            its pod has ended: why?
  podEnding, //          its pod is about to end
  lifetimeOver, //       it may not live longer
  namespaceProtected, // the namespace enforces Pod Security "restricted"
  isolated, //           default-deny is in place, and nothing opens it
  podCreated, //         the pod exists
  podRunning, //         the pod has a node, its images and its containers
  shellRunning, //       the holder says that the shell and the idle clock run
  attachable, //         nothing left to do
]

/** What to do about one session, given everything observed. */
export function reconcile(observed: Observed, settings: Settings, nowMs: number): Plan {
  if (observed.kind === 'absent') return afterDeletion(observed)
  const input: Input = { ...observed, settings, nowMs }
  for (const step of STEPS) {
    const verdict = step(input)
    if (verdict) return planOf(input, givingUp(input, verdict))
  }
  throw new Error('invariant violation: the last step always concludes')
}
