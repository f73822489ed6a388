// The keys `cpc attach` keeps for itself: Ctrl-] and one more. A state machine over bytes, since a read may cut anywhere.

/** Ctrl-]. Telnet's escape, and hardly used by anything else. */
const PREFIX = 0x1d

export type AttachCommand = 'detach' | 'retry' | 'take-over' | 'keep-alive' | 'help'

const COMMANDS: Readonly<Record<string, AttachCommand>> = {
  d: 'detach',
  r: 'retry',
  t: 'take-over',
  k: 'keep-alive',
  '?': 'help',
}

export const ATTACH_KEYS_HELP =
  'ctrl-] then: d detach, r reconnect, t take keyboard, k keep alive, ctrl-] send it, ? help'

/** Whether the last byte was the prefix. */
export type KeysState = 'plain' | 'prefixed'

/** What a piece of input means: bytes for the session, or commands, in order. */
export type KeysItem = { kind: 'bytes'; bytes: Uint8Array } | { kind: 'command'; command: AttachCommand }

/** Splits input into bytes and commands. Ctrl-] twice is one Ctrl-]; Ctrl-] and an unknown key is that help. */
export function readKeys(state: KeysState, input: Uint8Array): [KeysState, KeysItem[]] {
  const items: KeysItem[] = []
  let prefixed = state === 'prefixed'
  let from = 0
  for (let at = 0; at < input.length; at++) {
    const byte = input[at]
    if (prefixed) {
      prefixed = false
      from = byte === PREFIX ? at : at + 1
      if (byte !== PREFIX) items.push({ kind: 'command', command: COMMANDS[String.fromCharCode(byte ?? 0)] ?? 'help' })
    } else if (byte === PREFIX) {
      if (at > from) items.push({ kind: 'bytes', bytes: input.subarray(from, at) })
      from = at + 1
      prefixed = true
    }
  }
  if (!prefixed && from < input.length) items.push({ kind: 'bytes', bytes: input.subarray(from) })
  return [prefixed ? 'prefixed' : 'plain', items]
}
