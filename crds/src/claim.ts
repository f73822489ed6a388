// The claim: what the operator tells the holder about the session it now belongs to, as one annotation of the pod.
import { z } from 'zod'
import { timestamp } from './conditions.ts'
import { CLAIM_LENGTH_MAX } from './limits.ts'

export const claim = z
  .object({
    sessionUid: z.string().min(1).max(64).describe('UID of the TerminalSession.'),
    idleTimeoutMs: z.int().min(1).describe('Milliseconds without input after which the holder ends the session.'),
    claimedAt: timestamp('When the pod was claimed. The idle clock starts when the holder sees the claim.'),
    recording: z
      .object({ commands: z.boolean(), output: z.boolean() })
      .describe('What the holder keeps for the history.'),
  })
  .describe('The claim annotation of a sandbox pod.')

/**
 * The annotation's value: one line of JSON.
 * @throws RangeError if it would be longer than the holder reads
 */
export function encodeClaim(value: z.input<typeof claim>): string {
  const text = JSON.stringify(claim.parse(value))
  if (text.length > CLAIM_LENGTH_MAX) throw new RangeError(`the claim is longer than ${CLAIM_LENGTH_MAX} characters`)
  return text
}
