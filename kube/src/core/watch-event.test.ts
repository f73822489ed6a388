import { describe, expect, it } from 'vitest'
import { parseWatchEvent } from './watch-event.ts'

const object = { kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: '7' }, unknownField: { kept: true } }
const parse = (event: unknown) => parseWatchEvent(JSON.stringify(event))

describe('watch events', () => {
  it('[K21] reads changes and bookmarks with their versions, and keeps the object as it is', () => {
    expect(parse({ type: 'ADDED', object })).toEqual({ kind: 'put', object, resourceVersion: '7' })
    expect(parse({ type: 'MODIFIED', object })).toEqual({ kind: 'put', object, resourceVersion: '7' })
    expect(parse({ type: 'DELETED', object })).toEqual({ kind: 'delete', object, resourceVersion: '7' })
    expect(parse({ type: 'BOOKMARK', object })).toEqual({ kind: 'bookmark', resourceVersion: '7' })
  })

  it('[K23] reads the Status of an ERROR event', () => {
    const status = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'too old' }
    expect(parse({ type: 'ERROR', object: status })).toMatchObject({ kind: 'error', status: { code: 410 } })
    expect(parse({ type: 'ERROR', object: { odd: 1 } })).toEqual({ kind: 'error', status: {} })
  })

  it('[K27] tells what is no event from what is an unknown one', () => {
    expect(parseWatchEvent('{"type":').kind).toBe('malformed')
    expect(parseWatchEvent('null').kind).toBe('malformed')
    expect(parse({ type: 'ADDED' }).kind).toBe('malformed')
    expect(parse({ type: 'ADDED', object: { metadata: {} } }).kind).toBe('malformed')
    expect(parse({ type: 'COMPACTED', object }).kind).toBe('ignored')
  })
})
