// Reads a request's JSON body within its bound, and answers at once when it is over it: body-parser would read to the end first (G10).
import type { IncomingMessage } from 'node:http'
import { HTTP_LIMITS } from '../../core/limits/http.ts'
import { Problem } from '../../core/problem.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The parsed body; undefined when there is none. @throws Problem for one that is too long, of another type, or not JSON */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const { headers } = request
  const announcedBytes = Number(headers['content-length'] ?? 0)
  if (headers['transfer-encoding'] === undefined && announcedBytes === 0) return undefined
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i.test(headers['content-type'] ?? '')) {
    throw new Problem('unsupported-media-type', 'Send the body as application/json in UTF-8.')
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Problem('unsupported-media-type', 'Send the body as it is, not compressed.')
  }
  if (announcedBytes > HTTP_LIMITS.BODY_BYTES_MAX) throw tooLarge()
  return parse(await readAll(request))
}

function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      // What still comes is read and dropped until the answer is out and the connection closes.
      if (bytes > HTTP_LIMITS.BODY_BYTES_MAX) reject(tooLarge())
      else chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', reject)
    request.once('close', () => reject(new Problem('bad-request', 'The body was cut off.')))
  })
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(decoder.decode(body)) as unknown
  } catch {
    throw new Problem('bad-json', 'The body is not JSON in UTF-8.')
  }
}

function tooLarge(): Problem {
  return new Problem('body-too-large', `The body is longer than ${HTTP_LIMITS.BODY_BYTES_MAX} bytes.`)
}
