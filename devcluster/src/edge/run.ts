// Runs one short command and gives its output, or throws words a person can use.
import { execa } from 'execa'

const TIMEOUT_MS_DEFAULT = 60_000
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
const ERROR_LINES_SHOWN = 15

export interface RunOptions {
  readonly cwd?: string
  /** Added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-ERROR_LINES_SHOWN).join('\n')
}

/**
 * Runs a command to its end.
 * @returns its standard output, trimmed
 * @throws with the end of its output when it cannot be started, ends with a code other than 0, or takes longer than `timeoutMs`
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT
  const result = await execa(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.environment ?? {},
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    timeout: timeoutMs,
    maxBuffer: OUTPUT_BYTES_MAX,
    reject: false,
  })
  if (!result.failed) return result.stdout.trim()
  const words = [command, ...args.slice(0, 4)].join(' ')
  const output = lastLines(result.stderr || result.stdout || (result.shortMessage ?? ''))
  if (result.timedOut) throw new Error(`${words} did not end within ${timeoutMs / 1000} s:\n${output}`)
  throw new Error(`${words} failed (exit code ${result.exitCode ?? 'none'}):\n${output}`)
}

/** Whether a command can be started and ends with code 0. */
export async function succeeds(command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  return run(command, args, options).then(
    () => true,
    () => false,
  )
}
