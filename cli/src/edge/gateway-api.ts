// The gateway's REST API. Refusals become Failures with the gateway's own sentence and code.
import { randomUUID } from 'node:crypto'
import { EXIT } from '../core/exit-codes.ts'
import { Failure } from '../core/failure.ts'
import { parseGatewayUrl, resourceUrl } from '../core/gateway-url.ts'
import type { Refusal } from '../core/problem.ts'
import { readRefusal, refusalSentence } from '../core/problem.ts'
import type { Session } from '../core/session.ts'
import { asSession, asSessionList, isRecord } from '../core/session.ts'
import type { TokenSource } from './token-source.ts'

/** A request that takes longer is given up. */
const REQUEST_TIMEOUT_MS = 30_000
/** Longest answer that is read: a few thousand sessions. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024

export type Answer = { kind: 'ok'; body: unknown } | { kind: 'refused'; refusal: Refusal }

export interface RequestOptions {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export class GatewayApi {
  readonly base: URL
  private readonly token: TokenSource

  /** Throws a Failure when `url` is missing or wrong. */
  constructor(url: string | undefined, token: TokenSource) {
    const parsed = parseGatewayUrl(url)
    if (parsed.kind === 'wrong') throw new Failure(parsed.message)
    this.base = parsed.url
    this.token = token
  }

  async createSession(body: unknown): Promise<Session> {
    // Should the answer get lost, the same key makes no second session.
    const headers = { 'Idempotency-Key': randomUUID() }
    return expectSession(await this.expectOk('POST', 'api/v1/sessions', { body, headers }))
  }

  async listSessions(): Promise<Session[]> {
    return asSessionList(await this.expectOk('GET', 'api/v1/sessions')) ?? strangeAnswer()
  }

  async getSession(name: string): Promise<Session> {
    return expectSession(await this.expectOk('GET', sessionPath(name)))
  }

  async deleteSession(name: string): Promise<void> {
    await this.expectOk('DELETE', sessionPath(name))
  }

  async whoami(): Promise<Record<string, unknown>> {
    const body = await this.expectOk('GET', 'api/v1/whoami')
    return isRecord(body) ? body : strangeAnswer()
  }

  /** A ticket for one socket of a program; refusals are the caller's to judge. */
  async requestTicket(name: string, signal: AbortSignal): Promise<Answer> {
    return await this.request('POST', `${sessionPath(name)}/ticket`, { body: { client: 'native' }, signal })
  }

  /** Throws a Failure when the gateway cannot be reached or answers nonsense. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, headers, signal } = options
    const token = await this.token()
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const url = resourceUrl(this.base, path)
    try {
      const response = await fetch(url, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          Accept: 'application/json, application/problem+json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      })
      return read(response.status, await boundedText(response))
    } catch (error) {
      if (error instanceof Failure) throw error
      throw new Failure(`The gateway at ${url.origin} cannot be reached: ${causeOf(error).replace(/[.\s]*$/, '')}.`)
    }
  }

  private async expectOk(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const answer = await this.request(method, path, options)
    if (answer.kind === 'ok') return answer.body
    throw new Failure(refusalSentence(answer.refusal), EXIT.error, answer.refusal.code)
  }
}

function sessionPath(name: string): string {
  return `api/v1/sessions/${encodeURIComponent(name)}`
}

function read(status: number, text: string): Answer {
  if (status < 200 || status > 299) return { kind: 'refused', refusal: readRefusal(status, text) }
  if (text === '') return { kind: 'ok', body: undefined }
  try {
    return { kind: 'ok', body: JSON.parse(text) as unknown }
  } catch {
    return strangeAnswer()
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Failure(`The gateway's answer is longer than ${ANSWER_BYTES_MAX} bytes.`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function expectSession(body: unknown): Session {
  return asSession(body) ?? strangeAnswer()
}

function strangeAnswer(): never {
  throw new Failure('What answered is no gateway of Pocket Console. Check CPC_GATEWAY_URL.')
}

/** fetch hides the reason in `cause`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return 'it does not speak https, so its address probably begins with http://'
  if (cause.name === 'TimeoutError') return `no answer within ${REQUEST_TIMEOUT_MS / 1_000} s`
  return cause.message === '' ? (code ?? cause.name) : cause.message
}
