// Schemas of the JSON payloads. Unknown fields are dropped (F6); every string and number has a bound.
import { z } from 'zod'
import type { JsonSchema } from './json-payload.ts'
import { LIMITS } from './limits.ts'

const name = z.string().min(1).max(64)
const id = z.string().min(1).max(64)
const count = z.int().min(0)
const offset = z.int().min(0).max(LIMITS.OFFSET_MAX)
/** As wide as RESIZE's fields; the holder clamps (S2). */
const cells = z.int().min(0).max(0xffff)
const lease = z.int().min(0).max(0xffffffff)
const version = z.int().min(1).max(0xffff)
const peer = z.object({ name, version: name })

export const helloSchema = z.object({
  versions: z.tuple([version, version]).refine(([min, max]) => min <= max, 'the range is upside down'),
  client: peer,
  ticket: z.string().min(1).max(8_192).optional(),
})

export const attachSchema = z.object({
  clientId: id.optional(),
  /** A random word of the client's own (O9). */
  clientKey: id.optional(),
  epoch: id.optional(),
  outOff: offset.optional(),
  cols: cells,
  rows: cells,
  mode: z.enum(['control', 'view']),
  takeover: z.boolean().optional(),
  lossless: z.boolean().optional(),
  /** The ticket's id; only the gateway writes it, on leg 2 (O4). */
  jti: z.string().min(1).max(128).optional(),
  /** Who attaches; only the gateway writes it, on leg 2. */
  owner: z.string().min(1).max(256).optional(),
})

export const welcomeSchema = z.object({ version, epoch: id.optional(), server: peer })

export const attachedSchema = z.object({
  clientId: id,
  lease,
  epoch: id,
  resume: z.enum(['delta', 'gap']),
  from: offset,
  head: offset,
  inOff: offset,
  cols: cells,
  rows: cells,
  idleTimeoutMs: count.optional(),
  idleDeadlineMs: count.optional(),
})

const eventSchemas = {
  resized: z.object({ kind: z.literal('resized'), off: offset, cols: cells, rows: cells }),
  lease: z.object({ kind: z.literal('lease'), lease, by: z.string().max(256).optional() }),
  'input-refused': z.object({ kind: z.literal('input-refused'), lease, from: offset }),
  'idle-warning': z.object({ kind: z.literal('idle-warning'), remainingMs: count }),
  'idle-reset': z.object({ kind: z.literal('idle-reset'), idleDeadlineMs: count }),
}
const knownEventSchema = z.discriminatedUnion('kind', [
  eventSchemas.resized,
  eventSchemas.lease,
  eventSchemas['input-refused'],
  eventSchemas['idle-warning'],
  eventSchemas['idle-reset'],
])
const anyEventSchema = z.object({ kind: name })

/** An event of a later version (E1): its fields are not ours to know. */
export interface UnknownEvent {
  kind: 'unknown'
  /** The kind on the wire. */
  name: string
}

/** EVENT by kind; a kind we do not know becomes `unknown` rather than an error (E1). */
export const eventSchema: JsonSchema<KnownEventBody | UnknownEvent> = {
  safeParse(value) {
    const any = anyEventSchema.safeParse(value)
    if (!any.success) return any
    if (!Object.hasOwn(eventSchemas, any.data.kind)) {
      return { success: true, data: { kind: 'unknown', name: any.data.kind } }
    }
    return knownEventSchema.safeParse(value)
  },
}

export const exitSchema = z.object({
  reason: z.enum(['Exited', 'Idle', 'Ended']),
  exitCode: z.int().min(0).max(255).optional(),
  outHead: offset,
})

export const errorSchema = z.object({ code: name, message: z.string().max(1_024) })

export type HelloBody = z.infer<typeof helloSchema>
export type AttachBody = z.infer<typeof attachSchema>
export type WelcomeBody = z.infer<typeof welcomeSchema>
export type AttachedBody = z.infer<typeof attachedSchema>
type KnownEventBody = z.infer<typeof knownEventSchema>
export type EventBody = KnownEventBody | UnknownEvent
export type ExitBody = z.infer<typeof exitSchema>
export type ErrorBody = z.infer<typeof errorSchema>
