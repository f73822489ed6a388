// The cases of vectors/*.json, shared with the Go side: frames both must read alike, and bytes both must refuse.
// A JSON body has more than one spelling, so for those frames only reading is compared byte for byte.
import { encodeFrame } from './codec.ts'
import type { Frame } from './frame.ts'
import { LIMITS } from './limits.ts'
import type { ProtocolErrorKind } from './protocol-error.ts'

/** One line of frames.json. `bytes` are hex and `opaque` is a decimal string, since JSON has no room for a u64. */
export interface FrameVector {
  name: string
  hex: string
  frame: Record<string, unknown>
}

/** One line of bad-frames.json. */
export interface BadFrameVector {
  name: string
  hex: string
  error: ProtocolErrorKind
}

const encoder = new TextEncoder()
const SERVER = { name: 'holder', version: '0.1.0' }

const FRAMES: [string, Frame][] = [
  ['HELLO with a ticket', hello({ versions: [1, 1], client: { name: 'cpc', version: '0.1.0' }, ticket: 'aa.bb.cc' })],
  ['HELLO of a gateway, without a ticket', hello({ versions: [1, 3], client: { name: 'gateway', version: '0.1.0' } })],
  ['ATTACH for the first time', { type: 'ATTACH', body: { cols: 80, rows: 24, mode: 'control' } }],
  [
    'ATTACH with everything, as on leg 2',
    {
      type: 'ATTACH',
      body: {
        clientId: 'c1',
        clientKey: 'k1',
        epoch: '0123456789abcdef',
        outOff: LIMITS.OFFSET_MAX,
        cols: 65_535,
        rows: 0,
        mode: 'view',
        takeover: true,
        lossless: false,
        jti: 'ticket-1',
        owner: 'octocat',
      },
    },
  ],
  ['IN', { type: 'IN', lease: 7, off: 0, bytes: encoder.encode('ls\r') }],
  [
    'IN that is a reply',
    { type: 'IN', flags: 1, lease: 0xffffffff, off: 2 ** 32 + 1, bytes: encoder.encode('\x1b[?1;2c') },
  ],
  ['IN without bytes', { type: 'IN', lease: 0, off: 5, bytes: new Uint8Array() }],
  ['ACK', { type: 'ACK', outOff: 2 ** 40 + 3 }],
  ['ACK of the largest offset', { type: 'ACK', outOff: LIMITS.OFFSET_MAX }],
  ['RESIZE', { type: 'RESIZE', cols: 120, rows: 40 }],
  ['KEEP_ALIVE', { type: 'KEEP_ALIVE' }],
  ['DETACH', { type: 'DETACH' }],
  ['WELCOME of a holder', { type: 'WELCOME', body: { version: 1, epoch: '0123456789abcdef', server: SERVER } }],
  ['WELCOME of a gateway', { type: 'WELCOME', body: { version: 1, server: { name: 'gateway', version: '0.1.0' } } }],
  [
    'ATTACHED',
    {
      type: 'ATTACHED',
      body: {
        clientId: 'c1',
        lease: 3,
        epoch: '0123456789abcdef',
        resume: 'delta',
        from: 1_000,
        head: 2_000,
        inOff: 12,
        cols: 80,
        rows: 24,
        idleTimeoutMs: 300_000,
        idleDeadlineMs: 299_000,
      },
    },
  ],
  [
    'ATTACHED as a viewer after a gap',
    {
      type: 'ATTACHED',
      body: { clientId: 'c2', lease: 0, epoch: 'e', resume: 'gap', from: 5, head: 5, inOff: 0, cols: 1, rows: 1 },
    },
  ],
  ['OUT', { type: 'OUT', off: 65_536, bytes: Uint8Array.of(0x00, 0xff, 0x1b, 0x5b, 0x6d, 0xe2, 0x82) }],
  ['OUT without bytes', { type: 'OUT', off: 0, bytes: new Uint8Array() }],
  ['IN_ACK', { type: 'IN_ACK', inOff: 15 }],
  ['EVENT resized', { type: 'EVENT', body: { kind: 'resized', off: 77, cols: 100, rows: 30 } }],
  ['EVENT lease lost', { type: 'EVENT', body: { kind: 'lease', lease: 0, by: 'c2' } }],
  ['EVENT lease got', { type: 'EVENT', body: { kind: 'lease', lease: 4 } }],
  ['EVENT input-refused', { type: 'EVENT', body: { kind: 'input-refused', lease: 3, from: 9 } }],
  ['EVENT idle-warning', { type: 'EVENT', body: { kind: 'idle-warning', remainingMs: 60_000 } }],
  ['EVENT idle-reset', { type: 'EVENT', body: { kind: 'idle-reset', idleDeadlineMs: 300_000 } }],
  ['EXIT Exited', { type: 'EXIT', body: { reason: 'Exited', exitCode: 130, outHead: 123_456 } }],
  ['EXIT Idle', { type: 'EXIT', body: { reason: 'Idle', outHead: 0 } }],
  ['EXIT Ended', { type: 'EXIT', body: { reason: 'Ended', outHead: 9 } }],
  ['GAP', { type: 'GAP', from: 10, to: 2 ** 33 }],
  ['ERROR', { type: 'ERROR', body: { code: 'too-many', message: 'Sixteen clients are attached already.' } }],
  ['PING', { type: 'PING', opaque: 0xffffffffffffffffn }],
  ['PONG', { type: 'PONG', opaque: 42n }],
  ['a stream that is not the first', { type: 'ACK', stream: 513, outOff: 1 }],
]

