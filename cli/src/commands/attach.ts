// `cpc attach`: the caller's terminal is the session's, until ctrl-] d or the end.
import type { ClientListener, ClientStatus, End, Report } from '@cpc/protocol'
import { TerminalClient } from '@cpc/protocol'
import type { ReadStream, WriteStream } from 'node:tty'
import type { AttachCommand, KeysState } from '../core/attach-keys.ts'
import { ATTACH_KEYS_HELP, readKeys } from '../core/attach-keys.ts'
import type { Notice } from '../core/attach-view.ts'
import { absenceLine, noticeFor } from '../core/attach-view.ts'
import { describeEnd } from '../core/ending.ts'
import { EXIT, SIGNAL_EXIT_BASE } from '../core/exit-codes.ts'
import { Failure } from '../core/failure.ts'
import { isTerminalReply } from '../core/terminal-reply.ts'
import type { Backlog, Piece } from '../core/typing-backlog.ts'
import { addPiece, EMPTY_BACKLOG, takeFromFirst } from '../core/typing-backlog.ts'
import { CLIENT } from '../core/version.ts'
import { StatusLine } from '../edge/status-line.ts'
import { RawTerminal, sizeOf } from '../edge/terminal-screen.ts'
import { terminalWorld } from '../edge/terminal-world.ts'
import type { CommandContext } from './context.ts'

export interface AttachOptions {
  lossless?: boolean
  view?: boolean
  takeover?: boolean
}

/** How often the line about a lost connection is brought up to date. */
const TICK_MS = 500
/** How long a passing notice stays. */
const NOTICE_MS = 5_000
/** Between the two size changes that make programs draw again: long enough that none takes them for one. */
const REDRAW_MS = 150

const CTRL_C = 0x03
const SIGNALS = { SIGINT: 2, SIGHUP: 1, SIGTERM: 15 } as const

/** Attaches the caller's terminal. Resolves with the exit code, with the terminal as it was before. */
export async function attachCommand(context: CommandContext, name: string, options: AttachOptions): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new Failure(
      `cpc attach needs a terminal for input and output. To run a command from a script: cpc exec ${name} -- 'COMMAND'`,
      EXIT.usage,
    )
  }
  if (options.view === true && (options.takeover === true || options.lossless === true)) {
    throw new Failure('--view only watches; it cannot be combined with --takeover or --lossless.', EXIT.usage)
  }
  return await new Attachment(context, name, options).result
}

class Attachment {
  readonly result: Promise<number>
  private readonly context: CommandContext
  private readonly name: string
  private readonly client: TerminalClient
  private readonly keyboard: ReadStream = process.stdin
  private readonly screen: WriteStream = process.stdout
  private readonly raw = new RawTerminal(this.keyboard, this.screen)
  private readonly line = new StatusLine(process.stderr)
  private readonly ticker: NodeJS.Timeout
  private keys: KeysState = 'plain'
  private backlog: Backlog = EMPTY_BACKLOG
  /** Since when there is no attachment; undefined while there is one. */
  private absentSinceMs: number | undefined = performance.now()
  private everAttached = false
  /** When a passing notice is to go. */
  private noticeUntilMs: number | undefined
  private resolve: (exitCode: number) => void = () => undefined

  constructor(context: CommandContext, name: string, options: AttachOptions) {
    this.context = context
    this.name = name
    this.result = new Promise(resolve => {
      this.resolve = resolve
    })
    const terminal = {
      client: CLIENT,
      mode: options.view === true ? 'view' : 'control',
      takeover: options.takeover === true,
      lossless: options.lossless === true,
      ...sizeOf(this.screen),
    } as const
    this.client = new TerminalClient(terminalWorld(context.api(), name), this.listener(), terminal)
    this.ticker = setInterval(() => {
      this.tick()
    }, TICK_MS)
    this.listen()
    this.raw.enter()
    this.client.start()
  }

  private listener(): ClientListener {
    return {
      output: (bytes, done) => {
        if (bytes.length === 0) done()
        else
          this.screen.write(bytes, () => {
            done()
          })
      },
      changed: status => {
        this.statusChanged(status)
      },
      report: report => {
        this.reported(report)
      },
      ended: end => {
        this.finish(end)
      },
    }
  }

