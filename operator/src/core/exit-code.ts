// What an exit code of the shell tells a person.

/** Milliseconds after readiness within which 126 and 127 speak of spec.command, and not of the last thing typed. */
export const EARLY_END_MS = 5000
const SIGNAL_BASE = 128

/** Codes with which the init, as every shell, says that it could not run the command at all. */
const NOT_RUN: Readonly<Record<number, string>> = {
  126: 'the command could not be executed; check spec.command, and that the image is for this machine',
  127: 'the command was not found in the image; check spec.command',
}

/** Linux's names of the signals 1 to 31. */
const SIGNALS = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF ' +
  'WINCH IO PWR SYS'
).split(' ')

/**
 * One sentence about the end of a shell.
 * @param aliveMs how long the session was attachable; undefined if it never was
 */
export function exitMessage(code: number, aliveMs: number | undefined): string {
  const notRun = NOT_RUN[code]
  if (notRun !== undefined && (aliveMs === undefined || aliveMs <= EARLY_END_MS))
    return `The shell exited with code ${code}: ${notRun}.`
  const signal = SIGNALS[code - SIGNAL_BASE - 1]
  const named = signal === undefined ? '' : ` (${SIGNAL_BASE} + ${code - SIGNAL_BASE}: SIG${signal})`
  return `The shell exited with code ${code}${named}.`
}
