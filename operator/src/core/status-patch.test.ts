import { describe, expect, it } from 'vitest'
import { statusPatch } from './status-patch.ts'

describe('[TS19] the patch of a status', () => {
  it('says null for what is not so any more, since a merge patch would keep it', () => {
    expect(statusPatch({ phase: 'Preparing', reason: 'ShellStarting', message: 'x' }, { phase: 'Ready' })).toEqual({
      phase: 'Ready',
      reason: null,
      message: null,
    })
  })
})