  private listen(): void {
    this.keyboard.on('data', (bytes: Buffer) => {
      this.typed(bytes)
    })
    this.keyboard.on('end', () => {
      this.client.detach()
    })
    this.screen.on('resize', () => {
      const { cols, rows } = sizeOf(this.screen)
      this.client.resize(cols, rows)
    })
    // Whoever reads our output is gone, and with it the terminal.
    this.screen.on('error', () => {
      this.client.detach()
    })
    process.on('exit', () => {
      this.raw.leave()
    })
    process.on('SIGCONT', () => {
      this.raw.reenter()
      this.client.hint()
    })
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        this.raw.leave()
        process.exit(SIGNAL_EXIT_BASE + number)
      })
    }
  }

  private statusChanged(status: ClientStatus): void {
    if (status.phase !== 'attached') {
      this.absentSinceMs ??= performance.now()
      return
    }
    const covered = this.absentSinceMs !== undefined && this.line.isShown
    this.absentSinceMs = undefined
    this.everAttached = true
    this.raw.willReset()
    if (covered) this.uncover()
    this.sendBacklog()
  }

  private reported(report: Report): void {
    if (report.kind === 'input-room') this.sendBacklog()
    const notice = noticeFor(report)
    if (notice === 'clear') this.uncover()
    else if (notice) this.notify(notice)
  }

  private notify({ text, stays }: Notice): void {
    this.line.show(text)
    this.noticeUntilMs = stays ? undefined : performance.now() + NOTICE_MS
  }

  private tick(): void {
    const nowMs = performance.now()
    if (this.absentSinceMs !== undefined) {
      const text = absenceLine(this.client.status, nowMs - this.absentSinceMs, nowMs)
      if (text !== undefined) this.line.show(text)
      return
    }
    if (this.noticeUntilMs !== undefined && nowMs >= this.noticeUntilMs) this.uncover()
  }

  /** Takes our line away, and has the program in the session draw what it covered: any does so when the size changes. */
  private uncover(): void {
    this.noticeUntilMs = undefined
    if (!this.line.isShown) return
    this.line.clear()
    if (!process.stderr.isTTY) return
    const { cols, rows } = sizeOf(this.screen)
    if (rows < 2) return
    this.client.resize(cols, rows - 1)
    setTimeout(() => {
      const size = sizeOf(this.screen)
      this.client.resize(size.cols, size.rows)
    }, REDRAW_MS).unref()
  }

  private typed(bytes: Uint8Array): void {
    // Nothing is attached yet, so nobody but us can mean this Ctrl-C.
    if (!this.everAttached && bytes.includes(CTRL_C)) {
      this.raw.leave()
      process.exit(EXIT.interrupted)
    }
    const [keys, items] = readKeys(this.keys, bytes)
    this.keys = keys
    for (const item of items) {
      if (item.kind === 'command') this.obey(item.command)
      else this.send({ bytes: item.bytes, origin: isTerminalReply(item.bytes) ? 'reply' : 'person' })
    }
  }

  private send(piece: Piece): void {
    const backlog = addPiece(this.backlog, piece)
    if (backlog) this.backlog = backlog
    else
      this.notify({
        text: `the session does not take more input; ${piece.bytes.length} bytes were not sent`,
        stays: false,
      })
    this.sendBacklog()
  }

  private sendBacklog(): void {
    if (this.cannotType()) {
      if (this.backlog.bytes > 0) this.notify({ text: 'you are watching; ctrl-] t: take the keyboard', stays: false })
      this.backlog = EMPTY_BACKLOG
      return
    }
    for (let first = this.backlog.pieces[0]; first; first = this.backlog.pieces[0]) {
      const taken = this.client.type(first.bytes, first.origin)
      this.backlog = takeFromFirst(this.backlog, taken)
      if (taken < first.bytes.length) return
    }
  }

  private cannotType(): boolean {
    const { status } = this.client
    return status.phase === 'attached' && status.lease === 0
  }

  private obey(command: AttachCommand): void {
    switch (command) {
      case 'detach':
        this.client.detach()
        return
      case 'retry':
        this.client.hint()
        if (this.absentSinceMs === undefined)
          this.notify({ text: 'connected; the connection is being checked', stays: false })
        else this.line.show('reconnecting...')
        return
      case 'take-over':
        this.client.takeOver()
        return
      case 'keep-alive':
        this.client.keepAlive()
        this.notify(
          this.absentSinceMs === undefined
            ? { text: 'kept alive: the idle time begins anew', stays: false }
            : { text: 'not connected, so the session could not be kept alive', stays: false },
        )
        return
      case 'help':
        this.notify({ text: ATTACH_KEYS_HELP, stays: false })
        return
    }
  }

  /** Everything written is on the screen before the terminal is given back and the sentence follows. */
  private finish(end: End): void {
    clearInterval(this.ticker)
    const { exitCode, sentence } = describeEnd(end, this.name)
    this.screen.write('', () => {
      this.line.clear()
      this.raw.leave()
      if (sentence !== undefined) {
        this.screen.write('\r\n')
        this.context.say(sentence)
      }
      this.resolve(exitCode)
    })
  }
}
