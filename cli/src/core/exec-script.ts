// What `cpc exec` types into the session's shell. Two steps: first a harmless probe, then, once the shell has answered and
// so is known to read commands, the line. So a line never ends up as input of a program that happens to run.
//
// Works in any POSIX shell. The line travels as octal escapes, since typed text is subject to line editing, history and
// the terminal's control characters. Markers are control characters around a random word, written as escapes in what is
// typed: an echo of the typed text therefore never contains one.

/** Begins a marker: RECORD SEPARATOR. */
export const MARKER_START = 0x1e
/** Ends a marker: UNIT SEPARATOR. */
export const MARKER_END = 0x1f

/** Longest LINE: far above any line a person types, and it fits an argument list many times. */
export const LINE_BYTES_MAX = 64 * 1024

/** Longest piece of the line typed at once: terminals keep 4,095 bytes of a line, small shells' line editors 1,023. */
const PIECE_BYTES_MAX = 750
/** A line that fits with all that goes around it is typed in one go. */
const TYPED_BYTES_MAX = 1_000

const ENTER = '\r'
/** Ctrl-C. */
export const INTERRUPT_KEYS = '\x03'
/** End of line, then erase the line: half a line somebody left behind at the prompt is not run together with ours. */
const CLEAR_LINE = '\x05\x15'

/** How the shell and its terminal answered the probe. */
export interface ProbeAnswer {
  /** Whether `stty` is there, and turns \n into \r\n; `unknown` without stty. */
  newlines: 'translated' | 'untouched' | 'unknown'
  shell: 'zsh' | 'bash' | 'posix'
}

/** The bits of interest in `stty -g`: output flags OPOST and ONLCR. */
const OPOST = 0x1
const ONLCR = 0x4

/**
 * Undoes what `run` changed, as far as it is still changed: the shell itself remembers, so that a later cpc can do it too.
 * `__cpc_p` is what was put where the prompt is made, `__cpc_q` what was there before, `__cpc_n` that stty was used.
 */
const RESTORE = [
  '[ "${PS1-}" != "${__cpc_p-no cpc}" ] || PS1=$__cpc_q',
  '[ "${PROMPT_COMMAND-}" != "${__cpc_p-no cpc}" ] || PROMPT_COMMAND=$__cpc_q',
  '[ -z "${__cpc_n-}" ] || stty onlcr',
  'unset __cpc_p __cpc_q __cpc_n',
].join('; ')

/** Asks whether a shell reads commands. `nonce` is a random word of letters and digits. */
export function probeKeys(nonce: string): string {
  const answer = marker(`P${nonce} $(stty -g) \${ZSH_VERSION:+zsh}\${BASH_VERSION:+bash}`)
  return `${CLEAR_LINE} { ${RESTORE}; } 2>/dev/null; ${answer}${ENTER}`
}

/** Reads what the probe's marker says behind its nonce: `<stty -g> <zsh, bash or nothing>`. */
export function readProbe(answer: string): ProbeAnswer {
  const [flags = '', shell = ''] = answer.trim().split(' ')
  const outputFlags = Number.parseInt(flags.split(':')[1] ?? '', 16)
  const translating = (outputFlags & OPOST) !== 0 && (outputFlags & ONLCR) !== 0
  const newlines = Number.isNaN(outputFlags) ? 'unknown' : translating ? 'translated' : 'untouched'
  const named = shell === '' ? flags : shell
  return { newlines, shell: named === 'zsh' || named === 'bash' ? named : 'posix' }
}

/**
 * The typed lines that run `line`, in order. Each but the last is to be answered by the marker `C<nonce>` before the
 * next is typed; the last prints `B<nonce>`, the line's output, and `E<nonce> <status>`; the prompt prints `J<nonce>
 * <status>` instead when the shell dropped the rest of the typed line.
 */
export function runKeys(nonce: string, line: Uint8Array, probe: ProbeAnswer): string[] {
  const stores = escapedPieces(line).map((piece, index) => `__cpc=${index === 0 ? '' : '"$__cpc"'}'${piece}'`)
  const last = run(nonce, probe)
  const only = stores.length === 1 ? ` ${stores.join('')}; ${last}${ENTER}` : ''
  if (only !== '' && only.length <= TYPED_BYTES_MAX) return [only]
  return [...stores.map(store => ` ${store}; ${marker(`C${nonce}`)}${ENTER}`), ` ${last}${ENTER}`]
}

/** Runs what `__cpc` holds, between two markers. */
function run(nonce: string, { newlines, shell }: ProbeAnswer): string {
  // `command` keeps a syntax error from ending the whole typed line; zsh would look for a program of that name.
  // TERM=dumb: what the line runs is read by a program as often as by a person, and shall not be coloured.
  const evaluate = `TERM=dumb ${shell === 'zsh' ? '' : 'command '}eval "$(printf %b "$__cpc")"`
  const before = newlines === 'translated' ? '__cpc_n=1; stty -onlcr; ' : ''
  // The terminal is as it was before the end is told: cpc, and whoever comes next, need not wait for it.
  const after = `${RESTORE}; ${marker(`E${nonce} $__cpc`)}; unset __cpc`
  return `${secondChance(nonce, shell)}; ${before}${marker(`B${nonce}`)}; ${evaluate}; __cpc=$?; ${after}`
}

/**
 * A shell throws the rest of a typed line away when SIGINT ends what it runs, our end marker with it. Then the prompt
 * tells the end: in bash by PROMPT_COMMAND, which comes before readline's own control sequences, elsewhere in PS1.
 */
function secondChance(nonce: string, shell: ProbeAnswer['shell']): string {
  if (shell === 'bash') {
    return `__cpc_q=\${PROMPT_COMMAND-}; __cpc_p='${marker(`J${nonce} $?`)}'; PROMPT_COMMAND=$__cpc_p`
  }
  const status = shell === 'zsh' ? '%%?' : '$?'
  return `__cpc_q=\${PS1-}; __cpc_p=$(printf '\\036J${nonce} ${status}\\037')$__cpc_q; PS1=$__cpc_p`
}

/** Prints a marker, to the terminal itself where that works: an earlier line may have redirected the shell (exec >file). */
function marker(text: string): string {
  const print = `printf "\\036%s\\037" "${text}"`
  return `{ ${print} >/dev/tty || ${print}; } 2>/dev/null`
}

/** What the interrupted line did not get to. Typed a moment after Ctrl-C, since some shells throw away what comes with it. */
export function cleanUpKeys(nonce: string): string {
  return `${CLEAR_LINE} ${RESTORE}; unset __cpc; ${marker(`I${nonce}`)}${ENTER}`
}

/** The line as text for `printf %b` in single quotes, cut into pieces that are short enough to type. */
function escapedPieces(line: Uint8Array): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const byte of line) {
    const escaped = escapeByte(byte)
    if (piece.length + escaped.length > PIECE_BYTES_MAX) {
      pieces.push(piece)
      piece = ''
    }
    piece += escaped
  }
  return [...pieces, piece]
}

/** Printable ASCII as it is, but for what quoting, `%b` or history would touch; everything else as \0ooo. */
function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return /[ -~]/.test(character) && !/['"\\!`$]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, '0')}`
}
