// Why a pod ended. Only Idle and Exited are believed from the pod itself; everything else comes from what the kubelet and the API server say.
import { HOLDER_CONTAINER, SHELL_CONTAINER, parseTerminationMessage, type CheckedTerminationMessage } from '@cpc/crds'
import { INSTALL_CONTAINER } from './containers.ts'
import { exitMessage } from './exit-code.ts'
import { expiryOf, lifetimeMessage, ORDERLY_END_LEAD_MS } from './lifetime.ts'
import type { ContainerView, PodView, TerminatedState } from './observed.ts'
import { quoted } from './quote.ts'
import { parseTime } from './time.ts'
import { outcomeOf, podOf, type Cause, type Input, type Step } from './verdict.ts'

/** The kubelet's times have whole seconds. */
const CLOCK_GRAIN_MS = 1000
/** Exit code of a process ended by SIGKILL, which is how the kernel ends one that runs out of memory. */
const KILLED = 137

export const podOver: Step = input => {
  const pod = podOf(input)
  if (!pod || (pod.phase !== 'Succeeded' && pod.phase !== 'Failed')) return undefined
  const { cause, endedAtMs } = endOf(input, pod)
  return { kind: 'over', end: { ...cause, outcome: outcomeOf(cause.reason), endedAtMs } }
}

export const podEnding: Step = input => {
  const pod = podOf(input)
  if (!pod || !(terminated(containerOf(pod, HOLDER_CONTAINER)) || pod.terminating)) return undefined
  return { kind: 'ending', cause: endOf(input, pod).cause }
}

/** Everything an explanation may look at. */
interface Evidence {
  input: Input
  pod: PodView
  holder: TerminatedState | undefined
  /** What the holder reported, if it is well-formed. */
  report: CheckedTerminationMessage | undefined
  /** Why there is no report. */
  problem: string
  endedAtMs: number
  shellOutOfMemory: boolean
}

type Explanation = (evidence: Evidence) => Cause | undefined

/** In order of trust: the first that applies is the reason. */
const EXPLANATIONS: readonly Explanation[] = [
  outOfMemory,
  exited,
  idle,
  lifetime,
  askedFor,
  refusedByNode,
  deletedByOthers,
  toldToEnd,
  containerFailed,
]

function endOf(input: Input, pod: PodView): { cause: Cause; endedAtMs: number } {
  const holder = terminated(containerOf(pod, HOLDER_CONTAINER))
  const parsed = parseTerminationMessage(holder?.message)
  const shell = containerOf(pod, SHELL_CONTAINER)
  const evidence: Evidence = {
    input,
    pod,
    holder,
    report: parsed.kind === 'valid' ? parsed.message : undefined,
    problem: parsed.kind === 'invalid' ? `its report is ${parsed.problem}` : 'it left no report',
    endedAtMs: holder?.finishedAtMs ?? input.nowMs,
    shellOutOfMemory: [terminated(shell), shell?.previous].some(state => state?.reason === 'OOMKilled'),
  }
  return { cause: { ...causeOf(evidence), ...unfetched(evidence) }, endedAtMs: evidence.endedAtMs }
}

function causeOf(evidence: Evidence): Cause {
  for (const explain of EXPLANATIONS) {
    const cause = explain(evidence)
    if (cause) return cause
  }
  return holderFailed(evidence)
}

function unfetched({ report }: Evidence): Pick<Cause, 'unfetchedRecords'> {
  return report?.unfetchedRecords === undefined ? {} : { unfetchedRecords: report.unfetchedRecords }
}

// A child of the shell that ran out of memory marks the container too; only a shell that was itself killed ended for that reason.
function outOfMemory({ holder, report, shellOutOfMemory, input }: Evidence): Cause | undefined {
  const shellKilled = report?.reason !== 'Idle' && (report?.exitCode ?? KILLED) === KILLED && shellOutOfMemory
  if (holder?.reason !== 'OOMKilled' && !shellKilled) return undefined
  const limit = String(input.session.spec.resources.memory)
  const message = `The session needed more than its ${limit} of memory (spec.resources.memory). Create one with more.`
  return { reason: 'OutOfMemory', message }
}

