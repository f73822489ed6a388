// A WebSocket client that speaks cpc.v1 frame by frame and does nothing by itself: for tests of what a gateway answers.
import {
  type ClientFrame,
  type Decoded,
  type Frame,
  type FrameType,
  type ServerFrame,
  decodeServerFrame,
  encodeFrame,
} from '@cpc/protocol'
import { type IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'

const DEADLINE_MS = 20_000

export interface ConnectOptions {
  session?: string
  origin?: string
  subprotocols?: string[]
}

/** What an upgrade was refused with. */
export interface UpgradeRefusal {
  status: number
  headers: IncomingMessage['headers']
  body: { code?: string; detail?: string; status?: number }
}

export class WireClient {
  readonly socket: WebSocket
  readonly frames: Decoded<ServerFrame>[] = []
  close: { code: number; reason: string } | undefined
  #waiters: (() => void)[] = []

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.frames.push(decodeServerFrame(data))
      this.#wake()
    })
    socket.on('close', (code: number, reason: Buffer) => {
      this.close = { code, reason: reason.toString() }
      this.#wake()
    })
    socket.on('error', () => undefined)
  }

  /** @throws Error with the refusal's status in its message */
  static async connect(port: number, options: ConnectOptions = {}): Promise<WireClient> {
    const result = await attempt(port, options)
    if (result instanceof WebSocket) return new WireClient(result)
    throw new Error(`the upgrade was refused: ${result.status} ${result.body.code ?? ''}`)
  }

  static async refusal(port: number, options: ConnectOptions = {}): Promise<UpgradeRefusal> {
    const result = await attempt(port, options)
    if (!(result instanceof WebSocket)) return result
    result.terminate()
    throw new Error('the upgrade was accepted')
  }

  send(frame: ClientFrame | Frame): this {
    this.socket.send(encodeFrame(frame))
    return this
  }

  /** Waits until `found` gives something. */
  async until<T>(found: () => T | undefined): Promise<T> {
    const deadline = Date.now() + DEADLINE_MS
    for (;;) {
      const value = found()
      if (value !== undefined) return value
      if (Date.now() > deadline) {
        throw new Error(
          `waited in vain; frames: ${this.frames.map(({ type }) => type).join(' ')}; close: ${JSON.stringify(this.close)}`,
        )
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 500)
        this.#waiters.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async frame<T extends FrameType>(type: T): Promise<Extract<Decoded<ServerFrame>, { type: T }>> {
    return this.until(() =>
      this.frames.find((frame): frame is Extract<Decoded<ServerFrame>, { type: T }> => frame.type === type),
    )
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.until(() => this.close)
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

function attempt(port: number, options: ConnectOptions): Promise<WebSocket | UpgradeRefusal> {
  const { session = 'demo', origin, subprotocols = ['cpc.v1'] } = options
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/terminal/${session}`, subprotocols, {
    perMessageDeflate: false,
    ...(origin === undefined ? {} : { origin }),
  })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as UpgradeRefusal['body']
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
  })
}
