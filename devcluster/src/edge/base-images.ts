// Base images under their usual names: pulled where a registry answers, else made here.
import { copyFile, mkdir, realpath, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  debianDockerfile,
  debianRootScript,
  fullName,
  localBases,
  nodeDockerfile,
  slimDpkgConfig,
  type LocalBase,
} from '../core/image-recipes.ts'
import { exists, sha256, writeWhole } from './files.ts'
import { buildah, buildDockerfile, imageId, withScratchDir, type ImageStore } from './image-store.ts'
import { step } from './progress.ts'
import { run } from './run.ts'

const MAKE_TIMEOUT_MS = 20 * 60_000
/** How long a registry may take to hand out a base image before it is made here. */
const PULL_TIMEOUT_MS = 60_000
const NODE_MAJOR = '24'
const RECIPE_HEX_DIGITS = 16

/** The root file system as an archive, kept in the cache by recipe: fetching the packages takes a minute. */
async function debianRoot(store: ImageStore): Promise<string> {
  const recipe = sha256(debianRootScript + slimDpkgConfig).slice(0, RECIPE_HEX_DIGITS)
  const archive = join(store.layout.cacheDir, 'images', `debian-${recipe}.tar`)
  if (await exists(archive)) return archive
  await mkdir(join(store.layout.cacheDir, 'images'), { recursive: true })
  await withScratchDir(store, async dir => {
    const partial = join(dir, 'rootfs.tar')
    const script = ['--mount', '/bin/sh', '-c', debianRootScript, 'debian', join(dir, 'root'), partial, slimDpkgConfig]
    await run('unshare', script, { timeoutMs: MAKE_TIMEOUT_MS })
    await rename(partial, archive)
  })
  return archive
}

async function makeDebian(store: ImageStore, reference: string): Promise<void> {
  const archive = await debianRoot(store)
  await withScratchDir(store, async dir => {
    await copyFile(archive, join(dir, 'rootfs.tar'))
    await writeFile(join(dir, 'Dockerfile'), debianDockerfile)
    await buildDockerfile(store, dir, join(dir, 'Dockerfile'), reference)
  })
}

/** The program that runs this very file is Node.js as npm's package `node` brings it. */
async function makeNode(store: ImageStore, reference: string): Promise<void> {
  if (!process.versions.node.startsWith(`${NODE_MAJOR}.`)) {
    throw new Error(`This is Node.js ${process.versions.node}; the image needs ${NODE_MAJOR}. Start it through make.`)
  }
  await ensureBase(store, fullName('debian:bookworm-slim'))
  await withScratchDir(store, async dir => {
    await copyFile(await realpath(process.execPath), join(dir, 'node'))
    await writeFile(join(dir, 'Dockerfile'), nodeDockerfile)
    await buildDockerfile(store, dir, join(dir, 'Dockerfile'), reference)
  })
}

const makers: Readonly<Record<LocalBase, (store: ImageStore, reference: string) => Promise<void>>> = {
  debian: makeDebian,
  node: makeNode,
}

async function pull(store: ImageStore, reference: string): Promise<void> {
  await step(`pull ${reference}`, () => buildah(store, ['pull', '--quiet', reference], PULL_TIMEOUT_MS))
}

/** One silent registry is enough: until the next `down` or reboot, no other base image waits for it. */
async function pulled(store: ImageStore, reference: string): Promise<boolean> {
  const silent = join(store.layout.runDir, 'no-image-registry')
  if (store.source === 'made-here' || (await exists(silent))) return false
  try {
    await pull(store, reference)
    return true
  } catch {
    await writeWhole(silent, '')
    return false
  }
}

/**
 * Makes sure that a base image is in the store.
 * @throws when it cannot be pulled and there is no recipe for it
 */
export async function ensureBase(store: ImageStore, reference: string): Promise<void> {
  if ((await imageId(store, reference)) !== undefined) return
  const local = localBases[reference]
  if (local === undefined) {
    await pull(store, reference)
    return
  }
  if (await pulled(store, reference)) return
  await step(`make ${reference}`, () => makers[local](store, reference))
}

/** Gets every base image that Dockerfiles here use. A failure shows again, with its reason, where the image is needed. */
export async function prefetchBases(store: ImageStore): Promise<void> {
  for (const reference of Object.keys(localBases)) await ensureBase(store, reference).catch(() => undefined)
}
