// TerminalPool: pods kept warm, so that a session need not wait for one.
import { z } from 'zod'
import { cel } from './cel.ts'
import { conditions } from './conditions.ts'
import { POOL_REPLICAS_MAX, SESSION_NAME_LENGTH_MAX } from './limits.ts'
import { API_VERSION } from './names.ts'
import { objectMeta } from './object-meta.ts'
import { command, image, resources, runtimeClassName } from './sandbox-shape.ts'

const template = z
  .object({
    image: image.optional(),
    command: command(),
    resources: resources('template.resources'),
    runtimeClassName: runtimeClassName.optional(),
  })
  .describe('What the warm pods are. A session takes one if it asks for exactly this.')
  .prefault({})

export const terminalPoolSpec = z
  .object({
    replicas: z.int().min(0).max(POOL_REPLICAS_MAX).describe('Warm pods to keep.').default(1),
    template,
  })
  .describe('How many pods to keep warm, and which. A changed template replaces warm pods, never claimed ones.')

export const terminalPoolStatus = z
  .object({
    replicas: z.int().min(0).optional().describe('Warm pods that exist.'),
    readyReplicas: z.int().min(0).optional().describe('Warm pods a session can take at once.'),
    selector: z.string().max(1024).optional().describe('Label selector of the warm pods, for the scale subresource.'),
    observedGeneration: z.int().min(0).optional().describe('The metadata.generation this status speaks of.'),
    conditions: conditions('What the operator observed about the pool.').optional(),
  })
  .describe('What the operator observed. Written by the operator only.')

export const terminalPool = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('TerminalPool'),
    metadata: objectMeta,
    spec: terminalPoolSpec,
    status: terminalPoolStatus.optional(),
  })
  .meta({
    description: 'A TerminalPool keeps pods warm, so that a TerminalSession has its shell at once.',
    ...cel([
      {
        rule: `self.metadata.name.size() <= ${SESSION_NAME_LENGTH_MAX} && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,
        message:
          `metadata.name must be at most ${SESSION_NAME_LENGTH_MAX} characters, lower-case letters, digits and "-", ` +
          'beginning and ending with a letter or digit: the names of the pods are made from it',
        fieldPath: '.metadata.name',
      },
    ]),
  })
