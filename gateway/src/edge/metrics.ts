// What the gateway counts, with prom-client's names (G80).
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Bytes held in memory for all sockets, read at scrape time. */
export interface SocketMemory {
  clientBufferedBytes: number
  heldBytes: number
  holderBufferedBytes: number
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>

const PREFIX = 'cpc_gateway_'
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createGatewayMetrics(registry: Registry = new Registry()) {
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets: SECONDS, registers })
  return {
    registry,
    build: gauge('build_info', 'Always 1; the label says which version runs.', ['version']),
    requests: counter('http_requests_total', 'REST requests answered.', ['method', 'route', 'status']),
    requestSeconds: histogram('http_request_seconds', 'Time to answer a REST request.', ['method', 'route']),
    limited: counter('rate_limited_total', 'Requests refused by a limit.', ['limit']),
    tokenRefusals: counter('token_refusals_total', 'Tokens refused.', ['reason']),
    sessionsMade: counter('sessions_created_total', 'Sessions made, or found again by their Idempotency-Key.', [
      'result',
    ]),
    capRefusals: counter('session_cap_refusals_total', 'Sessions refused since their owner has all slots taken.'),
    tickets: counter('tickets_issued_total', 'Tickets issued.'),
    upgradesRefused: counter('upgrades_refused_total', 'Upgrades refused before the handshake.', ['code']),
    sockets: gauge('sockets', 'Open terminal sockets.', ['state']),
    closes: counter('socket_closes_total', 'Terminal sockets closed by the gateway, or by the client (code 0).', [
      'code',
    ]),
    attached: counter('attachments_total', 'Terminals attached.', ['resume']),
    execSeconds: histogram('exec_open_seconds', 'Time to open an exec.', ['result']),
    outputBytes: counter('output_bytes_total', 'Bytes of frames sent to clients.'),
    inputBytes: counter('input_bytes_total', 'Bytes of frames sent to holders.'),
    stalls: counter('stalls_total', 'Clients closed since they stopped reading or acknowledging.'),
    memory: gauge('socket_memory_bytes', 'Bytes held for sockets.', ['where']),
    keyFileErrors: counter('key_file_errors_total', 'Key files that could not be read again; older keys stay in use.'),
  }
}

/** Sets the memory gauges when they are scraped. */
export function observeMemory(metrics: GatewayMetrics, read: () => SocketMemory): () => void {
  return () => {
    const { clientBufferedBytes, heldBytes, holderBufferedBytes } = read()
    metrics.memory.set({ where: 'client_buffers' }, clientBufferedBytes)
    metrics.memory.set({ where: 'held_output' }, heldBytes)
    metrics.memory.set({ where: 'holder_buffers' }, holderBufferedBytes)
  }
}
