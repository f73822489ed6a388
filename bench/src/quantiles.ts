// Order statistics of a sample. Pure.

export interface Quantiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Nearest-rank quantiles. @throws RangeError for an empty sample. */
export function quantiles(sample: readonly number[]): Quantiles {
  const sorted = [...sample].sort((a, b) => a - b)
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
    if (value === undefined) throw new RangeError('no sample')
    return value
  }
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}
