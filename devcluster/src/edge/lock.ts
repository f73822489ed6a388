// One `up` or `down` of a cluster at a time.
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NOT_ROOT } from '../core/requirements.ts'
import type { ProcessIdentity } from '../core/process-identity.ts'
import { identify, lives, waitUntil } from './process-table.ts'

const WAIT_MS_MAX = 20 * 60_000

async function take(path: string, identity: ProcessIdentity): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(JSON.stringify(identity))
    await file.close()
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'EACCES') throw new Error(NOT_ROOT, { cause: error })
    throw error
  }
}

/** A lock whose owner has ended, or which was never filled in, is nobody's. */
async function isStale(path: string): Promise<boolean> {
  try {
    return !(await lives(JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity))
  } catch {
    return true
  }
}

/**
 * Runs `work` while nobody else who asks for the same lock runs.
 * @throws when another holds it for 20 minutes
 */
export async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  const identity = await identify(process.pid)
  if (identity === undefined) throw new Error('/proc does not show this process; is it mounted?')
  await mkdir(dirname(path), { recursive: true })
  const taken = await waitUntil(async () => {
    if (await take(path, identity)) return true
    if (await isStale(path)) await rm(path, { force: true })
    return false
  }, WAIT_MS_MAX)
  if (!taken) throw new Error(`Another up or down holds ${path} for 20 minutes; end it, or remove the file.`)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}
