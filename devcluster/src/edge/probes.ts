// Asks a process whether it works.
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Layout } from '../core/layout.ts'
import type { ProcessIdentity } from '../core/process-identity.ts'
import type { Probe } from '../core/process-plan.ts'
import { lives, portsAround, queuesAround } from './process-table.ts'

const ANSWER_TIMEOUT_MS = 2_000

async function accepts(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    const finish = (answer: boolean): void => {
      connection.destroy()
      resolve(answer)
    }
    connection.setTimeout(ANSWER_TIMEOUT_MS, () => finish(false))
    connection.once('connect', () => finish(true))
    connection.once('error', () => finish(false))
  })
}

/** Whether the API server says that it is ready, asked as the administrator. */
async function apiReady(layout: Layout): Promise<boolean> {
  const read = (name: string): Promise<Buffer> => readFile(join(layout.pkiDir, name))
  const [ca, cert, key] = await Promise.all([read('ca.crt'), read('admin.crt'), read('admin.key')])
  return new Promise(resolve => {
    const asked = request(`${layout.apiServer}/readyz`, { ca, cert, key, timeout: ANSWER_TIMEOUT_MS }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

/** Whether exactly this process lives and does what its plan says it does. */
export async function works(layout: Layout, identity: ProcessIdentity, probe: Probe): Promise<boolean> {
  if (!(await lives(identity))) return false
  switch (probe.kind) {
    case 'lives':
      return true
    case 'listens':
      return (await portsAround(identity.pid)).has(probe.port)
    case 'reads-queue':
      return (await queuesAround(identity.pid)).has(probe.queue)
    case 'accepts':
      return accepts(probe.socket)
    case 'api-ready':
      return apiReady(layout)
  }
}
