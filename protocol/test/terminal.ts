// A TerminalClient with a listener that keeps account of every byte, on virtual time.
import { expect } from 'vitest'
import type {
  ClientOptions,
  ClientStatus,
  End,
  Report,
  SocketEvents,
  TerminalSocket,
  TicketAnswer,
} from '../src/index.ts'
import { TerminalClient } from '../src/index.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface TerminalSetting {
  clock: VirtualClock
  openSocket: (events: SocketEvents) => TerminalSocket
  random: () => number
  getTicket?: () => Promise<TicketAnswer>
  /** How long the terminal takes to parse a delivery. */
  parseMs?: () => number
  options?: Partial<ClientOptions>
}

export class Terminal {
  readonly client: TerminalClient
  /** Output bytes by position; holes are gaps. */
  readonly output: { at: number; bytes: Uint8Array }[] = []
  position = 0
  readonly gaps: { from: number; to: number }[] = []
  readonly typed: number[] = []
  readonly lost: number[] = []
  readonly reports: Report[] = []
  readonly statuses: ClientStatus[] = []
  end: End | undefined
  unparsedBytes = 0
  unparsedBytesMax = 0
  tickets = 0
  private parsedAtMs = 0

  constructor(setting: TerminalSetting) {
    const { clock, parseMs = () => 0 } = setting
    this.client = new TerminalClient(
      {
        getTicket: () => {
          this.tickets++
          return setting.getTicket?.() ?? Promise.resolve({ kind: 'ticket', ticket: `ticket-${this.tickets}` })
        },
        openSocket: setting.openSocket,
        nowMs: () => clock.nowMs,
        random: setting.random,
        setTimer: (ms, fire) => clock.schedule(ms, fire),
        clearTimer: timer => {
          clock.cancel(timer)
        },
      },
      {
        output: (bytes, done) => {
          this.output.push({ at: this.position, bytes })
          this.position += bytes.length
          this.unparsedBytes += bytes.length
          this.unparsedBytesMax = Math.max(this.unparsedBytesMax, this.unparsedBytes)
          this.parsedAtMs = Math.max(this.parsedAtMs, clock.nowMs + parseMs())
          clock.schedule(this.parsedAtMs - clock.nowMs, () => {
            this.unparsedBytes -= bytes.length
            done()
          })
        },
        changed: status => this.statuses.push(status),
        report: report => {
          this.reports.push(report)
          this.note(report)
        },
        ended: end => {
          expect(this.end).toBeUndefined()
          this.end = end
        },
      },
      { client: { name: 'test', version: '1' }, mode: 'control', cols: 80, rows: 24, ...setting.options },
    )
  }

  /** Types, and keeps account of what was accepted. */
  type(bytes: Uint8Array): number {
    const accepted = this.client.type(bytes)
    this.typed.push(...bytes.subarray(0, accepted))
    return accepted
  }

  private note(report: Report): void {
    if (report.kind === 'gap') {
      expect(report.from).toBe(this.position)
      this.gaps.push({ from: report.from, to: report.to })
      this.position = report.to
    }
    if (report.kind === 'restarted') this.position = 0
    if (report.kind === 'input-lost') this.lost.push(...report.bytes)
  }
}
