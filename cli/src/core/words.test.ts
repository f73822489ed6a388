// The small decisions: durations, options, addresses, sentences, replies, tokens.
import { describe, expect, it } from 'vitest'
import { absenceLine, noticeFor } from './attach-view.ts'
import { readFileSync } from 'node:fs'
import { decideCreate, DURATIONS } from './create-body.ts'
import { formatSeconds, parseDurationSeconds } from './duration.ts'
import { describeEnd } from './ending.ts'
import { parseGatewayUrl, resourceUrl, terminalUrl } from './gateway-url.ts'
import { isPassing, readRefusal, refusalSentence } from './problem.ts'
import { asSession, asSessionList, sessionPromise, sessionSentence } from './session.ts'
import { renderSession, renderSessions } from './session-text.ts'
import { isTerminalReply } from './terminal-reply.ts'
import { reusableUntilMs } from './token-life.ts'
import { addPiece, BACKLOG_BYTES_MAX, EMPTY_BACKLOG, takeFromFirst } from './typing-backlog.ts'

const SESSION = { id: 'demo', owner: 'dev', phase: 'Ready', createdAt: '2026-01-01T00:00:00Z' }

describe('durations', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['5m', 300],
    ['8h', 28_800],
    ['1d', 86_400],
    ['', undefined],
    ['5 m', undefined],
    ['-5', undefined],
    ['1.5h', undefined],
    ['9999999999', undefined],
  ])('[cli] %j is %j seconds', (text, seconds) => {
    expect(parseDurationSeconds(text)).toBe(seconds)
  })
  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [60, '1m'],
    [200, '3m20s'],
    [7_500, '2h5m'],
    [525_700, '6d2h'],
    [-3, '0s'],
  ])('[cli] %d seconds read %j', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text)
  })
})

describe('create', () => {
  it('[cli] leaves out what was not said', () => {
    expect(decideCreate(undefined, [], {})).toEqual({ kind: 'body', body: {} })
  })
  it('[cli] puts every option where the API has it', () => {
    const options = {
      image: 'i',
      cpu: '1',
      memory: '1Gi',
      pids: '50',
      tmp: '1Mi',
      idle: '5m',
      lifetime: '8h',
      ttl: '1h',
      runtimeClass: 'g',
    }
    expect(decideCreate('demo', ['bash', '-l'], options)).toEqual({
      kind: 'body',
      body: {
        name: 'demo',
        image: 'i',
        command: ['bash', '-l'],
        resources: { cpu: '1', memory: '1Gi', pids: 50, tmp: '1Mi' },
        idleTimeoutSeconds: 300,
        maxLifetimeSeconds: 28_800,
        ttlSecondsAfterFinished: 3_600,
        runtimeClassName: 'g',
      },
    })
  })
  it('[cli] knows the bounds and defaults of the API', () => {
    const manifest = new URL('../../../crds/manifests/pocketconsole.dev_terminalsessions.yaml', import.meta.url)
    const text = readFileSync(manifest, 'utf8')
    for (const { field, min, max, fallback } of Object.values(DURATIONS)) {
      const block = text.slice(text.indexOf(` ${field}:`)).slice(0, 600)
      const number = (key: string) => Number(new RegExp(`${key}: (\\d+)`).exec(block)?.[1])
      expect([field, number('minimum'), number('maximum'), number('default')]).toEqual([field, min, max, fallback])
    }
  })
  it('[cli] a refusal names the command that helps', () => {
    const sentence = (code: string) => refusalSentence({ status: 409, code, detail: 'No.' })
    expect(sentence('session-cap')).toBe('No (session-cap). cpc ls lists yours; cpc rm NAME ends one.')
  })
  it('[cli] names every option that is wrong', () => {
    const decision = decideCreate('demo', [], { idle: 'soon', pids: 'many' })
    expect(decision).toMatchObject({
      kind: 'wrong',
      message: expect.stringMatching(/--idle soon.*--pids many|--pids many.*--idle soon/) as string,
    })
  })
})

