import type { TerminalSession } from '@cpc/crds'
import { describe, expect, it } from 'vitest'
import { aSpec } from '../../test/builders.ts'
import { createOwnWrites } from './own-writes.ts'

const at = (resourceVersion: string, uid = 'u'): TerminalSession => ({
  apiVersion: 'pocketconsole.dev/v1alpha1',
  kind: 'TerminalSession',
  metadata: { name: 'demo', namespace: 'ns', uid, resourceVersion },
  spec: aSpec(),
})

describe('[TS19] a status just written is what the next reconcile sees', () => {
  it('until the cache has it', () => {
    const writes = createOwnWrites()
    writes.record('1', at('2'))
    expect(writes.newest(at('1')).metadata.resourceVersion).toBe('2')
    expect(writes.newest(at('2')).metadata.resourceVersion).toBe('2')
    expect(writes.newest(at('1')).metadata.resourceVersion).toBe('1')
  })

  it('also after several writes the cache has not seen', () => {
    const writes = createOwnWrites()
    writes.record('1', at('2'))
    writes.record('2', at('3'))
    expect(writes.newest(at('1')).metadata.resourceVersion).toBe('3')
    expect(writes.newest(at('2')).metadata.resourceVersion).toBe('3')
  })

  it('not if somebody else has written since', () => {
    const writes = createOwnWrites()
    writes.record('1', at('2'))
    expect(writes.newest(at('5')).metadata.resourceVersion).toBe('5')
  })

  it('not for another session of the same name', () => {
    const writes = createOwnWrites()
    writes.record('1', at('2'))
    expect(writes.newest(at('1', 'other')).metadata.resourceVersion).toBe('1')
  })
})
