import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quantityToBytes, quantityToMillicores } from './quantities.ts'

describe('[TS3] quantities', () => {
  it.each([
    ['100Mi', 104_857_600],
    ['1Gi', 1_073_741_824],
    ['0.5Gi', 536_870_912],
    ['1k', 1000],
    ['2M', 2_000_000],
    ['1e3', 1000],
    ['1E', 1e18],
    [512, 512],
    ['1.5', 2],
    ['100m', 1],
    ['.5Ki', 512],
    ['+1Ki', 1024],
  ])('%s is %d bytes, rounded up', (quantity, bytes) => {
    expect(quantityToBytes(quantity)).toBe(bytes)
  })

  it.each([
    ['500m', 500],
    ['0.5', 500],
    [2, 2000],
    ['1500u', 2],
    ['1n', 1],
  ])('%s is %d millicores, rounded up', (quantity, millicores) => {
    expect(quantityToMillicores(quantity)).toBe(millicores)
  })

  it.each(['', '.', 'Mi', '5 Mi', '5mi', 'abc', '1..5', '0x10', '1e', 'Infinity', '١'])('"%s" is refused', text => {
    expect(() => quantityToBytes(text)).toThrow(/is not a Kubernetes quantity; write it like/)
  })

  it('reads every whole number in every unit exactly', () => {
    const units = fc.constantFrom(
      ['Ki', 2 ** 10] as const,
      ['Mi', 2 ** 20] as const,
      ['k', 1e3] as const,
      ['M', 1e6] as const,
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), units, (count, [unit, factor]) => {
        expect(quantityToBytes(`${count}${unit}`)).toBe(count * factor)
      }),
    )
  })
})