describe('addresses', () => {
  it('[cli] sockets and resources are below the base, with its prefix', () => {
    const parsed = parseGatewayUrl('https://host/pocket')
    if (parsed.kind !== 'url') throw new Error('expected an address')
    expect(resourceUrl(parsed.url, '/api/v1/sessions').href).toBe('https://host/pocket/api/v1/sessions')
    expect(terminalUrl(parsed.url, 'a b').href).toBe('wss://host/pocket/ws/terminal/a%20b')
  })
  it.each([undefined, '', 'host:80', 'ftp://host/'])('[cli] %j is refused with advice', text => {
    expect(parseGatewayUrl(text)).toMatchObject({
      kind: 'wrong',
      message: expect.stringContaining('CPC_GATEWAY_URL') as string,
    })
  })
})

describe('refusals', () => {
  it('[cli] problem+json is one sentence with its code', () => {
    const refusal = readRefusal(409, '{"code":"name-taken","title":"t","detail":"There is a session demo."}')
    expect(refusalSentence(refusal)).toBe('There is a session demo (name-taken).')
  })
  it('[cli] what is no problem is quoted shortly and cannot steer the terminal', () => {
    const { code, detail } = readRefusal(502, `<html>\x1b[2J${'x'.repeat(5_000)}`)
    expect([code, detail.includes('\x1b'), detail.length < 600]).toEqual(['http-502', false, true])
  })
  it('[cli] 408, 429 and 5xx pass; the rest does not', () => {
    const passing = [400, 401, 403, 404, 408, 409, 422, 429, 500, 503].filter(status =>
      isPassing(readRefusal(status, '')),
    )
    expect(passing).toEqual([408, 429, 500, 503])
  })
})

describe('sessions', () => {
  it('[cli] what is no session is told from one', () => {
    expect([asSession(SESSION), asSession({ id: 'x' }), asSession(null)]).toEqual([SESSION, undefined, undefined])
    expect(asSessionList({ items: [SESSION] })).toEqual([SESSION])
    expect(asSessionList({ items: [SESSION, 3] })).toBeUndefined()
    expect(asSessionList([])).toBeUndefined()
  })
  it('[cli] only Pending and Preparing are worth waiting for', () => {
    const promise = (phase: string) => sessionPromise({ ...SESSION, phase })
    expect(['Pending', 'Preparing', 'Ready', 'Ending', 'Ended', 'Failed'].map(promise)).toEqual([
      'coming',
      'coming',
      'ready',
      'over',
      'over',
      'over',
    ])
    expect(sessionSentence({ ...SESSION, phase: 'Failed', reason: 'PodLost', message: 'Gone.' })).toBe(
      'Session demo is Failed. PodLost: Gone.',
    )
  })
  it('[cli] ls is a table, get a list', () => {
    const nowMs = Date.parse('2026-01-01T00:03:20Z')
    const long = { ...SESSION, id: 'a-long-name', expiresAt: '2026-01-01T08:00:00Z', spec: { image: 'i\x1b[1m' } }
    expect(renderSessions([SESSION, long], nowMs).split('\n')).toEqual([
      'NAME         PHASE  REASON  AGE    EXPIRES  IMAGE',
      'demo         Ready  -       3m20s  -        -',
      'a-long-name  Ready  -       3m20s  7h56m    i [1m',
    ])
    const conditions = [{ type: 'Ready', status: 'False', message: 'No node\nhas room.' }]
    expect(renderSession({ ...SESSION, exitCode: 0, conditions }, nowMs)).toContain(
      'Ready      False: No node has room.',
    )
  })
})

describe('ends', () => {
  it('[attach] the code of the shell, else 0 for a detach and 1 with a sentence', () => {
    const exit = (reason: 'Exited' | 'Idle' | 'Ended', exitCode?: number) =>
      describeEnd(
        { kind: 'exit', exit: { reason, outHead: 0, ...(exitCode === undefined ? {} : { exitCode }) } },
        'demo',
      )
    expect(exit('Exited', 130)).toEqual({ exitCode: 130 })
    expect(exit('Idle')).toMatchObject({ exitCode: 1, sentence: expect.stringContaining('idle') as string })
    expect(exit('Ended')).toMatchObject({ exitCode: 1, sentence: expect.stringContaining('cpc get demo') as string })
    expect(describeEnd({ kind: 'detached' }, 'demo')).toMatchObject({ exitCode: 0 })
    expect(describeEnd({ kind: 'closed', code: 4404, reason: 'Gone' }, 'demo')).toEqual({
      exitCode: 1,
      sentence: 'Gone. (4404)',
    })
  })
})

