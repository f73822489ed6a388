// Runs the real command line as a process of its own.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Finished {
  exitCode: number | null
  signal: NodeJS.Signals | null
  stdout: Buffer
  stderr: string
}

export interface Running {
  child: ChildProcessWithoutNullStreams
  finished: Promise<Finished>
  /** What was printed so far. */
  stdout: () => string
  stderr: () => string
}

export function startCpc(args: string[], environment: Record<string, string>): Running {
  return start(process.execPath, [MAIN, ...args], environment)
}

/** The same on a pty of its own, as at a person's terminal. */
export function startCpcOnTerminal(args: string[], environment: Record<string, string>): Running {
  const command = [process.execPath, MAIN, ...args].map(word => `'${word}'`).join(' ')
  return start(
    'script',
    ['-qfec', `stty cols 100 rows 30; ${command}; echo "exit=$?"; stty -a`, '/dev/null'],
    environment,
  )
}

export async function runCpc(args: string[], environment: Record<string, string>): Promise<Finished> {
  const running = startCpc(args, environment)
  running.child.stdin.end()
  return await running.finished
}

function start(command: string, args: string[], environment: Record<string, string>): Running {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/tmp', TERM: 'xterm', ...environment },
  })
  started.add(child)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
  const finished = new Promise<Finished>(resolve => {
    child.on('close', (exitCode, signal) => {
      started.delete(child)
      resolve({ exitCode, signal, stdout: Buffer.concat(stdout), stderr: text(stderr) })
    })
  })
  return { child, finished, stdout: () => text(stdout), stderr: () => text(stderr) }
}

const started = new Set<ChildProcessWithoutNullStreams>()

/** Ends what a failed test left running. `script` takes what runs on its pty along. */
export function endAll(): void {
  for (const child of started) child.kill('SIGKILL')
}

/** Waits for a condition, generously; `what` names it in the error. */
export async function until(what: string, condition: () => boolean, seen: () => string = () => ''): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what} ${JSON.stringify(seen().slice(-500))}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
