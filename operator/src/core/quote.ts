// Other programs' words, made fit for a message: one line, printable, bounded. What they say is quoted, never believed.

/** Characters of somebody else's words in a message: what the kubelet keeps of a log (2 KiB), and half of what a message may carry. */
export const QUOTE_LENGTH_MAX = 2048

const INTERNAL_ERROR = 'Internal error occurred: '

/**
 * One printable line of at most `lengthMax` characters; '' if there are no words. White space, control characters, escape sequences'
 * introducers, direction marks and halves of characters become one space.
 */
export function quoted(text: string | undefined, lengthMax = QUOTE_LENGTH_MAX): string {
  return (text ?? '')
    .trim()
    .slice(0, lengthMax)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
}

/** The API server wraps the kubelet's error in the words the kubelet wrapped it in: once says as much. */
export function unwrapped(message: string): string {
  return message.replaceAll(/(?:Internal error occurred: ){2,}/g, INTERNAL_ERROR)
}
