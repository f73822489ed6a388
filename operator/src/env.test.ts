import { describe, expect, it } from 'vitest'
import { readEnvironment } from './env.ts'

const enough = { KUBECONFIG: '/k', CPC_SESSION_NAMESPACES: 'a, b', CPC_SANDBOX_IMAGE: 'sandbox:1' }

describe('the environment', () => {
  it('needs the namespaces and the image, and has defaults for the rest', () => {
    expect(readEnvironment(enough)).toEqual({
      cluster: { kind: 'kubeconfig', paths: ['/k'] },
      namespaces: ['a', 'b'],
      sandboxImage: 'sandbox:1',
      serviceAccountName: 'pocket-console-sandbox',
      metricsPort: 9090,
      logLevel: 'info',
      drainMs: 20_000,
      workers: 16,
      instance: 'pocket-console-operator',
    })
  })

  it('tells everything that is wrong at once', () => {
    const broken = { ...enough, CPC_SESSION_NAMESPACES: undefined, CPC_METRICS_PORT: 'http', CPC_LOG_LEVEL: 'loud' }
    expect(() => readEnvironment(broken)).toThrow(
      /CPC_SESSION_NAMESPACES is missing: name the namespaces.*CPC_METRICS_PORT .*number.*CPC_LOG_LEVEL .*"debug"/s,
    )
  })

  it.each(['', 'Sessions', 'a,,b', 'a b'])('refuses "%s" as namespaces', CPC_SESSION_NAMESPACES => {
    expect(() => readEnvironment({ ...enough, CPC_SESSION_NAMESPACES })).toThrow(/is not the name of a namespace/)
  })
})
