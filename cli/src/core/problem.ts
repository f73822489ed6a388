// A refusal of the gateway as one readable sentence.
import { isRecord } from './session.ts'

/** A gateway's answer that is not a success. */
export interface Refusal {
  status: number
  /** The problem's code, or `http-<status>` when something between answered. */
  code: string
  /** What is wrong and what to do. */
  detail: string
}

/** Longest piece of somebody else's text in one of our sentences. */
const FOREIGN_TEXT_CHARS_MAX = 400

/** Reads problem+json; anything else is quoted shortly, since it comes from a proxy or a wrong address. */
export function readRefusal(status: number, body: string): Refusal {
  const problem = parseJson(body)
  if (isRecord(problem) && typeof problem['code'] === 'string') {
    const detail = [problem['detail'], problem['title']].find(isText) ?? 'No reason was given.'
    return { status, code: problem['code'], detail: printable(detail) }
  }
  const excerpt = printable(body).trim().slice(0, FOREIGN_TEXT_CHARS_MAX)
  const said = excerpt === '' ? 'without a reason' : `with: ${excerpt}`
  return { status, code: `http-${status}`, detail: `The gateway's address answered ${status} ${said}` }
}

/** What to do about a refusal, in words of this program; the gateway's own name none. */
const REMEDIES: Readonly<Record<string, string>> = {
  'no-such-session': 'cpc ls lists yours.',
  'session-cap': 'cpc ls lists yours; cpc rm NAME ends one.',
}

/** `detail (code).`, and what to do where there is a command for it. */
export function refusalSentence({ code, detail }: Refusal): string {
  const remedy = REMEDIES[code]
  return `${detail.replace(/\.+$/, '')} (${code}).${remedy === undefined ? '' : ` ${remedy}`}`
}

/** Whether the same request may succeed later without anybody doing anything. */
export function isPassing({ status }: Refusal): boolean {
  return status === 408 || status === 429 || status >= 500
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Text of others never steers the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, ' ')
}