describe('the status line', () => {
  it('[attach] a short drop is not mentioned; a long one tells the cause and the next try', () => {
    const waiting = { phase: 'waiting', retryAtMs: 14_000, cause: 'The gateway is restarting.' } as const
    expect(absenceLine(waiting, 500, 10_000)).toBeUndefined()
    expect(absenceLine(waiting, 5_000, 10_000)).toMatch(/restarting\. Next try in 4 s/)
    expect(absenceLine({ phase: 'attached', lease: 1 }, 5_000, 10_000)).toBeUndefined()
  })
  it('[attach] warnings stay, notices pass', () => {
    expect(noticeFor({ kind: 'event', event: { kind: 'idle-warning', remainingMs: 60_000 } })).toMatchObject({
      stays: true,
    })
    expect(noticeFor({ kind: 'event', event: { kind: 'idle-reset', idleDeadlineMs: 1 } })).toBe('clear')
    expect(noticeFor({ kind: 'gap', from: 3, to: 10 })).toEqual({
      text: '7 bytes of earlier output are gone',
      stays: false,
    })
    expect(noticeFor({ kind: 'latency', rttMs: 1 })).toBeUndefined()
  })
})

describe('[T1] terminal replies', () => {
  const ESC = '\x1b'
  it.each([
    `${ESC}[?62;22c`,
    `${ESC}[>0;276;0c`,
    `${ESC}[24;80R`,
    `${ESC}[?2026;2$y`,
    `${ESC}[0n`,
    `${ESC}[?1u`,
    `${ESC}[I`,
    `${ESC}]11;rgb:0000/0000/0000${ESC}\\`,
    `${ESC}]10;rgb:ff/ff/ff\x07`,
    `${ESC}P>|xterm(380)${ESC}\\`,
    `${ESC}]11;rgb:0/0/0${ESC}\\${ESC}[1;1R`,
  ])('[T1] %j is a reply', text => {
    expect(isTerminalReply(Buffer.from(text, 'latin1'))).toBe(true)
  })
  it.each([
    '',
    'a',
    ESC,
    `${ESC}[A`,
    `${ESC}[97;5u`,
    `${ESC}[1;5C`,
    `${ESC}[200~paste${ESC}[201~`,
    `${ESC}[?1cx`,
    `${ESC}\\`,
    `${ESC}]11;x`,
  ])('[T1] %j is typing', text => {
    expect(isTerminalReply(Buffer.from(text, 'latin1'))).toBe(false)
  })
})

describe('tokens', () => {
  it('[cli] a token is used until 30 s before it expires; without exp, once', () => {
    const token = (claims: unknown) => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`
    expect(reusableUntilMs(token({ exp: 1_000, x: '??>>' }))).toBe(970_000)
    expect([token({}), 'nonsense', 'a.b.c', ''].map(reusableUntilMs)).toEqual([0, 0, 0, 0])
  })
})

describe('a large paste', () => {
  it('[attach] is kept up to a bound and taken piece by piece', () => {
    const piece = { bytes: new Uint8Array(10), origin: 'person' } as const
    const two = addPiece(addPiece(EMPTY_BACKLOG, piece) ?? EMPTY_BACKLOG, piece) ?? EMPTY_BACKLOG
    const rest = takeFromFirst(two, 4)
    expect([rest.bytes, rest.pieces.map(({ bytes }) => bytes.length)]).toEqual([16, [6, 10]])
    expect(takeFromFirst(rest, 6).pieces).toHaveLength(1)
    expect(addPiece(two, { bytes: new Uint8Array(BACKLOG_BYTES_MAX), origin: 'person' })).toBeUndefined()
  })
})
