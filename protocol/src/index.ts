// @cpc/protocol: cpc.v1, the terminal stream. SPEC.md is the contract.
export * from './close-codes.ts'
export * from './codec.ts'
export * from './error-codes.ts'
export * from './frame.ts'
export * from './length-prefix.ts'
export * from './limits.ts'
export * from './payloads.ts'
export * from './protocol-error.ts'
