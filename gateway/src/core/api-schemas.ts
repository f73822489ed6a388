// The bodies of the REST API as zod schemas: they check requests and are the source of /openapi.json (G9).
import { SESSION_PHASES, terminalSessionSpec } from '@cpc/crds'
import { z } from 'zod'

/** Longest session name: the pod's name is made from it. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?$/

const { image, command, resources, idleTimeoutSeconds, maxLifetimeSeconds, runtimeClassName, recording } =
  terminalSessionSpec.shape

/** What a person may choose about a session. The API server checks it again, with the CRD's rules. */
export const createSessionBody = z
  .strictObject({
    name: z.string().regex(NAME, 'a DNS label of at most 52 characters, such as my-shell').optional(),
    image,
    command: command.optional(),
    resources: resources.optional(),
    idleTimeoutSeconds: idleTimeoutSeconds.optional(),
    maxLifetimeSeconds: maxLifetimeSeconds.optional(),
    runtimeClassName,
    recording: recording.optional(),
    ttlSecondsAfterFinished: terminalSessionSpec.shape.ttlSecondsAfterFinished.optional(),
  })
  .describe('A new session. Everything is optional; the owner is the caller.')

export const createTicketBody = z
  .strictObject({
    client: z
      .enum(['browser', 'native'])
      .default('browser')
      .describe('native: the socket comes from a program and carries no Origin.'),
  })
  .describe('What the ticket is for.')

const time = z.string().meta({ format: 'date-time' })

const condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: time,
  observedGeneration: z.int().optional(),
})

export const sessionBody = z
  .object({
    id: z.string(),
    owner: z.string(),
    phase: z.enum(SESSION_PHASES),
    reason: z.string().optional(),
    message: z.string().optional(),
    createdAt: time,
    readyAt: time.optional(),
    expiresAt: time.optional(),
    endedAt: time.optional(),
    exitCode: z.int().optional(),
    conditions: z.array(condition),
    spec: z.object({
      image,
      command,
      resources,
      idleTimeoutSeconds,
      maxLifetimeSeconds,
      runtimeClassName,
      recording,
    }),
  })
  .describe('A session.')

export const sessionListBody = z
  .object({
    items: z.array(sessionBody),
    truncated: z.boolean().describe('There are more; only the newest are listed.'),
  })
  .describe("The caller's sessions, newest first.")

export const ticketBody = z
  .object({ ticket: z.string(), expiresAt: time })
  .describe('For the first frame of one WebSocket.')

export const whoamiBody = z
  .object({ owner: z.string(), issuer: z.string(), expiresAt: time })
  .describe('Who the token says the caller is, and until when.')

export const healthBody = z
  .object({ status: z.enum(['ok', 'starting', 'draining']) })
  .describe('Whether this gateway takes requests.')

export const problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), code: z.string() })
  .describe('Why a request was refused and what to do about it.')

export type CreateSessionBody = z.input<typeof createSessionBody>
