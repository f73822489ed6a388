import { describe, expect, it } from 'vitest'
import { SOCKET_LIMITS } from '../core/limits/socket.ts'
import { type Stranger, Strangers } from './strangers.ts'

const { UNVERIFIED_MAX, UNVERIFIED_PER_ADDRESS_MAX } = SOCKET_LIMITS

/** Lets strangers in and notes the names of those that were crowded out. */
function aDoor() {
  const strangers = new Strangers()
  const out: string[] = []
  const enter = (address: string, name: string): Stranger => {
    const stranger = strangers.enter(address, () => {
      out.push(name)
      stranger.leave()
    })
    return stranger
  }
  return { strangers, out, enter }
}

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

describe('strangers', () => {
  it('[G42] the oldest idle one of the same address makes room, never one whose ticket is being looked at', () => {
    const { strangers, out, enter } = aDoor()
    const first = enter('a', 'first')
    many(UNVERIFIED_PER_ADDRESS_MAX - 1, n => enter('a', `a${n}`))
    enter('b', 'bystander')
    first.becomes('busy')
    enter('a', 'late')
    expect(out).toEqual(['a0'])
    expect(strangers.count).toBe(UNVERIFIED_PER_ADDRESS_MAX + 1)
    first.becomes('idle')
    many(UNVERIFIED_PER_ADDRESS_MAX, n => enter('a', `more${n}`))
    expect(out).toContain('first')
    expect(out).not.toContain('bystander')
  })

  it('[G40] is refused when every place of the address is busy', () => {
    const { strangers, enter } = aDoor()
    for (const stranger of many(UNVERIFIED_PER_ADDRESS_MAX, n => enter('a', String(n)))) stranger.becomes('busy')
    expect(strangers.refusal('a')?.code).toBe('too-many-sockets')
    expect(strangers.refusal('b')).toBeUndefined()
  })

  it('[G42] when all places are taken, the address with most idle ones pays', () => {
    const { strangers, out, enter } = aDoor()
    enter('honest', 'honest')
    for (let n = 1; n < UNVERIFIED_MAX; n += 1) enter(`bot${n % 10}`, `bot${n}`)
    enter('newcomer', 'newcomer')
    expect(out).toHaveLength(1)
    expect(out[0]).toMatch(/^bot/)
    expect(strangers.count).toBe(UNVERIFIED_MAX)
  })

  it('[G40] is refused when every place there is, is busy', () => {
    const { strangers, enter } = aDoor()
    for (let n = 0; n < UNVERIFIED_MAX; n += 1) enter(`address${n}`, String(n)).becomes('busy')
    expect(strangers.refusal('new')?.code).toBe('busy')
  })

  it('[G42] leaves once, whatever comes after', () => {
    const { strangers, enter } = aDoor()
    const one = enter('a', 'one')
    one.leave()
    one.leave()
    one.becomes('idle')
    expect(strangers.count).toBe(0)
    expect(strangers.refusal('a')).toBeUndefined()
  })
})
