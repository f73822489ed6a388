// A TCP relay in front of the gateway that can be cut: what a phone network does to a connection.
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export class CuttingProxy {
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  constructor(target: URL) {
    this.server = createServer(near => {
      const far = connect(Number(target.port), target.hostname)
      for (const socket of [near, far]) {
        this.sockets.add(socket)
        // A cut end closes the other; errors say no more than the close that follows.
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.sockets.delete(socket)
          near.destroy()
          far.destroy()
        })
      }
      near.pipe(far)
      far.pipe(near)
    })
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise(resolve => this.server.close(resolve))
  }
}
