// The condition type of Kubernetes (metav1.Condition), bounded.
import { z } from 'zod'
import { CONDITIONS_MAX, MESSAGE_LENGTH_MAX, REASON_LENGTH_MAX } from './limits.ts'

/** A moment in RFC 3339, as Kubernetes writes it. The API server checks the format. */
export function timestamp(description: string) {
  return z.string().meta({ description, format: 'date-time' })
}

const condition = z
  .object({
    type: z.string().max(316).describe('What the condition is about, such as Ready.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    reason: z.string().min(1).max(REASON_LENGTH_MAX).describe('One word for machines: why the status is what it is.'),
    message: z.string().max(MESSAGE_LENGTH_MAX).describe('For people: what is the matter and what to do about it.'),
    lastTransitionTime: timestamp('When the status last changed.'),
    observedGeneration: z.int().min(0).optional().describe('The metadata.generation the condition speaks of.'),
  })
  .describe('One observation about the resource.')

/** A list of conditions, one of each type. */
export function conditions(description: string) {
  return z
    .array(condition)
    .max(CONDITIONS_MAX)
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
}
