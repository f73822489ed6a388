// ATTACHED: what continues and what does not (O5, P3, P4, I2, I5, I6).
import type { AttachedBody } from '../payloads.ts'
import { LIMITS } from '../limits.ts'
import type { Moment } from './client-event.ts'
import type { AttachedState, ClientState, Kept } from './client-state.ts'
import type { Step } from './connection.ts'
import { breach } from './connection.ts'
import type { Effect } from './effect.ts'
import { emptyQueue, forget, rewind } from './input-queue.ts'
import { moveTo } from './output.ts'
import { flush, loseInput, offerRoom } from './typing.ts'

/** Turns an opening connection into an attached one. */
export function attached(state: Extract<ClientState, { phase: 'opening' }>, body: AttachedBody, moment: Moment): Step {
  const complaint = wrongOffset(state.kept, body)
  if (complaint) return breach(state, complaint, moment)
  const [withInput, inputEffects] = resumeInput(state.kept, body)
  const kept: Kept = {
    ...withInput,
    attachment: { clientId: body.clientId, epoch: body.epoch },
    lease: body.lease,
    takeover: false,
    ticketRefusals: 0,
  }
  const { link } = state
  const bare: AttachedState = {
    phase: 'attached',
    kept,
    link,
    wireOff: body.from,
    ackedOff: body.from,
    ackPending: false,
  }
  const [placed, outputEffects] = resumeOutput(bare, body, state.kept.attachment?.epoch)
  const [flushed, sent] = flush(placed)
  const [ready, room] = offerRoom(flushed)
  return [
    ready,
    [
      { type: 'start-timer', timer: 'stable', ms: LIMITS.STABLE_MS },
      { type: 'report', report: { kind: 'attached', attached: body } },
      ...inputEffects,
      ...outputEffects,
      ...sent,
      ...room,
    ],
  ]
}

/** Whether the same holder still knows this client. */
function isKnown(kept: Kept, body: AttachedBody): boolean {
  return kept.attachment?.clientId === body.clientId && kept.attachment.epoch === body.epoch
}

/** A sentence when `inOff` cannot be: it counts bytes that were never sent, or takes back what was acknowledged. */
function wrongOffset(kept: Kept, { inOff, ...body }: AttachedBody): string | undefined {
  const { writtenOff, sentOff } = kept.input
  const known = isKnown(kept, { inOff, ...body })
  if (!known) return inOff === 0 ? undefined : `A new client starts with input offset ${inOff} instead of 0.`
  if (inOff >= writtenOff && inOff <= sentOff) return undefined
  return `The holder has input up to ${inOff}; between ${writtenOff} and ${sentOff} was expected.`
}

function resumeInput(kept: Kept, body: AttachedBody): [Kept, Effect[]] {
  if (!kept.attachment) {
    return body.lease === 0 ? loseInput(kept, 0, 'lease') : [{ ...kept, input: rewind(kept.input) }, []]
  }
  if (!isKnown(kept, body)) {
    const [emptied, effects] = loseInput(kept, 0, 'new-client')
    return [{ ...emptied, input: emptyQueue(0) }, effects]
  }
  const accepted = { ...kept, input: forget(kept.input, body.inOff) }
  // Under another lease somebody else may have typed between: what is left is not sent behind their back (I5).
  if (body.lease !== kept.lease) return loseInput(accepted, body.inOff, 'lease')
  return [{ ...accepted, input: rewind(accepted.input) }, []]
}

function resumeOutput(state: AttachedState, body: AttachedBody, epoch: string | undefined): [AttachedState, Effect[]] {
  if (epoch === body.epoch) return moveTo(state, body.from)
  const { generation } = state.kept.output
  const output = { generation: generation + 1, received: 0, parsed: 0 }
  const [next, effects] = moveTo({ ...state, kept: { ...state.kept, output } }, body.from)
  return [next, epoch === undefined ? effects : [{ type: 'report', report: { kind: 'restarted' } }, ...effects]]
}
