// The two connection pools: one for requests, one for watches, so that stuck watches cannot starve writes.
import { Agent } from 'undici'
import type { ConnectionCredentials } from './cluster.ts'

/** Connections for requests. One answers in milliseconds; more only queue in the API server. */
const REQUEST_CONNECTIONS_MAX = 16
/** Connections for watches and other long answers: one each. */
const WATCH_CONNECTIONS_MAX = 128
/** Shorter than the API server's own 90 s, so that it is us who close an idle connection, and no request meets a closing one. */
const KEEP_ALIVE_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000
/** To the answer's headers. */
const HEADERS_TIMEOUT_MS = 30_000

export interface ConnectionPools {
  /** Pools for these credentials; new ones when the TLS part changed, while calls in flight end on the old ones. */
  for(credentials: ConnectionCredentials): { requests: Agent; watches: Agent }
  close(): Promise<void>
}

export function createConnectionPools(): ConnectionPools {
  let held: { tlsVersion: string; requests: Agent; watches: Agent } | undefined
  // Closed pools end when their last call does; `close` must not leave them behind.
  const retiring = new Set<Agent>()

  function retire(agent: Agent): void {
    retiring.add(agent)
    void agent
      .close()
      .catch(() => undefined)
      .finally(() => retiring.delete(agent))
  }

  return {
    for(credentials) {
      if (held?.tlsVersion === credentials.tlsVersion) return held
      if (held !== undefined) {
        retire(held.requests)
        retire(held.watches)
      }
      held = {
        tlsVersion: credentials.tlsVersion,
        requests: agentFor(credentials, REQUEST_CONNECTIONS_MAX),
        watches: agentFor(credentials, WATCH_CONNECTIONS_MAX),
      }
      return held
    },
    async close() {
      const agents = [...retiring, ...(held === undefined ? [] : [held.requests, held.watches])]
      held = undefined
      await Promise.all(agents.map(agent => agent.destroy()))
    },
  }
}

function agentFor(credentials: ConnectionCredentials, connections: number): Agent {
  return new Agent({
    allowH2: false,
    connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Silence is judged by the caller: a call has its deadline, a watch its own watchdog.
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...tlsOptions(credentials) },
  })
}

/** The TLS part of the credentials, as Node's TLS and `ws` take it. */
export function tlsOptions(credentials: ConnectionCredentials): Omit<ConnectionCredentials, 'headers' | 'tlsVersion'> {
  const { ca, cert, key, servername, rejectUnauthorized } = credentials
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized,
  }
}
