// `cpc create`'s options as the body of POST /api/v1/sessions. What is left out is the operator's to default.
import { formatSeconds, parseDurationSeconds } from './duration.ts'

/** Options as commander gives them. */
export interface CreateOptions {
  image?: string
  cpu?: string
  memory?: string
  pids?: string
  tmp?: string
  idle?: string
  lifetime?: string
  ttl?: string
  runtimeClass?: string
}

/** The API's bounds of each duration in seconds, and what it takes when nothing is said. */
export const DURATIONS = {
  idle: { field: 'idleTimeoutSeconds', min: 10, max: 86_400, fallback: 300 },
  lifetime: { field: 'maxLifetimeSeconds', min: 10, max: 604_800, fallback: 28_800 },
  ttl: { field: 'ttlSecondsAfterFinished', min: 0, max: 604_800, fallback: 3_600 },
} as const

export type CreateDecision = { kind: 'body'; body: Record<string, unknown> } | { kind: 'wrong'; message: string }

/** `command` replaces the session's shell when it is not empty. */
export function decideCreate(name: string | undefined, command: string[], options: CreateOptions): CreateDecision {
  const wrong: string[] = []
  const seconds = (option: keyof typeof DURATIONS, value: string | undefined): number | undefined => {
    if (value === undefined) return undefined
    const parsed = parseDurationSeconds(value)
    if (parsed === undefined) wrong.push(`--${option} ${value} is no duration; write for example 90s, 5m or 8h.`)
    const { min, max } = DURATIONS[option]
    if (parsed !== undefined && (parsed < min || parsed > max))
      wrong.push(
        `--${option} ${value} is out of range; it must be from ${formatSeconds(min)} to ${formatSeconds(max)}.`,
      )
    return parsed
  }
  const pids = options.pids === undefined ? undefined : Number(options.pids)
  if (pids !== undefined && !Number.isInteger(pids)) wrong.push(`--pids ${String(options.pids)} is no whole number.`)
  const body = present({
    name,
    image: options.image,
    command: command.length > 0 ? command : undefined,
    resources: nonEmpty(present({ cpu: options.cpu, memory: options.memory, pids, tmp: options.tmp })),
    idleTimeoutSeconds: seconds('idle', options.idle),
    maxLifetimeSeconds: seconds('lifetime', options.lifetime),
    ttlSecondsAfterFinished: seconds('ttl', options.ttl),
    runtimeClassName: options.runtimeClass,
  })
  return wrong.length > 0 ? { kind: 'wrong', message: wrong.join(' ') } : { kind: 'body', body }
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function nonEmpty(fields: Record<string, unknown>): Record<string, unknown> | undefined {
  return Object.keys(fields).length > 0 ? fields : undefined
}
