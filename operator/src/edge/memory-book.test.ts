import { describe, expect, it } from 'vitest'
import { aSession } from '../../test/builders.ts'
import { createMemoryBook } from './memory-book.ts'

describe('what the process remembers', () => {
  it('is kept per session, until it is forgotten', () => {
    const book = createMemoryBook()
    book.update('a', memory => ({ ...memory, podGone: { podUid: 'p' } }))
    book.update('a', memory => ({ ...memory, sessionGone: true }))
    expect(book.read('a')).toEqual({ podGone: { podUid: 'p' }, sessionGone: true })
    expect(book.read('b')).toEqual({})
    book.forget('ns/a', 'a')
    expect(book.read('a')).toEqual({})
  })

  it('has the last state of a deleted session once', () => {
    const book = createMemoryBook()
    book.sawDeletion('ns/demo', aSession())
    expect(book.lastSeen('ns/demo')?.uid).toBe(aSession().uid)
    book.forget('ns/demo', undefined)
    expect(book.lastSeen('ns/demo')).toBeUndefined()
  })

  it('is bounded: the session longest untouched goes first', () => {
    const book = createMemoryBook()
    for (let index = 0; index <= 20_000; index++) book.update(`s${index}`, memory => ({ ...memory, sessionGone: true }))
    expect(book.read('s0')).toEqual({})
    expect(book.read('s1')).toEqual({ sessionGone: true })
    expect(book.read('s20000')).toEqual({ sessionGone: true })
  })
})
