// Leads TCP connections from an address of this machine into the cluster.
// Usage: node forwarder.ts LISTEN_ADDRESS:PORT TARGET_ADDRESS:PORT
import { connect, createServer, type Socket } from 'node:net'

/** Far more than a person's browsers and terminals open; beyond it new connections wait in the kernel. */
const CONNECTIONS_MAX = 1024

interface Endpoint {
  readonly host: string
  readonly port: number
}

function endpoint(text: string | undefined): Endpoint {
  const [host, port] = (text ?? '').split(':')
  if (host === undefined || host === '' || port === undefined) throw new Error(`${String(text)} is not ADDRESS:PORT`)
  return { host, port: Number(port) }
}

/** Half-closed connections stay half-closed on the other side; an error on one side ends both. */
function join(client: Socket, target: Endpoint): void {
  const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true })
  client.setNoDelay(true)
  client.pipe(upstream)
  upstream.pipe(client)
  client.once('error', () => upstream.destroy())
  upstream.once('error', () => client.destroy())
  client.once('close', () => upstream.destroy())
  upstream.once('close', () => client.destroy())
}

const from = endpoint(process.argv[2])
const to = endpoint(process.argv[3])
const server = createServer({ allowHalfOpen: true }, client => join(client, to))
server.maxConnections = CONNECTIONS_MAX
server.listen(from)
