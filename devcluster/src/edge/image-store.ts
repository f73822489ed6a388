// The local store of images, and buildah, which fills it without a Docker engine.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layout } from '../core/layout.ts'
import type { BaseImageSource } from '../core/settings.ts'
import { run } from './run.ts'

const BUILD_TIMEOUT_MS = 20 * 60_000

export interface ImageStore {
  readonly layout: Layout
  readonly source: BaseImageSource
}

/**
 * Runs buildah on the store. It keeps a mount under its storage; in a mount namespace of its own that ends with it.
 * @returns its standard output
 */
export async function buildah(
  { layout }: ImageStore,
  args: readonly string[],
  timeoutMs = BUILD_TIMEOUT_MS,
): Promise<string> {
  const storage = ['--root', join(layout.cacheDir, 'containers'), '--runroot', join(layout.runDir, 'buildah')]
  const environment = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'overlay' }
  return run('unshare', ['--mount', 'buildah', ...storage, ...args], { environment, timeoutMs })
}

/** The image's id, a hash of its content, or undefined when the store has no such image. */
export async function imageId(store: ImageStore, reference: string): Promise<string | undefined> {
  const args = ['images', '--no-trunc', '--quiet', reference]
  return buildah(store, args).catch(() => undefined)
}

/** Builds a Dockerfile whose base images are in the store; layers that did not change are taken from the last time. */
export async function buildDockerfile(
  store: ImageStore,
  context: string,
  dockerfile: string,
  reference: string,
): Promise<void> {
  const args = ['bud', '--pull-never', '--layers', '--file', dockerfile, '--tag', reference, context]
  await buildah(store, args)
}

/** Gives `work` an empty folder on the cache's disk and removes it afterwards. */
export async function withScratchDir<T>(store: ImageStore, work: (dir: string) => Promise<T>): Promise<T> {
  const parent = join(store.layout.cacheDir, 'tmp')
  await mkdir(parent, { recursive: true })
  const dir = await mkdtemp(join(parent, 'image-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
