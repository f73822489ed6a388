// A stand-in for an exec of `holder attach`, for failure modes a real holder does not show on demand. It speaks leg 2.
import { type ClientFrame, type Decoded, type ServerFrame, decodeClientFrame, encodeFrame } from '@cpc/protocol'
import type { HolderHandlers, HolderStream, OpenHolder } from '../src/edge/pod-exec.ts'
import { attachedFrame } from './attachment-bench.ts'

export class FakeHolder implements HolderStream {
  readonly podName: string
  readonly heard: Decoded<ClientFrame>[] = []
  readonly #handlers: HolderHandlers
  /** Whether the gateway reads. */
  flow: 'reading' | 'paused' = 'reading'
  state: 'open' | 'closed' = 'open'
  /** Bytes the gateway thinks are waiting for stdin; set by tests. */
  bufferedBytes = 0
  /** Bytes of frames said so far. */
  saidBytes = 0
  #drained: (() => void)[] = []

  constructor(podName: string, handlers: HolderHandlers) {
    this.podName = podName
    this.#handlers = handlers
  }

  send(frame: Uint8Array): number {
    const heard = decodeClientFrame(frame)
    this.heard.push(heard)
    if (heard.type === 'HELLO')
      this.say({ type: 'WELCOME', body: { version: 1, server: { name: 'fake', version: '1' } } })
    if (heard.type === 'ATTACH') this.say(attachedFrame({ from: heard.body.outOff ?? 0 }))
    return this.bufferedBytes
  }

  drained(): Promise<void> {
    return new Promise(resolve => this.#drained.push(resolve))
  }

  /** The stdin is read again. */
  drain(): void {
    this.bufferedBytes = 0
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  pause(): void {
    this.flow = 'paused'
  }

  resume(): void {
    this.flow = 'reading'
  }

  close(): void {
    this.state = 'closed'
  }

  say(frame: ServerFrame): void {
    const bytes = encodeFrame(frame)
    this.saidBytes += bytes.length
    this.#handlers.onFrame(bytes)
  }

  break(message: string): void {
    this.#handlers.onBroken(message)
  }

  end(message: string): void {
    this.state = 'closed'
    this.#handlers.onEnded(message, '')
  }
}

/** Opens fakes and keeps them; `refuse` makes the next opens fail. */
export function fakeHolders(): { open: OpenHolder; opened: FakeHolder[]; refuse: Error | undefined } {
  const holders = {
    opened: [] as FakeHolder[],
    refuse: undefined as Error | undefined,
    open: async (podName: string, handlers: HolderHandlers) => {
      await Promise.resolve()
      if (holders.refuse) throw holders.refuse
      const holder = new FakeHolder(podName, handlers)
      holders.opened.push(holder)
      return holder
    },
  }
  return holders
}
