// The operator's settings: the only reader of the environment.
import { clusterSourceFromEnv, type ClusterSource } from '@cpc/kube'
import { z } from 'zod'

const namespaceName = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'is not the name of a namespace')

const variables = z.object({
  CPC_SESSION_NAMESPACES: z
    .string({ error: 'is missing: name the namespaces sessions may live in, separated by commas' })
    .transform(text => text.split(',').map(name => name.trim()))
    .pipe(z.array(namespaceName).min(1).max(100)),
  CPC_SANDBOX_IMAGE: z.string({ error: 'is missing: name the image of the sandbox' }).min(1),
  CPC_SANDBOX_SERVICE_ACCOUNT: z.string().min(1).default('pocket-console-sandbox'),
  CPC_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9090),
  CPC_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  CPC_DRAIN_MS: z.coerce.number().int().min(0).max(600_000).default(20_000),
  CPC_WORKERS: z.coerce.number().int().min(1).max(256).default(16),
  CPC_INSTANCE: z.string().min(1).max(128).optional(),
  HOSTNAME: z.string().optional(),
})

export interface Environment {
  cluster: ClusterSource
  namespaces: readonly string[]
  sandboxImage: string
  serviceAccountName: string
  metricsPort: number
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Milliseconds for what is queued when the stop begins. */
  drainMs: number
  workers: number
  /** Named in events: which replica said it. */
  instance: string
}

/** @throws Error that lists every variable that is missing or wrong, and what it should be */
export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const parsed = variables.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${path.map(String).join('.')} ${message}`)
    throw new Error(`the environment is not complete:\n${problems.join('\n')}`)
  }
  const { data } = parsed
  return {
    cluster: clusterSourceFromEnv(env),
    namespaces: data.CPC_SESSION_NAMESPACES,
    sandboxImage: data.CPC_SANDBOX_IMAGE,
    serviceAccountName: data.CPC_SANDBOX_SERVICE_ACCOUNT,
    metricsPort: data.CPC_METRICS_PORT,
    logLevel: data.CPC_LOG_LEVEL,
    drainMs: data.CPC_DRAIN_MS,
    workers: data.CPC_WORKERS,
    instance: data.CPC_INSTANCE ?? data.HOSTNAME ?? 'pocket-console-operator',
  }
}
