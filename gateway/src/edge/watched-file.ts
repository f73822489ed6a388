// A small file that may change under us (a mounted Secret): read again when its identity changes, at most every few seconds (G22).
import { readFile, stat } from 'node:fs/promises'
import type { Logger } from '@cpc/kube'
import { AUTH_LIMITS } from '../core/limits/auth.ts'

export interface WatchedFileOptions<T> {
  path: string
  /** Turns the content into its value. Throws with a sentence when it is not right. */
  parse: (content: Buffer) => T | Promise<T>
  logger: Logger
  /** Called when a changed file could not be used; the last good value stays. */
  onError: () => void
  nowMs: () => number
}

export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>
  #value: T
  #identity: string
  #checkedMs: number
  #checking: Promise<void> | undefined

  private constructor(options: WatchedFileOptions<T>, value: T, identity: string) {
    this.#options = options
    this.#value = value
    this.#identity = identity
    this.#checkedMs = options.nowMs()
  }

  /** @throws Error naming the file, when it cannot be read or used: a gateway does not start half blind. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    try {
      const identity = await identityOf(options.path)
      return new WatchedFile(options, await read(options), identity)
    } catch (error) {
      throw new Error(`${options.path}: ${messageOf(error)}`, { cause: error })
    }
  }

  /** The value of the file as it is now, or was KEY_RECHECK_MS ago at most. Never rejects. */
  async current(): Promise<T> {
    const { nowMs } = this.#options
    if (!this.#checking && nowMs() - this.#checkedMs >= AUTH_LIMITS.KEY_RECHECK_MS) {
      this.#checkedMs = nowMs()
      this.#checking = this.#recheck().finally(() => (this.#checking = undefined))
    }
    await this.#checking
    return this.#value
  }

  async #recheck(): Promise<void> {
    const { path, logger, onError } = this.#options
    try {
      const identity = await identityOf(path)
      if (identity === this.#identity) return
      this.#value = await read(this.#options)
      this.#identity = identity
      logger.info({ path }, 'key file changed and was read again')
    } catch (error) {
      onError()
      logger.error({ path, problem: messageOf(error) }, 'key file cannot be used; the keys read before stay in use')
    }
  }
}

/** Changes whenever the file is replaced or written. Secret volumes swap a symlink, so the inode changes. */
async function identityOf(path: string): Promise<string> {
  const { ino, mtimeMs, ctimeMs, size } = await stat(path)
  return [ino, mtimeMs, ctimeMs, size].join(':')
}

async function read<T>({ path, parse }: WatchedFileOptions<T>): Promise<T> {
  const { size } = await stat(path)
  if (size > AUTH_LIMITS.KEY_FILE_BYTES_MAX) {
    throw new Error(`has ${size} bytes; ${AUTH_LIMITS.KEY_FILE_BYTES_MAX} are allowed`)
  }
  return parse(await readFile(path))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
