// Plays the metadata server and the internet for the nodes: answers every HTTP request with 200 and its own address.
// Usage: node outside-server.ts PORT
import { createServer } from 'node:http'

const HEADERS_TIMEOUT_MS = 5_000
const port = Number(process.argv[2])

const server = createServer(
  { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS },
  (request, answer) => {
    answer.end(`outside ${request.socket.localAddress ?? ''}\n`)
  },
)
server.listen(port, '0.0.0.0')