/** Spellings an encoder of ours does not write, and a decoder must read (F6). */
const LENIENT: [string, string, Record<string, unknown>][] = [
  ['unknown flag bits are ignored', '07fe0000', { type: 'DETACH', flags: 254, stream: 0 }],
  [
    'bytes behind the fixed fields are ignored',
    '0500000000500018ffff',
    { type: 'RESIZE', flags: 0, stream: 0, cols: 80, rows: 24 },
  ],
  ['an empty payload may grow', '0600000001', { type: 'KEEP_ALIVE', flags: 0, stream: 0 }],
  [
    'unknown JSON fields are ignored',
    jsonHex(0x48, '{"later":[1,{"x":null}],"code":"version","message":"no"}'),
    { type: 'ERROR', flags: 0, stream: 0, body: { code: 'version', message: 'no' } },
  ],
  [
    'JSON in another order and with blanks',
    jsonHex(0x02, ' { "rows" : 24 , "mode":"view",\n"cols":80 } '),
    { type: 'ATTACH', flags: 0, stream: 0, body: { cols: 80, rows: 24, mode: 'view' } },
  ],
  [
    'an event kind of a later version',
    jsonHex(0x45, '{"kind":"bell","x":1}'),
    { type: 'EVENT', flags: 0, stream: 0, body: { kind: 'unknown', name: 'bell' } },
  ],
]

const ATTACHED_JSON =
  '{"clientId":"c","lease":1,"epoch":"e","resume":"delta","from":0,"head":0,"inOff":0,"cols":80,"rows":24}'

