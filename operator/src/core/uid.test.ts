import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeView } from './observed.ts'
import { HOLDER_UID, NOBODY, shellIdentity } from './uid.ts'

const sessionUid = 'b9a7c1de-1111-4111-8111-111111111111'
const node = (userNamespaceHandlers: string[], schedulable = true): NodeView => ({
  name: 'n',
  schedulable,
  userNamespaceHandlers,
})
const free = () => false

describe('[TS9] the user of the shell', () => {
  it.each<[string, NodeView[], string]>([
    ['one node that can', [node([''])], ''],
    ['a cordoned node does not count', [node(['']), node([], false)], ''],
    ['the handler of the runtime class counts', [node(['', 'kata'])], 'kata'],
  ])('is nobody in a user namespace: %s', (_case, nodes, runtimeClass) => {
    expect(shellIdentity({ sessionUid, runtimeClass, nodes, isUidTaken: free })).toEqual({
      uid: NOBODY,
      userNamespace: true,
    })
  })

  it.each<[string, NodeView[], string]>([
    ['no node is known', [], ''],
    ['only cordoned nodes', [node([''], false)], ''],
    ['one of two nodes cannot', [node(['']), node([])], ''],
    ['the runtime class cannot', [node(['', 'runc'])], 'gvisor'],
  ])('is a user of its own without one: %s', (_case, nodes, runtimeClass) => {
    const { uid, userNamespace } = shellIdentity({ sessionUid, runtimeClass, nodes, isUidTaken: free })
    expect(userNamespace).toBe(false)
    expect(uid).toBeGreaterThanOrEqual(2 ** 30)
    expect(uid).toBeLessThan(2 ** 31)
  })

  it('is never one that a pod still uses', () => {
    const first = shellIdentity({ sessionUid, runtimeClass: '', nodes: [], isUidTaken: free }).uid
    const taken = new Set([first, first + 1])
    const next = shellIdentity({ sessionUid, runtimeClass: '', nodes: [], isUidTaken: uid => taken.has(uid) }).uid
    expect(next).toBe(first + 2)
  })

  it('differs between any two sessions that exist at one time, and from the holder', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { maxLength: 50 }), uids => {
        const taken = new Set<number>()
        for (const uid of uids) {
          const isUidTaken = (candidate: number) => taken.has(candidate)
          const identity = shellIdentity({ sessionUid: uid, runtimeClass: '', nodes: [], isUidTaken })
          expect(taken.has(identity.uid)).toBe(false)
          expect(identity.uid).not.toBe(HOLDER_UID)
          taken.add(identity.uid)
        }
      }),
    )
  })

  it('wraps around at the end of the range', () => {
    const last = {
      sessionUid: '000000000000'.replace(/0+$/, (2 ** 30 - 1).toString(16).padStart(12, '0')),
      runtimeClass: '',
      nodes: [],
    }
    expect(shellIdentity({ ...last, isUidTaken: free }).uid).toBe(2 ** 31 - 1)
    expect(shellIdentity({ ...last, isUidTaken: uid => uid === 2 ** 31 - 1 }).uid).toBe(2 ** 30)
  })
})
