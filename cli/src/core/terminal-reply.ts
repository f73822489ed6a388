// Tells a terminal's own answers from typing: a program that asks the terminal for its state all day long must not keep
// an unattended session from being idle (T1).

/** Replies are short; anything longer is a paste. */
const REPLY_BYTES_MAX = 4_096

const ESCAPE = '\u001b'
const BELL = '\u0007'

// Device attributes, cursor position, modes, window size, focus; with `?`, kitty keyboard flags (without, it is a key).
const CSI_REPLY = /^\[(?:[?>=]?[\d;]*(?:\$y|[cnRt])|\?\d*u|[IO])$/
// Colours, clipboard, terminal name and version: OSC, DCS or APC. They end with BEL, or with ESC and a backslash.
const STRING_REPLY = /^[\]P_]/

/** Whether a piece of input consists of replies only. Typing that looks like one (F3 with a modifier) counts as a reply. */
export function isTerminalReply(input: Uint8Array): boolean {
  if (input.length > REPLY_BYTES_MAX) return false
  const [before, ...sequences] = String.fromCharCode(...input).split(ESCAPE)
  if (before !== '' || sequences.length === 0) return false
  return sequences.every((sequence, index) => {
    if (sequence === '\\') return isUnended(sequences[index - 1])
    if (isUnended(sequence)) return sequences[index + 1] === '\\'
    return CSI_REPLY.test(sequence) || (STRING_REPLY.test(sequence) && sequence.indexOf(BELL) === sequence.length - 1)
  })
}

/** A string reply whose end is still to come. */
function isUnended(sequence: string | undefined): boolean {
  return sequence !== undefined && STRING_REPLY.test(sequence) && !sequence.includes(BELL)
}
