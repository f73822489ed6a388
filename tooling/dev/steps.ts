// Steps that a person can follow: each has a title, a time, and a log that is shown when it fails.
import { createWriteStream, mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa, type Options } from 'execa'
import { LOG_DIR, ROOT } from './paths.ts'

const LOG_TAIL_LINES = 40

/** Runs one command of a step; its output goes to the step's log, its standard output is also returned, trimmed. */
export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<string>
export type RunOptions = Pick<Options, 'cwd' | 'env' | 'input'> & { readonly show?: 'log' | 'live' }

export class StepFailed extends Error {}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`
}

function runInto(logPath: string): Run {
  return async (command, args, options = {}) => {
    const { show = 'log', ...rest } = options
    const log = createWriteStream(logPath, { flags: 'a' })
    log.write(`$ ${command} ${args.join(' ')}\n`)
    const child = execa(command, args, {
      cwd: ROOT,
      stdin: rest.input === undefined ? 'ignore' : 'pipe',
      buffer: { stderr: false },
      ...rest,
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    if (show === 'live') {
      child.stdout.pipe(process.stdout, { end: false })
      child.stderr.pipe(process.stderr, { end: false })
    }
    try {
      const { stdout } = await child
      return typeof stdout === 'string' ? stdout.trim() : ''
    } finally {
      await new Promise(done => log.end(done))
    }
  }
}

async function tail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
}

/**
 * Runs `work` as a titled step.
 * @throws StepFailed with the end of the step's log when `work` throws.
 */
export async function step<T>(title: string, work: (run: Run) => Promise<T>): Promise<T> {
  mkdirSync(LOG_DIR, { recursive: true })
  const logPath = join(LOG_DIR, `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.log`)
  createWriteStream(logPath, { flags: 'w' }).end()
  const startMs = performance.now()
  process.stdout.write(`▸ ${title}\n`)
  try {
    const result = await work(runInto(logPath))
    process.stdout.write(`  ✓ ${seconds(startMs)}\n`)
    return result
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new StepFailed(
      `${title} failed after ${seconds(startMs)}: ${reason ?? ''}\n${await tail(logPath)}\n(whole log: ${logPath})`,
    )
  }
}

/** Runs a program's steps; a failed one ends the process with status 1 and its own words, without a stack. */
export async function main(program: () => Promise<void>): Promise<void> {
  try {
    await program()
  } catch (error) {
    process.stderr.write(`\n✗ ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
