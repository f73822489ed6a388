// What is generated: the two kinds, and the two messages that go in and out of a pod.
import type { z } from 'zod'
import { claim } from '../claim.ts'
import { terminalPool, terminalPoolSpec } from '../terminal-pool.ts'
import { terminalSession, terminalSessionSpec } from '../terminal-session.ts'
import { terminationMessage } from '../termination-message.ts'
import type { CrdSource } from './crd.ts'

const age = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
} as const

export const crdSources: CrdSource[] = [
  {
    kind: 'TerminalSession',
    plural: 'terminalsessions',
    shortName: 'tsess',
    schema: terminalSession,
    columns: [
      { name: 'Owner', type: 'string', jsonPath: '.spec.owner', description: 'Who may attach.' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the session stands.' },
      {
        name: 'Reason',
        type: 'string',
        jsonPath: '.status.reason',
        description: 'What it waits for, or why it ended.',
      },
      {
        name: 'Image',
        type: 'string',
        jsonPath: '.spec.image',
        description: 'Image, unless the default.',
        priority: 1,
      },
      { name: 'Pod', type: 'string', jsonPath: '.status.podName', description: 'Its pod.', priority: 1 },
      { name: 'Node', type: 'string', jsonPath: '.status.nodeName', description: 'Node of the pod.', priority: 1 },
      // A string: kubectl shows a date as its age, and an age in the future as "<invalid>".
      {
        name: 'Expires',
        type: 'string',
        jsonPath: '.status.expiresAt',
        description: 'End of its lifetime.',
        priority: 1,
      },
      age,
    ],
    selectableFields: ['.spec.owner', '.status.phase'],
  },
  {
    kind: 'TerminalPool',
    plural: 'terminalpools',
    shortName: 'tpool',
    schema: terminalPool,
    columns: [
      { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Warm pods to keep.' },
      {
        name: 'Ready',
        type: 'integer',
        jsonPath: '.status.readyReplicas',
        description: 'Warm pods that can be taken.',
      },
      {
        name: 'Image',
        type: 'string',
        jsonPath: '.spec.template.image',
        description: 'Image, unless the default.',
        priority: 1,
      },
      age,
    ],
    selectableFields: [],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
]

/** One TypeScript interface. `input` types say what a user may write, `output` types what is stored. */
export interface TypeSource {
  name: string
  schema: z.ZodType
  side: 'input' | 'output'
}

/** Generated type files: name of the file → the types in it. */
export const typeSources: Record<string, TypeSource[]> = {
  'terminal-session': [
    { name: 'TerminalSession', schema: terminalSession, side: 'output' },
    { name: 'TerminalSessionSpecInput', schema: terminalSessionSpec, side: 'input' },
  ],
  'terminal-pool': [
    { name: 'TerminalPool', schema: terminalPool, side: 'output' },
    { name: 'TerminalPoolSpecInput', schema: terminalPoolSpec, side: 'input' },
  ],
  claim: [{ name: 'Claim', schema: claim, side: 'output' }],
  'termination-message': [{ name: 'TerminationMessage', schema: terminationMessage, side: 'output' }],
}

/** JSON Schema files: name of the file → the schema of what a user or the holder writes. */
export const schemaSources: Record<string, { title: string; schema: z.ZodType }> = {
  terminalsession: { title: 'TerminalSession', schema: terminalSession },
  terminalpool: { title: 'TerminalPool', schema: terminalPool },
  claim: { title: 'Claim', schema: claim },
  'termination-message': { title: 'TerminationMessage', schema: terminationMessage },
}
