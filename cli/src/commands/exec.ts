// `cpc exec`: performs the effects of core/exec-run.ts on a lossless TerminalClient.
import type { ClientListener, ClientStatus, Report } from '@cpc/protocol'
import { TerminalClient } from '@cpc/protocol'
import { randomBytes } from 'node:crypto'
import { LINE_BYTES_MAX } from '../core/exec-script.ts'
import type { ExecEffect, ExecEvent, ExecPlan, ExecState, ExecTimer } from '../core/exec-run.ts'
import { startExec, stepExec } from '../core/exec-run.ts'
import { EXIT, SIGNAL_EXIT_BASE } from '../core/exit-codes.ts'
import { Failure } from '../core/failure.ts'
import { CLIENT } from '../core/version.ts'
import { terminalWorld } from '../edge/terminal-world.ts'
import { sizeOf } from '../edge/terminal-screen.ts'
import type { CommandContext } from './context.ts'
import { requiredSeconds } from './sessions.ts'

export interface ExecOptions {
  takeover?: boolean
  busyWait: string
  attachWait: string
  timeout?: string
}

/** Signals that interrupt the line, with the exit code each gives. */
const SIGNALS = { SIGINT: 2, SIGHUP: 1, SIGTERM: 15 } as const

/** Runs `line` in the session's shell. Resolves with the exit code, once everything printed has been written. */
export async function execCommand(
  context: CommandContext,
  name: string,
  line: string,
  options: ExecOptions,
): Promise<number> {
  const run = new ExecRun(context, planFor(name, line, options), options.takeover === true)
  return await run.result
}

function planFor(name: string, line: string, options: ExecOptions): ExecPlan {
  const bytes = new TextEncoder().encode(line)
  if (bytes.length > LINE_BYTES_MAX) {
    throw new Failure(
      `The line is ${bytes.length} bytes long; ${LINE_BYTES_MAX} are allowed. Put it into a file.`,
      EXIT.usage,
    )
  }
  return {
    name,
    line: bytes,
    nonce: randomBytes(12).toString('hex'),
    busyWaitMs: requiredSeconds('--busy-wait', options.busyWait) * 1_000,
    attachWaitMs: requiredSeconds('--attach-wait', options.attachWait) * 1_000,
    ...(options.timeout === undefined ? {} : { timeoutMs: requiredSeconds('--timeout', options.timeout) * 1_000 }),
  }
}

class ExecRun {
  readonly result: Promise<number>
  private readonly context: CommandContext
  private readonly client: TerminalClient
  private readonly timers = new Map<ExecTimer, NodeJS.Timeout>()
  private state: ExecState
  private resolve: (exitCode: number) => void = () => undefined
  /** To be called when stdout has taken what it was given. */
  private unwritten: (() => void)[] = []

  constructor(context: CommandContext, plan: ExecPlan, takeover: boolean) {
    this.context = context
    this.state = startExec(plan)
    this.result = new Promise(resolve => {
      this.resolve = resolve
    })
    const size = sizeOf(process.stdout)
    const terminal = { client: CLIENT, mode: 'control', lossless: true, takeover, ...size } as const
    this.client = new TerminalClient(terminalWorld(context.api(), plan.name), this.listener(), terminal)
    this.listen()
    this.happen({ type: 'start' })
    this.client.start()
  }

  private listener(): ClientListener {
    return {
      output: (bytes, done) => {
        this.happen({ type: 'output', bytes })
        // The next output may come once ours is written: so a slow reader of our stdout slows the shell, not our memory.
        this.unwritten.push(done)
        if (!process.stdout.writable || !process.stdout.writableNeedDrain) this.written()
      },
      changed: status => {
        this.statusChanged(status)
      },
      report: report => {
        const event = eventFor(report)
        if (event) this.happen(event)
      },
      ended: end => {
        this.happen({ type: 'ended', end })
      },
    }
  }

  private statusChanged(status: ClientStatus): void {
    if (status.phase === 'attached') this.happen({ type: 'attached', lease: status.lease })
    if (status.phase === 'waiting') this.happen({ type: 'disconnected', cause: status.cause })
  }

  private listen(): void {
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        this.happen({ type: 'interrupt', exitCode: SIGNAL_EXIT_BASE + number })
      })
    }
    process.stdout.on('drain', () => {
      this.written()
    })
    process.stdout.on('error', () => {
      this.written()
      this.happen({ type: 'interrupt', exitCode: EXIT.outputClosed })
    })
  }

  private happen(event: ExecEvent): void {
    const [state, effects] = stepExec(this.state, event)
    this.state = state
    for (const effect of effects) this.perform(effect)
  }

  private perform(effect: ExecEffect): void {
    switch (effect.type) {
      case 'type':
        // Each typed line is answered before the next, and is far shorter than the input window: it is always taken.
        this.client.type(new TextEncoder().encode(effect.text))
        return
      case 'print':
        if (process.stdout.writable) process.stdout.write(effect.bytes)
        return
      case 'start-timer':
        this.startTimer(effect.timer, effect.ms)
        return
      case 'stop-timer':
        clearTimeout(this.timers.get(effect.timer))
        return
      case 'finish':
        this.finish(effect.exitCode, effect.sentence)
        return
    }
  }

  private written(): void {
    const callbacks = this.unwritten
    this.unwritten = []
    for (const done of callbacks) done()
  }

  private startTimer(timer: ExecTimer, ms: number): void {
    clearTimeout(this.timers.get(timer))
    this.timers.set(
      timer,
      setTimeout(() => {
        this.happen({ type: 'timer', timer })
      }, ms),
    )
  }

  private finish(exitCode: number, sentence: string | undefined): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.client.detach()
    if (sentence !== undefined) this.context.say(sentence)
    if (process.stdout.writable) process.stdout.write('', () => this.resolve(exitCode))
    else this.resolve(exitCode)
  }
}

function eventFor(report: Report): ExecEvent | undefined {
  switch (report.kind) {
    case 'gap':
      return { type: 'output-lost', bytesLost: report.to - report.from }
    case 'restarted':
    case 'input-lost':
      return { type: 'input-lost' }
    default:
      return undefined
  }
}
