// The fields that decide what a sandbox pod looks like: shared by TerminalSession.spec and TerminalPool.spec.template.
import { z } from 'zod'
import { cel, type CelRule } from './cel.ts'
import {
  COMMAND_LENGTH_MAX,
  COMMAND_WORDS_MAX,
  CPU_MAX,
  CPU_MIN,
  IMAGE_LENGTH_MAX,
  MEMORY_MAX,
  MEMORY_MIN,
  PIDS_MAX,
  PIDS_MIN,
  RUNTIME_CLASS_LENGTH_MAX,
  TMP_MAX,
  TMP_MIN,
} from './limits.ts'
import { boundedQuantity } from './quantities.ts'

export const image = z
  .string()
  .min(1)
  .max(IMAGE_LENGTH_MAX)
  .meta({
    description:
      "Image of the shell's container. Default: the operator's sandbox image. Any other image works too: the terminal's init is copied into it.",
    ...cel([
      {
        rule: "self.matches('^[!-~]+$')",
        message: 'image must be a reference such as registry.example/team/tools:1.2, without spaces',
      },
    ]),
  })

/** The shell's command line. @param more rules of the resource that embeds it */
export function command(more: readonly CelRule[] = []) {
  return z
    .array(z.string().max(COMMAND_LENGTH_MAX))
    .min(1)
    .max(COMMAND_WORDS_MAX)
    .meta({
      description: `Command of the shell, one word per item. At most ${COMMAND_WORDS_MAX} words and ${COMMAND_LENGTH_MAX} characters together.`,
      'x-kubernetes-list-type': 'atomic',
      ...cel([
        { rule: 'self.size() == 0 || self[0] != ""', message: 'command must begin with a program, such as [bash, -l]' },
        {
          rule: `self.map(word, word.size()).sum() <= ${COMMAND_LENGTH_MAX}`,
          message: `command must not be longer than ${COMMAND_LENGTH_MAX} characters in all; put a long script into the image`,
        },
        ...more,
      ]),
    })
    .default(['bash', '-l'])
}

/** Limits of the sandbox. @param field its path, for the messages; @param more rules of the resource that embeds it */
export function resources(field: string, more: readonly CelRule[] = []) {
  return z
    .object({
      cpu: boundedQuantity({
        field: `${field}.cpu`,
        description: 'Cores the session may use.',
        min: CPU_MIN,
        max: CPU_MAX,
        example: '500m',
      }),
      memory: boundedQuantity({
        field: `${field}.memory`,
        description:
          'Memory the session may use. A session that needs more loses a process, or ends with reason OutOfMemory.',
        min: MEMORY_MIN,
        max: MEMORY_MAX,
        example: '512Mi',
      }),
      pids: z
        .int()
        .min(PIDS_MIN)
        .max(PIDS_MAX)
        .describe('Processes and threads the session may have at one time. A fork beyond it fails.')
        .default(100),
      tmp: boundedQuantity({
        field: `${field}.tmp`,
        description:
          'Size of /tmp, and likewise of the home directory; also the largest file that may be written. ' +
          'Everything in them counts against memory.',
        min: TMP_MIN,
        max: TMP_MAX,
        example: '100Mi',
      }),
    })
    .meta({
      description: 'Limits of the session. What it gets is a share of its node up to these, not a reservation.',
      ...cel([
        {
          rule:
            '!has(self.tmp) || !has(self.memory) || !isQuantity(string(self.tmp)) || !isQuantity(string(self.memory)) || ' +
            'quantity(string(self.tmp)).compareTo(quantity(string(self.memory))) <= 0',
          message: `${field}.tmp must not be larger than ${field}.memory, since /tmp lives in memory; lower tmp or raise memory`,
          fieldPath: '.tmp',
        },
        ...more,
      ]),
    })
    .prefault({})
}

export const runtimeClassName = z
  .string()
  .min(1)
  .max(RUNTIME_CLASS_LENGTH_MAX)
  .meta({
    description: 'RuntimeClass of the pod, such as gvisor. Default: the runtime of the node.',
    ...cel([
      {
        rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        message:
          'runtimeClassName must be the name of a RuntimeClass, such as gvisor (see: kubectl get runtimeclasses)',
      },
    ]),
  })
