// Kubernetes quantities ("500m", "512Mi", 2): the schema for a bounded one, and exact parsing.
import { z } from 'zod'
import { cel } from './cel.ts'
import { QUANTITY_LENGTH_MAX } from './limits.ts'

/** A quantity as the API server stores it: what the user wrote, a number or a string. */
export type Quantity = string | number

const BINARY_EXPONENTS: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const DECIMAL_EXPONENTS: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
/** Digits of a decimal exponent: the API server itself accepts no more than two in practice (10^18 is its largest unit). */
const QUANTITY = /^([+-]?)(\d{1,32})?(?:\.(\d{0,32}))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,2})?$/

/** A quantity field with a smallest and a largest value, both allowed. */
export interface QuantityField {
  /** Path within spec, for the messages. */
  field: string
  description: string
  min: string
  max: string
  /** A value to show; also the default. */
  example: string
}

/** Schema of a bounded quantity field, with its default. */
export function boundedQuantity({ field, description, min, max, example }: QuantityField) {
  const parsed = 'quantity(string(self))'
  const valid = 'isQuantity(string(self))'
  return z
    .union([z.int(), z.string().min(1).max(QUANTITY_LENGTH_MAX)])
    .meta({
      description: `${description} A Kubernetes quantity between ${min} and ${max}, such as "${example}".`,
      'x-kubernetes-int-or-string': true,
      ...cel([
        { rule: valid, message: `${field} must be a Kubernetes quantity such as "${example}"` },
        {
          rule: `!${valid} || (${parsed}.compareTo(quantity('${min}')) >= 0 && ${parsed}.compareTo(quantity('${max}')) <= 0)`,
          message: `${field} must be between ${min} and ${max}, such as "${example}"`,
        },
      ]),
    })
    .default(example)
}

/** Value × 10^9, exact, rounded up as the API server does for what is finer than a nano. Throws a RangeError if it is no quantity. */
function nanoUnits(quantity: Quantity): bigint {
  const text = String(quantity)
  const match = QUANTITY.exec(text)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match ?? []
  if (match === null || whole + fraction === '') {
    throw new RangeError(`"${text}" is not a Kubernetes quantity; write it like "500m" or "512Mi"`)
  }
  const digits = BigInt(whole + fraction)
  const binary = BINARY_EXPONENTS[suffix]
  const decimal = binary === undefined ? (DECIMAL_EXPONENTS[suffix] ?? Number(suffix.slice(1))) : 0
  const magnitude = binary === undefined ? digits : digits << binary
  const value = scaled(magnitude, 9 + decimal - fraction.length)
  return sign === '-' ? -value : value
}

function scaled(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return (value + divisor - 1n) / divisor
}

function roundedUp(nanos: bigint, perUnit: bigint): number {
  const quotient = nanos / perUnit
  return Number(nanos % perUnit > 0n ? quotient + 1n : quotient)
}

/** Whole bytes, rounded up. `quantityToBytes('100Mi') === 104857600`. Throws a RangeError if it is no quantity. */
export function quantityToBytes(quantity: Quantity): number {
  return roundedUp(nanoUnits(quantity), 1_000_000_000n)
}

/** Thousandths of a core, rounded up. `quantityToMillicores('0.5') === 500`. Throws a RangeError if it is no quantity. */
export function quantityToMillicores(quantity: Quantity): number {
  return roundedUp(nanoUnits(quantity), 1_000_000n)
}
