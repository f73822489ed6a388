// What the gateway calls itself, on the wire and in its answers.

/** Kept equal to package.json by a test. */
export const GATEWAY_VERSION = '0.1.0'

/** In WELCOME to clients and in HELLO to holders. */
export const GATEWAY_PEER = { name: 'pocket-console-gateway', version: GATEWAY_VERSION } as const

/** Versions of cpc.v1 this gateway speaks, on both legs. */
export const PROTOCOL_VERSIONS: readonly [min: number, max: number] = [1, 1]
