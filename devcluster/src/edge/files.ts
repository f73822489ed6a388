// Small file habits in one place: read what may be missing, write so that a reader never sees half a file.
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const PRIVATE_FILE_MODE = 0o600

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The file's text, or undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a file readable by its owner only, whole or not at all; leaves it alone when it says the same already. */
export async function writeWhole(path: string, text: string): Promise<void> {
  if ((await readIfPresent(path)) === text) return
  await mkdir(dirname(path), { recursive: true })
  const partial = `${path}.partial`
  await writeFile(partial, text, { mode: PRIVATE_FILE_MODE })
  await chmod(partial, PRIVATE_FILE_MODE)
  await rename(partial, path)
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
