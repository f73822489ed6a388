// JSON payloads: bounded, strict UTF-8, checked against a schema (F6).
import { LIMITS } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

/** What decodeJson needs of a schema; every zod schema has it. */
export interface JsonSchema<B> {
  safeParse: (
    value: unknown,
  ) => { success: true; data: B } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } }
}

/** One text may hold this much of a schema complaint; it ends in a close reason or a log line. */
const COMPLAINT_CHARS_MAX = 200

const encoder = new TextEncoder()
// A byte order mark is not JSON: without ignoreBOM the decoder would silently eat one.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes a payload. Throws ProtocolError when it is too long, not UTF-8, not JSON or not of the schema. */
export function decodeJson<B>(payload: Uint8Array, schema: JsonSchema<B>): B {
  if (payload.length > LIMITS.JSON_BYTES_MAX) {
    throw new ProtocolError(
      'json-too-large',
      `A JSON payload is ${payload.length} bytes long; ${LIMITS.JSON_BYTES_MAX} are allowed.`,
    )
  }
  const result = schema.safeParse(parse(payload))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue && issue.path.length > 0 ? issue.path.map(String).join('.') : 'the payload'
  throw new ProtocolError('bad-json', `${where}: ${issue?.message ?? 'invalid'}`.slice(0, COMPLAINT_CHARS_MAX))
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload)) as unknown
  } catch {
    throw new ProtocolError('bad-json', 'The payload is not JSON in UTF-8.')
  }
}

/** Encodes a body behind `headerBytes` blank bytes. Throws ProtocolError when it is too long. */
export function encodeJson(body: unknown, headerBytes: number): Uint8Array {
  const payload = encoder.encode(JSON.stringify(onWire(body)))
  if (payload.length > LIMITS.JSON_BYTES_MAX) {
    throw new ProtocolError('json-too-large', `A JSON payload would be ${payload.length} bytes long.`)
  }
  const frame = new Uint8Array(headerBytes + payload.length)
  frame.set(payload, headerBytes)
  return frame
}

/** An event we did not know is written back under its own name (E1). */
function onWire(body: unknown): unknown {
  const event = body as { kind?: unknown; name?: unknown }
  return event.kind === 'unknown' ? { kind: event.name } : body
}
