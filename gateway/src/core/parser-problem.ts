// What Node's HTTP parser refuses, in words a person can act on (G2, G10).
import { HTTP_LIMITS } from './limits/http.ts'
import type { ProblemCode } from './problem.ts'

interface ParserProblem {
  code: ProblemCode
  detail: string
}

const badRequest = (detail: string): ParserProblem => ({ code: 'bad-request', detail })

const LENGTHS = badRequest('Content-Length and Transfer-Encoding of the request are wrong or contradict each other.')
const HEADERS = badRequest('A header of the request has characters that are not allowed there.')

/** By the code of the parser's error. */
const PROBLEMS_OF_PARSER: Readonly<Record<string, ParserProblem>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers-too-large',
    detail: `The headers are longer than ${HTTP_LIMITS.HEADER_BYTES_MAX} bytes.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'The request took too long to arrive.' },
  HPE_INVALID_METHOD: badRequest(
    'The request does not begin with a known HTTP method. Does the client speak TLS to a port without it?',
  ),
  HPE_INVALID_URL: badRequest('The path of the request has characters that are not allowed there.'),
  HPE_INVALID_CONSTANT: badRequest('The request line does not end in an HTTP version.'),
  HPE_INVALID_VERSION: badRequest('This version of HTTP is not spoken here; HTTP/1.1 is.'),
  HPE_INVALID_HEADER_TOKEN: HEADERS,
  HPE_INVALID_CONTENT_LENGTH: LENGTHS,
  HPE_UNEXPECTED_CONTENT_LENGTH: LENGTHS,
  HPE_INVALID_TRANSFER_ENCODING: LENGTHS,
  HPE_INVALID_CHUNK_SIZE: badRequest('A chunk of the body does not begin with its size.'),
}

/** @param parserCode `code` of the error Node reports */
export function parserProblem(parserCode: string | undefined): ParserProblem {
  const known = parserCode !== undefined && Object.hasOwn(PROBLEMS_OF_PARSER, parserCode)
  const problem = known ? PROBLEMS_OF_PARSER[parserCode] : undefined
  return problem ?? badRequest('The request could not be read as HTTP/1.1.')
}
