import { describe, expect, it } from 'vitest'
import { layoutCluster } from './layout.ts'
import { mountsBelow, nodeBinds, nodeMountScript } from './mounts.ts'
import { readSettings } from './settings.ts'

const result = readSettings({}, '/root')
if (result.kind === 'invalid') throw new Error(result.message)
const [node] = layoutCluster(result.settings).nodes

describe('a node’s own folders', () => {
  it('[D21] hide /run last, because the others come from there', () => {
    expect(nodeBinds(node!).at(-1)?.at).toBe('/run')
  })

  it('[D21] are made after mounts stop being passed back to the host', () => {
    const [, first] = nodeMountScript(nodeBinds(node!)).split('\n')
    expect(first).toBe('mount --make-rshared /')
  })
})

describe('mountsBelow', () => {
  const table = 'a /state ext4 rw 0 0\nb /state/x tmpfs rw 0 0\nc /state/x/y tmpfs rw 0 0\nd /stately tmpfs rw 0 0\n'

  it('[D4] lists the deepest first', () => {
    expect(mountsBelow(table, ['/state/x'])).toEqual(['/state/x/y', '/state/x'])
  })

  it('[D4] knows a folder from another whose name begins alike', () => {
    expect(mountsBelow(table, ['/state'])).toEqual(['/state/x/y', '/state/x', '/state'])
  })
})
