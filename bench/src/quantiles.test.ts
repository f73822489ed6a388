import { expect, test } from 'vitest'
import { quantiles } from './quantiles.ts'

test('takes the nearest rank', () => {
  const sample = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(quantiles(sample)).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 })
})

test('has no quantiles of nothing', () => {
  expect(() => quantiles([])).toThrow(RangeError)
})
