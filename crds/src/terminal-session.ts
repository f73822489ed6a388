// TerminalSession: one shell in one locked-down pod.
import { z } from 'zod'
import { cel, fixed, fixedOptional } from './cel.ts'
import { conditions, timestamp } from './conditions.ts'
import {
  IDLE_TIMEOUT_SECONDS_MAX,
  IDLE_TIMEOUT_SECONDS_MIN,
  LIFETIME_SECONDS_MAX,
  LIFETIME_SECONDS_MIN,
  MESSAGE_LENGTH_MAX,
  OWNER_LENGTH_MAX,
  REASON_LENGTH_MAX,
  SESSION_NAME_LENGTH_MAX,
  TTL_SECONDS_MAX,
} from './limits.ts'
import { API_VERSION } from './names.ts'
import { objectMeta } from './object-meta.ts'
import { command, image, resources, runtimeClassName } from './sandbox-shape.ts'

const recording = z
  .object({
    commands: z.boolean().describe('Keep the command lines, with exit code and times.').default(true),
    output: z.boolean().describe('Keep what the session printed.').default(true),
  })
  .meta({ description: 'What is kept of the session in the history.', ...cel([fixed('recording')]) })
  .prefault({})

export const terminalSessionSpec = z
  .object({
    owner: z
      .string()
      .min(1)
      .max(OWNER_LENGTH_MAX)
      .meta({
        description: 'Who may attach: the subject of their token. Cannot be changed.',
        ...cel([
          {
            rule: "self.matches('^[!-~]+$')",
            message: 'owner must be printable ASCII without spaces, such as octocat',
          },
          fixed('owner', 'since it decides who may attach; create another session for another owner'),
        ]),
      }),
    image: image.optional(),
    command: command([fixed('command')]),
    resources: resources('resources', [fixed('resources')]),
    idleTimeoutSeconds: z
      .int()
      .min(IDLE_TIMEOUT_SECONDS_MIN)
      .max(IDLE_TIMEOUT_SECONDS_MAX)
      .meta({
        description: 'The session ends after this long without input. Output does not count. Cannot be changed.',
        ...cel([fixed('idleTimeoutSeconds')]),
      })
      .default(300),
    maxLifetimeSeconds: z
      .int()
      .min(LIFETIME_SECONDS_MIN)
      .max(LIFETIME_SECONDS_MAX)
      .meta({
        description:
          'The session ends this long after it became ready, whatever happens in it. The kubelet enforces it. Cannot be changed.',
        ...cel([fixed('maxLifetimeSeconds')]),
      })
      .default(28_800),
    runtimeClassName: runtimeClassName.optional(),
    recording,
    ttlSecondsAfterFinished: z
      .int()
      .min(0)
      .max(TTL_SECONDS_MAX)
      .describe('The TerminalSession itself is deleted this long after it ended. May be changed at any time.')
      .default(3600),
  })
  .meta({
    description: 'What the session is. Fixed when it is created, except ttlSecondsAfterFinished.',
    ...cel([fixedOptional('image'), fixedOptional('runtimeClassName')]),
  })

export const SESSION_PHASES = ['Pending', 'Preparing', 'Ready', 'Ending', 'Ended', 'Failed'] as const

export const terminalSessionStatus = z
  .object({
    phase: z
      .enum(SESSION_PHASES)
      .optional()
      .describe(
        'Pending: no pod on a node yet. Preparing: the pod is starting, or does not answer. Ready: attachable. ' +
          'Ending: the shell is being ended. Ended: over, as intended. Failed: over, not as intended.',
      ),
    reason: z
      .string()
      .max(REASON_LENGTH_MAX)
      .optional()
      .describe('One word for machines: what the session waits for, or why it ended. Absent while it is Ready.'),
    message: z.string().max(MESSAGE_LENGTH_MAX).optional().describe('For people: what is the matter and what to do.'),
    podName: z.string().optional().describe('Name of the pod.'),
    podUID: z.string().optional().describe('UID of the pod. A session never gets a second pod.'),
    nodeName: z.string().optional().describe('Node the pod runs on.'),
    startedAt: timestamp('When the node accepted the pod.').optional(),
    readyAt: timestamp('When the session first became attachable.').optional(),
    expiresAt: timestamp('When maxLifetimeSeconds have passed.').optional(),
    endedAt: timestamp('When it ended.').optional(),
    exitCode: z.int().min(0).max(255).optional().describe("The shell's exit code: 128 + n if signal n ended it."),
    unfetchedRecords: z
      .int()
      .min(0)
      .optional()
      .describe('Command records nobody had fetched when the session ended: they are missing in the history.'),
    warm: z.boolean().optional().describe('Whether the pod came from a TerminalPool.'),
    observedGeneration: z.int().min(0).optional().describe('The metadata.generation this status speaks of.'),
    conditions: conditions('Ready: attachable. PodReady: the pod of the session runs.').optional(),
  })
  .describe('What the operator observed. Written by the operator only.')

export const terminalSession = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('TerminalSession'),
    metadata: objectMeta,
    spec: terminalSessionSpec,
    status: terminalSessionStatus.optional(),
  })
  .meta({
    description:
      'A TerminalSession is a shell in a locked-down pod: no network, no privileges, no writable root, bounded in every way.',
    ...cel([
      {
        rule: `self.metadata.name.size() <= ${SESSION_NAME_LENGTH_MAX} && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,
        message:
          `metadata.name must be at most ${SESSION_NAME_LENGTH_MAX} characters, lower-case letters, digits and "-", ` +
          'beginning and ending with a letter or digit: the name of the pod is made from it',
        fieldPath: '.metadata.name',
      },
    ]),
  })
