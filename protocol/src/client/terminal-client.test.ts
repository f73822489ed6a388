// The driver: effects in order, sockets and tickets of old tries ignored.
import { describe, expect, it } from 'vitest'
import { Terminal } from '../../test/terminal.ts'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { encodeFrame } from '../codec.ts'
import type { SocketEvents, TicketAnswer } from './terminal-client.ts'

interface FakeSocket {
  events: SocketEvents
  sent: Uint8Array[]
  closed: number | undefined
}

function bench(getTicket?: () => Promise<TicketAnswer>) {
  const clock = new VirtualClock()
  const sockets: FakeSocket[] = []
  const terminal = new Terminal({
    clock,
    random: () => 0.5,
    ...(getTicket ? { getTicket } : {}),
    openSocket: events => {
      const socket: FakeSocket = { events, sent: [], closed: undefined }
      sockets.push(socket)
      return { send: bytes => socket.sent.push(bytes), close: code => (socket.closed = code) }
    },
  })
  return { clock, sockets, terminal }
}

const ATTACHED = encodeFrame({
  type: 'ATTACHED',
  body: { clientId: 'c', lease: 1, epoch: 'e', resume: 'delta', from: 0, head: 0, inOff: 0, cols: 80, rows: 24 },
})

describe('TerminalClient', () => {
  it('[R3] fetches a ticket for each try, and opens no socket without one', async () => {
    const { clock, sockets, terminal } = bench(() => Promise.reject(new Error('connection refused')))
    terminal.client.start()
    await clock.advance(10_000)
    expect(terminal.tickets).toBeGreaterThan(2)
    expect(sockets).toEqual([])
    expect(terminal.statuses).toContainEqual(expect.objectContaining({ phase: 'waiting', cause: 'connection refused' }))
  })
  it('[X1] ends when the ticket is refused', async () => {
    const { clock, terminal } = bench(() =>
      Promise.resolve({ kind: 'refused', code: 'forbidden', message: 'Not yours.' }),
    )
    terminal.client.start()
    await clock.advance(1)
    expect(terminal.end).toEqual({ kind: 'refused', code: 'forbidden', message: 'Not yours.' })
  })
  it('[R2] a ticket that comes after its try was given up opens nothing', async () => {
    const { clock, sockets, terminal } = bench(
      () => new Promise(resolve => clock.schedule(11_000, () => resolve({ kind: 'ticket', ticket: 'late' }))),
    )
    terminal.client.start()
    await clock.advance(11_500)
    expect(terminal.tickets).toBe(2)
    expect(sockets).toEqual([])
  })
  it('[F2] a text message is a protocol error', async () => {
    const { clock, sockets, terminal } = bench()
    terminal.client.start()
    await clock.advance(1)
    sockets[0]?.events.opened()
    sockets[0]?.events.message('text')
    expect(sockets[0]?.closed).toBe(4400)
  })
  it('[I1] input typed from within a callback keeps its order', async () => {
    const { clock, sockets, terminal } = bench()
    terminal.client.start()
    terminal.type(new TextEncoder().encode('a'))
    await clock.advance(1)
    const socket = sockets[0]
    socket?.events.opened()
    const push = terminal.statuses.push.bind(terminal.statuses)
    // `changed` is told before the queued input goes out: typing there must not overtake it.
    terminal.statuses.push = (...statuses) => {
      terminal.type(new TextEncoder().encode('b'))
      return push(...statuses)
    }
    socket?.events.message(ATTACHED)
    const inputs = socket?.sent.filter(bytes => bytes[0] === 0x03).map(bytes => String.fromCharCode(bytes[16] ?? 0))
    expect(inputs).toEqual(['a', 'b'])
  })
  it('[R4] timers are cleared at the end', async () => {
    const { clock, sockets, terminal } = bench()
    terminal.client.start()
    await clock.advance(1)
    sockets[0]?.events.opened()
    sockets[0]?.events.message(ATTACHED)
    terminal.client.detach()
    const sent = sockets[0]?.sent.length
    await clock.advance(120_000)
    expect([terminal.end, sockets.length, sockets[0]?.sent.length]).toEqual([{ kind: 'detached' }, 1, sent])
    expect(sockets[0]?.closed).toBe(1000)
  })
})
