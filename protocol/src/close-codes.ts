// Every close code of leg 1 and what a client does about it (SPEC.md section 9). The only place that says which is which (X1).

/** `fresh-ticket`: retry with a new ticket, once; a second refusal in a row is final. */
export type CloseKind = 'retriable' | 'final' | 'fresh-ticket'

export interface CloseCode {
  code: number
  name: string
  /** A sentence a person can read. */
  meaning: string
  kind: CloseKind
}

function row<const C extends CloseCode>(entry: C): C {
  return entry
}

export const CLOSE_CODES = {
  done: row({ code: 1000, name: 'done', kind: 'final', meaning: 'The session has ended, or this client detached.' }),
  goingAway: row({ code: 1001, name: 'going away', kind: 'retriable', meaning: 'The other side is going away.' }),
  abnormal: row({ code: 1006, name: 'abnormal', kind: 'retriable', meaning: 'The connection was lost.' }),
  restarting: row({ code: 1012, name: 'restarting', kind: 'retriable', meaning: 'The gateway is restarting.' }),
  busy: row({ code: 1013, name: 'busy', kind: 'retriable', meaning: 'The gateway is busy; try again later.' }),
  protocol: row({ code: 4400, name: 'protocol error', kind: 'final', meaning: 'One side broke the protocol.' }),
  ticket: row({
    code: 4401,
    name: 'ticket refused',
    kind: 'fresh-ticket',
    meaning: 'The ticket is missing, bad, expired or was used.',
  }),
  forbidden: row({
    code: 4403,
    name: 'not allowed',
    kind: 'final',
    meaning: 'You may not attach to this session, or it is not attachable.',
  }),
  gone: row({ code: 4404, name: 'gone', kind: 'final', meaning: 'There is no such session, or it has ended.' }),
  stalled: row({
    code: 4408,
    name: 'stalled',
    kind: 'retriable',
    meaning: 'The client said nothing for too long and was taken for dead.',
  }),
  replaced: row({
    code: 4409,
    name: 'replaced',
    kind: 'final',
    meaning: 'The same client attached again elsewhere.',
  }),
  tooSlow: row({
    code: 4413,
    name: 'too slow',
    kind: 'final',
    meaning: 'The client read too slowly for a lossless stream.',
  }),
  tooMany: row({ code: 4429, name: 'too many', kind: 'retriable', meaning: 'Too many clients or attempts.' }),
  upstream: row({
    code: 4502,
    name: 'pod unreachable',
    kind: 'retriable',
    meaning: "The way to the session's pod broke.",
  }),
} as const satisfies Record<string, CloseCode>

export type CloseName = keyof typeof CLOSE_CODES

/** Codes from here on are the application's; an unknown one is final, since it was meant for us and we are too old for it. */
const APPLICATION_CODES_FROM = 4_000

/** What a client does after a close with this code (X1). */
export function closeKind(code: number): CloseKind {
  const known: CloseCode | undefined = findCloseCode(code)
  return known?.kind ?? (code < APPLICATION_CODES_FROM ? 'retriable' : 'final')
}

/** The table's row for a code, if it has one. */
export function findCloseCode(code: number): CloseCode | undefined {
  return Object.values(CLOSE_CODES).find(row => row.code === code)
}

/** `reason` cut to what a close frame carries (X2), never inside a character. */
export function closeReason(reason: string, bytesMax: number): string {
  const encoder = new TextEncoder()
  if (encoder.encode(reason).length <= bytesMax) return reason
  let cut = ''
  let cutBytes = 0
  for (const character of reason) {
    cutBytes += encoder.encode(character).length
    if (cutBytes > bytesMax) break
    cut += character
  }
  return cut
}