const BAD: [string, string, ProtocolErrorKind][] = [
  ['nothing at all', '', 'truncated-header'],
  ['three bytes of a header', '010000', 'truncated-header'],
  ['type 0', '00000000', 'unknown-type'],
  ['a type between the directions', '08000000', 'unknown-type'],
  ['type 0xff', 'ff0000000000', 'unknown-type'],
  ['IN cut in its offset', '0300000000000001000000000000', 'short-payload'],
  ['ACK without its offset', '04000000', 'short-payload'],
  ['ACK cut by one byte', '0400000000000000000000', 'short-payload'],
  ['RESIZE without rows', '050000000050', 'short-payload'],
  ['OUT cut in its offset', '4300000000', 'short-payload'],
  ['GAP with one offset', '470000000000000000000001', 'short-payload'],
  ['PING of four bytes', '7e00000000000001', 'short-payload'],
  ['an ACK of 2^53', '040000000020000000000000', 'offset-too-large'],
  ['an IN at 2^64 - 1', '0300000000000001ffffffffffffffff61', 'offset-too-large'],
  ['an OUT at 2^53', '430000000020000000000000', 'offset-too-large'],
  ['a GAP to 2^63', '4700000000000000000000008000000000000000', 'offset-too-large'],
  ['one byte too many in IN', `030000000000000100000000${'00'.repeat(4 + LIMITS.IN_BYTES_MAX + 1)}`, 'bytes-too-large'],
  ['one byte too many in OUT', `4300000000000000${'00'.repeat(4 + LIMITS.OUT_BYTES_MAX + 1)}`, 'bytes-too-large'],
  [
    'one byte too many of JSON',
    jsonHex(0x48, padded('{"code":"x","message":""}', LIMITS.JSON_BYTES_MAX + 1)),
    'json-too-large',
  ],
  ['JSON that is empty', jsonHex(0x01, ''), 'bad-json'],
  ['JSON that is cut', jsonHex(0x01, '{"versions":[1,1]'), 'bad-json'],
  [
    'JSON with a byte that is not UTF-8',
    '48000000' + toHex(encoder.encode('{"code":"x","message":"')) + 'ff227d',
    'bad-json',
  ],
  ['JSON behind a byte order mark', jsonHex(0x48, '\ufeff{"code":"x","message":""}'), 'bad-json'],
  ['two JSON values', jsonHex(0x48, '{"code":"x","message":""}{}'), 'bad-json'],
  ['JSON null', jsonHex(0x45, 'null'), 'bad-json'],
  ['a JSON array', jsonHex(0x45, '[]'), 'bad-json'],
  ['HELLO without client', jsonHex(0x01, '{"versions":[1,1]}'), 'bad-json'],
  ['HELLO with one version', jsonHex(0x01, '{"versions":[1],"client":{"name":"a","version":"1"}}'), 'bad-json'],
  [
    'HELLO with versions upside down',
    jsonHex(0x01, '{"versions":[2,1],"client":{"name":"a","version":"1"}}'),
    'bad-json',
  ],
  ['HELLO with version 0', jsonHex(0x01, '{"versions":[0,1],"client":{"name":"a","version":"1"}}'), 'bad-json'],
  [
    'HELLO whose ticket is null',
    jsonHex(0x01, '{"versions":[1,1],"client":{"name":"a","version":"1"},"ticket":null}'),
    'bad-json',
  ],
  ['ATTACH without mode', jsonHex(0x02, '{"cols":80,"rows":24}'), 'bad-json'],
  ['ATTACH with an unknown mode', jsonHex(0x02, '{"cols":80,"rows":24,"mode":"own"}'), 'bad-json'],
  ['ATTACH with columns as text', jsonHex(0x02, '{"cols":"80","rows":24,"mode":"view"}'), 'bad-json'],
  ['ATTACH with half a row', jsonHex(0x02, '{"cols":80,"rows":24.5,"mode":"view"}'), 'bad-json'],
  ['ATTACH with a negative offset', jsonHex(0x02, '{"cols":80,"rows":24,"mode":"view","outOff":-1}'), 'bad-json'],
  [
    'ATTACH with an offset of 2^53',
    jsonHex(0x02, '{"cols":80,"rows":24,"mode":"view","outOff":9007199254740992}'),
    'bad-json',
  ],
  [
    'ATTACH with a client id of 65 characters',
    jsonHex(0x02, `{"cols":80,"rows":24,"mode":"view","clientId":"${'x'.repeat(65)}"}`),
    'bad-json',
  ],
  ['ATTACHED with an unknown resume', jsonHex(0x42, ATTACHED_JSON.replace('delta', 'keyframe')), 'bad-json'],
  ['ATTACHED without head', jsonHex(0x42, ATTACHED_JSON.replace('"head":0,', '')), 'bad-json'],
  ['EVENT without kind', jsonHex(0x45, '{"lease":1}'), 'bad-json'],
  ['EVENT of a known kind without its fields', jsonHex(0x45, '{"kind":"resized","off":1}'), 'bad-json'],
  ['EXIT with an unknown reason', jsonHex(0x46, '{"reason":"Bored","outHead":1}'), 'bad-json'],
  ['EXIT with code 256', jsonHex(0x46, '{"reason":"Exited","exitCode":256,"outHead":1}'), 'bad-json'],
  ['ERROR without message', jsonHex(0x48, '{"code":"x"}'), 'bad-json'],
]

export function frameVectors(): FrameVector[] {
  const written = FRAMES.map(([name, frame]) => ({ name, hex: toHex(encodeFrame(frame)), frame: plain(frame) }))
  return [...written, ...LENIENT.map(([name, hex, frame]) => ({ name, hex, frame }))]
}

export function badFrameVectors(): BadFrameVector[] {
  return BAD.map(([name, hex, error]) => ({ name, hex, error }))
}

/** A frame as JSON: header first, bytes as hex, u64 as decimal text. */
export function plain(frame: Frame): Record<string, unknown> {
  const { type, flags = 0, stream = 0, ...fields } = frame
  return {
    type,
    flags,
    stream,
    ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, simple(value)])),
  }
}

function simple(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return typeof value === 'bigint' ? value.toString() : value
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}

function hello(body: Extract<Frame, { type: 'HELLO' }>['body']): Frame {
  return { type: 'HELLO', body }
}

function jsonHex(type: number, text: string): string {
  return `${type.toString(16).padStart(2, '0')}000000${toHex(encoder.encode(text))}`
}

/** `json` with blanks up to `bytes`, which leaves its meaning alone. */
function padded(json: string, bytes: number): string {
  return json + ' '.repeat(bytes - json.length)
}
