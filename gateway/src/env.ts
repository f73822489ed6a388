// The only reader of the environment: checked once, at the start, with words for whoever set it wrong.
import { type ClusterSource, clusterSourceFromEnv } from '@cpc/kube'
import { z } from 'zod'
import { SESSION_LIMITS } from './core/limits/sessions.ts'

export interface Settings {
  listenPort: number
  metricsPort: number
  sessionNamespace: string
  issuersFile: string
  ticketKeyFile: string
  allowedOrigins: ReadonlySet<string>
  sessionsPerOwnerMax: number
  trustedProxyHops: number
  logLevel: (typeof LOG_LEVELS)[number]
  drainMs: number
  cluster: ClusterSource
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback)
const needed = (what: string) =>
  z.string({ error: `is not set; it must be ${what}` }).min(1, `is empty; it must be ${what}`)

const schema = z.object({
  CPC_LISTEN_PORT: port(8080),
  CPC_METRICS_PORT: port(9090),
  CPC_SESSION_NAMESPACE: needed('the namespace of the sessions'),
  CPC_ISSUERS_FILE: needed('the path of the list of trusted issuers'),
  CPC_TICKET_KEY_FILE: needed('the path of the ticket key'),
  CPC_ALLOWED_ORIGINS: z.string().default('').transform(originSet),
  CPC_SESSIONS_PER_OWNER_MAX: z.coerce.number().int().min(1).max(SESSION_LIMITS.SLOTS_PER_OWNER_MAX).default(10),
  CPC_TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(8).default(0),
  CPC_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  CPC_DRAIN_MS: z.coerce.number().int().min(0).max(3_600_000).default(20_000),
})

/** @throws Error with one line for each variable that is wrong */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const result = schema.safeParse(env)
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
    throw new Error(`The gateway cannot start with this environment:\n${lines.join('\n')}`)
  }
  const read = result.data
  return {
    listenPort: read.CPC_LISTEN_PORT,
    metricsPort: read.CPC_METRICS_PORT,
    sessionNamespace: read.CPC_SESSION_NAMESPACE,
    issuersFile: read.CPC_ISSUERS_FILE,
    ticketKeyFile: read.CPC_TICKET_KEY_FILE,
    allowedOrigins: read.CPC_ALLOWED_ORIGINS,
    sessionsPerOwnerMax: read.CPC_SESSIONS_PER_OWNER_MAX,
    trustedProxyHops: read.CPC_TRUSTED_PROXY_HOPS,
    logLevel: read.CPC_LOG_LEVEL,
    drainMs: read.CPC_DRAIN_MS,
    cluster: clusterSourceFromEnv(env),
  }
}

function originSet(list: string, context: z.RefinementCtx): ReadonlySet<string> {
  const origins = list.split(',').flatMap(entry => (entry.trim() === '' ? [] : [entry.trim()]))
  for (const origin of origins) {
    if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(origin)) continue
    context.addIssue({
      code: 'custom',
      message: `${origin} is not an origin; write scheme://host or scheme://host:port`,
    })
  }
  return new Set(origins)
}
