// Makes a session: slot, object, and the same answer for the same request however often and wherever it is asked (G6, G7, G60).
import type { TerminalSession } from '@cpc/crds'
import { ApiError, TransportError, isAlreadyExists, isNotFound } from '@cpc/kube'
import {
  type CreateRequest,
  replayOf,
  replayProblem,
  sessionManifest,
  sessionName,
  slotOf,
} from '../core/create-request.ts'
import { hasKey, keyed } from '../core/key-claim.ts'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { Problem } from '../core/problem.ts'
import { type Claim, bindClaim, giveBackClaim } from './claims.ts'
import { randomHex } from './digest.ts'
import { type KeyKeeperOptions, claimKey } from './key-keeper.ts'
import { SESSIONS, type SessionDirectory } from './session-directory.ts'
import type { Slot, SlotKeeper } from './slot-keeper.ts'

const CALL = { timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS }

interface Made {
  session: TerminalSession
  /** `found`: an earlier request with the same Idempotency-Key had made it. */
  how: 'created' | 'found'
}

export interface SessionMaker {
  /** @throws Problem for a refusal of ours; ApiError, TransportError for the cluster's */
  make(request: CreateRequest): Promise<Made>
}

export interface SessionMakerOptions extends KeyKeeperOptions {
  directory: Pick<SessionDirectory, 'find' | 'listKeyed'>
  slots: SlotKeeper
  slotsPerOwnerMax: number
}

export function createSessionMaker(options: SessionMakerOptions): SessionMaker {
  return {
    async make(request) {
      const name = sessionName(request, randomHex())
      const earlier = await findEarlier(options, request, name)
      if (earlier) return found(earlier, request)
      const withKey = keyed(request)
      if (!withKey) return makeInSlot(options, request, name)
      const claim = await claimKey(options, withKey, name)
      return makeClaimed(options, request, name, claim)
    },
  }
}

/** The session an earlier request with the same key made, whatever its name; else the one that has the name. */
async function findEarlier(
  { directory }: SessionMakerOptions,
  request: CreateRequest,
  name: string,
): Promise<TerminalSession | undefined> {
  const withKey = keyed(request)
  const made = withKey && directory.listKeyed(withKey.keyDigest).find(session => hasKey(session, withKey))
  if (made) return made
  const nameMayExist = request.body.name !== undefined || withKey !== undefined
  return nameMayExist ? directory.find(name) : undefined
}

/** Makes the session of a key that is ours; a key whose session was certainly not made is given back. */
async function makeClaimed(
  options: SessionMakerOptions,
  request: CreateRequest,
  name: string,
  claim: Claim,
): Promise<Made> {
  try {
    const made = await makeInSlot(options, request, name)
    await bindClaim(options, claim, made.session)
    return made
  } catch (error) {
    if (isCertain(error)) await giveBackClaim(options, claim)
    throw error
  }
}

async function makeInSlot(options: SessionMakerOptions, request: CreateRequest, name: string): Promise<Made> {
  const slot = await options.slots.take(request.owner, name)
  return slot ? createIn(options, request, name, slot) : withoutSlot(options, request, name)
}

/** Whether it is known that nothing was made: not when the answer was lost. */
function isCertain(error: unknown): boolean {
  if (error instanceof Problem || error instanceof ApiError) return true
  return error instanceof TransportError && error.sent === 'not-sent'
}

function found(existing: TerminalSession, request: CreateRequest): Made {
  const replay = replayOf(existing, request)
  if (replay.kind !== 'same') throw replayProblem(replay.kind, existing.metadata.name)
  return { session: existing, how: 'found' }
}

async function createIn(options: SessionMakerOptions, request: CreateRequest, name: string, slot: Slot): Promise<Made> {
  const { client, namespace, slots } = options
  try {
    const session = await client.create(SESSIONS, sessionManifest(request, name, slot.number), { namespace, ...CALL })
    await slots.bind(slot, session)
    return { session, how: 'created' }
  } catch (error) {
    if (isAlreadyExists(error)) return foundAfterAll(options, request, name, slot)
    // Whether it was made is not known when the answer was lost: then the slot stays, and frees itself if it was not.
    if (isCertain(error)) await slots.giveBack(slot)
    throw error
  }
}

/** Somebody made it between our look and our create. Their session tells whether this slot is its own. */
async function foundAfterAll(
  options: SessionMakerOptions,
  request: CreateRequest,
  name: string,
  slot: Slot,
): Promise<Made> {
  const existing = await readIfThere(options, name)
  const isTheirs = !existing || replayOf(existing, request).kind !== 'same' || slotOf(existing) !== slot.number
  if (isTheirs) await options.slots.giveBack(slot)
  if (existing) return found(existing, request)
  throw new Problem('conflict', `The session ${name} was deleted while it was being made. Try again.`)
}

/** All slots are taken. The last one may have gone to this very request at another replica. */
async function withoutSlot(options: SessionMakerOptions, request: CreateRequest, name: string): Promise<Made> {
  const existing = request.keyDigest === undefined ? undefined : await readIfThere(options, name)
  if (existing) return found(existing, request)
  throw new Problem(
    'session-cap',
    `You have ${options.slotsPerOwnerMax} sessions, which is the most allowed; end one first.`,
  )
}

async function readIfThere(
  { client, namespace }: SessionMakerOptions,
  name: string,
): Promise<TerminalSession | undefined> {
  try {
    return await client.get(SESSIONS, { namespace, name }, CALL)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
