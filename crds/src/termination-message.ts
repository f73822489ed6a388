// The holder's last words, as the kubelet reports them. They come out of the pod, so they are checked before anything believes them.
import { z } from 'zod'
import { TERMINATION_MESSAGE_BYTES_MAX } from './limits.ts'

export const terminationMessage = z
  .object({
    reason: z.enum(['Exited', 'Idle', 'Ended']).describe('Ended: the holder was asked to end; who asked knows why.'),
    exitCode: z.int().min(0).max(255).nullable().optional().describe("The shell's exit code, if it ended by itself."),
    lastInputAt: z.string().max(64).nullable().optional().describe('When somebody last typed (RFC 3339).'),
    outputBytes: z.int().min(0).optional().describe('Bytes the session printed.'),
    unfetchedRecords: z.int().min(0).optional().describe('Command records nobody had fetched.'),
  })
  .describe('The termination message of the holder container.')

/** A termination message that passed the check. */
export type CheckedTerminationMessage = z.infer<typeof terminationMessage>

export type TerminationMessageResult =
  { kind: 'valid'; message: CheckedTerminationMessage } | { kind: 'missing' } | { kind: 'invalid'; problem: string }

/** Reads a termination message. Hostile input is an ordinary answer (`invalid`), never an exception. */
export function parseTerminationMessage(text: string | undefined): TerminationMessageResult {
  if (text === undefined || text === '') return { kind: 'missing' }
  // A character is at least one byte, so this refuses every message over the bound before parsing it.
  if (text.length > TERMINATION_MESSAGE_BYTES_MAX) return { kind: 'invalid', problem: 'longer than 4 KiB' }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { kind: 'invalid', problem: 'not JSON' }
  }
  const parsed = terminationMessage.safeParse(json)
  if (parsed.success) return { kind: 'valid', message: parsed.data }
  return { kind: 'invalid', problem: 'not of the expected shape' }
}
