// The exit codes of cpc; docs/cli.md lists them.

export const EXIT = {
  ok: 0,
  /** Something went wrong; a sentence on stderr says what. */
  error: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A wait with a name took too long, as `timeout` has it. */
  timeout: 124,
  /** Ctrl-C. */
  interrupted: 130,
  /** Whoever read our output went away, as the shell reports SIGPIPE. */
  outputClosed: 141,
} as const

/** 128 + n, as a shell reports an end by signal n. */
export const SIGNAL_EXIT_BASE = 128
