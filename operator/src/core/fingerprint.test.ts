import { describe, expect, it } from 'vitest'
import { aSpec, settings } from '../../test/builders.ts'
import { fingerprintOf } from './fingerprint.ts'

const plain = { ...settings, digest: (text: string) => text }
const of = (spec: Parameters<typeof aSpec>[0], userNamespace = true) => fingerprintOf(aSpec(spec), plain, userNamespace)

describe('[TS7] the fingerprint', () => {
  it.each([
    ['the owner', { owner: 'other' }],
    ['the idle time-out', { idleTimeoutSeconds: 10 }],
    ['the lifetime', { maxLifetimeSeconds: 10 }],
    ['recording', { recording: { commands: false, output: false } }],
    ['the TTL', { ttlSecondsAfterFinished: 0 }],
    ['the spelling of a quantity', { resources: { cpu: 0.5, memory: '0.5Gi', pids: 100, tmp: 104_857_600 } }],
    ['the default image, named', { image: settings.sandboxImage }],
  ])('does not depend on %s', (_what, spec) => {
    expect(of(spec)).toBe(of({}))
  })

  it.each([
    ['the image', of({ image: 'alpine:3' })],
    ['the command', of({ command: ['sh'] })],
    ['the runtime class', of({ runtimeClassName: 'gvisor' })],
    ['cpu', of({ resources: { cpu: 1, memory: '512Mi', pids: 100, tmp: '100Mi' } })],
    ['pids', of({ resources: { cpu: '500m', memory: '512Mi', pids: 101, tmp: '100Mi' } })],
    ['the user namespace', of({}, false)],
  ])('depends on %s', (_what, other) => {
    expect(other).not.toBe(of({}))
  })
})
