// Credentials from the files that every pod with a ServiceAccount has. Read again when they change: tokens live an hour.
import { readFile, stat } from 'node:fs/promises'
import { TransportError } from '../core/transport-error.ts'
import type { ConnectionCredentials, CredentialSource } from './cluster.ts'

/** How often the files are looked at, at most. */
export const FILE_CHECK_INTERVAL_MS = 10_000

interface FileState {
  text: string
  stamp: string
}

/** @throws TransportError 'credentials' from both methods when a file cannot be read and none was read before */
export function fileCredentials(tokenFile: string, caFile: string, nowMs: () => number): CredentialSource {
  let held: { token: FileState; ca: FileState; checkedMs: number } | undefined

  async function load(mode: 'changed-only' | 'all'): Promise<ConnectionCredentials> {
    const known = mode === 'all' ? undefined : held
    if (known === undefined || nowMs() - known.checkedMs >= FILE_CHECK_INTERVAL_MS) {
      const [token, ca] = await Promise.all([readChanged(tokenFile, known?.token), readChanged(caFile, known?.ca)])
      held = { token, ca, checkedMs: nowMs() }
    }
    return credentialsOf(held as { token: FileState; ca: FileState })
  }

  return { current: () => load('changed-only'), refresh: () => load('all') }
}

function credentialsOf(files: { token: FileState; ca: FileState }): ConnectionCredentials {
  return {
    headers: { authorization: `Bearer ${files.token.text.trim()}` },
    ca: files.ca.text,
    rejectUnauthorized: true,
    tlsVersion: files.ca.text,
  }
}

async function readChanged(path: string, known: FileState | undefined): Promise<FileState> {
  try {
    const stamp = await fileStamp(path)
    if (known?.stamp === stamp) return known
    return { stamp, text: await readFile(path, 'utf8') }
  } catch (error) {
    // A projected volume is swapped as a whole, so a file is there or not at all: what we have is still the best we have.
    if (known !== undefined) return known
    const detail = error instanceof Error ? error.message : String(error)
    throw new TransportError(`cannot read the credentials file ${path}: ${detail}`, 'credentials', 'not-sent', error)
  }
}

/** Changes when the file's content may have. The inode too: a volume update swaps a link without touching times. */
export async function fileStamp(path: string): Promise<string> {
  const { mtimeMs, ino, size } = await stat(path)
  return `${String(mtimeMs)}/${String(ino)}/${String(size)}`
}