function exited({ input, report, endedAtMs }: Evidence): Cause | undefined {
  if (report?.reason !== 'Exited') return undefined
  const code = report.exitCode ?? undefined
  const readyAtMs = parseTime(input.session.status.readyAt)
  const aliveMs = readyAtMs === undefined ? undefined : endedAtMs - readyAtMs
  const message = code === undefined ? 'The shell exited.' : exitMessage(code, aliveMs)
  return { reason: 'Exited', message, ...(code !== undefined && { exitCode: code }) }
}

function idle({ report, input }: Evidence): Cause | undefined {
  if (report?.reason !== 'Idle') return undefined
  const message = `Nobody typed for ${input.session.spec.idleTimeoutSeconds} s (spec.idleTimeoutSeconds).`
  return { reason: 'Idle', message }
}

function lifetime({ input, pod, report, endedAtMs }: Evidence): Cause | undefined {
  const { session } = input
  const expiresAtMs = expiryOf(session.spec, pod)
  const due = expiresAtMs !== undefined && endedAtMs >= expiresAtMs - ORDERLY_END_LEAD_MS - CLOCK_GRAIN_MS
  const recorded = session.status.phase === 'Ending' && session.status.reason === 'Lifetime'
  if (pod.reason !== 'DeadlineExceeded' && !(report?.reason === 'Ended' && due) && !recorded) return undefined
  return { reason: 'Lifetime', message: lifetimeMessage(session.spec) }
}

function askedFor({ input, pod }: Evidence): Cause | undefined {
  if (input.memory.endAsked?.podUid !== pod.uid || !input.session.deleting) return undefined
  return { reason: 'Deleted', message: 'The session was deleted.' }
}

function refusedByNode({ pod }: Evidence): Cause | undefined {
  if (pod.reason === undefined) return undefined
  const node = pod.nodeName === undefined ? '' : ` on node ${pod.nodeName}`
  const message = `The pod ${pod.name}${node} was ended: ${pod.reason}: ${pod.message ?? 'no message'}. Create a new session.`
  return { reason: 'PodLost', message }
}

function deletedByOthers({ pod }: Evidence): Cause | undefined {
  if (!pod.terminating) return undefined
  const why = pod.disruption ?? 'by hand, or to drain its node'
  const message = `The pod ${pod.name} was deleted by somebody else: ${why}. Create a new session.`
  return { reason: 'PodLost', message }
}

function toldToEnd({ pod, report }: Evidence): Cause | undefined {
  if (report?.reason !== 'Ended') return undefined
  const message = `The pod ${pod.name} was told to end, and not by the operator. Create a new session.`
  return { reason: 'PodLost', message }
}

function containerFailed({ pod, holder }: Evidence): Cause | undefined {
  if (holder) return undefined
  const failed = pod.containers.find(({ state }) => state.kind === 'terminated' && state.exitCode !== 0)
  const state = terminated(failed)
  if (!failed || !state) return undefined
  const said = failed.name === INSTALL_CONTAINER ? quoted(state.message) : ''
  const message =
    `The container ${failed.name} failed before the session began: ${state.reason}, exit code ${state.exitCode}` +
    `${said === '' ? '' : `: ${said}`}. Create a new session; report it if it comes back.`
  return { reason: 'HolderFailed', message }
}

function holderFailed({ pod, holder, problem }: Evidence): Cause {
  const code = holder === undefined ? '' : ` with exit code ${holder.exitCode}`
  // The kubelet hands over the end of the log of one that crashed: without a report, its last words are the best there is.
  const said = holder === undefined || holder.exitCode === 0 ? '' : quoted(holder.message)
  const words = said === '' ? '' : ` It said: ${said}`
  const message = `The holder of pod ${pod.name} ended${code}, and ${problem}. Create a new session.${words}`
  return { reason: 'HolderFailed', message }
}

function containerOf(pod: PodView, name: string): ContainerView | undefined {
  return pod.containers.find(container => container.name === name)
}

function terminated(container: ContainerView | undefined): TerminatedState | undefined {
  return container?.state.kind === 'terminated' ? container.state : undefined
}
