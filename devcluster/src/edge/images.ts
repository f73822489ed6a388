// Builds images from Dockerfiles without a Docker engine, makes base images where no registry answers, and loads images
// into the nodes.
import { copyFile, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DNS_IMAGE } from '../core/addons.ts'
import {
  basesOf,
  debianDockerfile,
  debianRootScript,
  dnsImageDockerfile,
  fullName,
  localBases,
  nodeDockerfile,
  nodeImageDockerfile,
  slimDpkgConfig,
  type LocalBase,
} from '../core/image-recipes.ts'
import type { Layout, NodeLayout } from '../core/layout.ts'
import { NODE_IMAGE } from '../core/node-files.ts'
import type { Programs } from '../core/processes.ts'
import type { BaseImageSource } from '../core/settings.ts'
import { readIfPresent, sha256, writeWhole } from './files.ts'
import { step } from './progress.ts'
import { run, succeeds } from './run.ts'

const BUILD_TIMEOUT_MS = 20 * 60_000
const LOAD_TIMEOUT_MS = 5 * 60_000
/** How long a registry may take to hand out a base image before it is made here. */
const PULL_TIMEOUT_MS = 60_000
const NODE_MAJOR = '24'

export interface ImageStore {
  readonly layout: Layout
  readonly source: BaseImageSource
}

/** buildah keeps a mount under its storage; in a mount namespace of its own it ends with the command. */
async function buildah({ layout }: ImageStore, args: readonly string[], timeoutMs = BUILD_TIMEOUT_MS): Promise<string> {
  const storage = ['--root', join(layout.cacheDir, 'containers'), '--runroot', join(layout.runDir, 'buildah')]
  const environment = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'overlay' }
  return run('unshare', ['--mount', 'buildah', ...storage, ...args], { environment, timeoutMs })
}

/** The image's id, a hash of its content, or undefined when the store has no such image. */
async function imageId(store: ImageStore, reference: string): Promise<string | undefined> {
  const args = ['images', '--no-trunc', '--quiet', reference]
  return buildah(store, args).catch(() => undefined)
}

async function scratchDir(store: ImageStore): Promise<string> {
  const parent = join(store.layout.cacheDir, 'tmp')
  await mkdir(parent, { recursive: true })
  return mkdtemp(join(parent, 'image-'))
}

async function withScratchDir<T>(store: ImageStore, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await scratchDir(store)
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function bud(store: ImageStore, context: string, dockerfile: string, reference: string): Promise<void> {
  const args = ['bud', '--pull-never', '--layers', '--file', dockerfile, '--tag', reference, context]
  await buildah(store, args)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function debianRoot(store: ImageStore): Promise<string> {
  const recipe = sha256(debianRootScript + slimDpkgConfig).slice(0, 16)
  const archive = join(store.layout.cacheDir, 'images', `debian-${recipe}.tar`)
  if (await exists(archive)) return archive
  await mkdir(join(store.layout.cacheDir, 'images'), { recursive: true })
  await withScratchDir(store, async dir => {
    const partial = join(dir, 'rootfs.tar')
    const script = ['--mount', '/bin/sh', '-c', debianRootScript, 'debian', join(dir, 'root'), partial, slimDpkgConfig]
    await run('unshare', script, { timeoutMs: BUILD_TIMEOUT_MS })
    await rename(partial, archive)
  })
  return archive
}

async function makeDebian(store: ImageStore, reference: string): Promise<void> {
  const archive = await debianRoot(store)
  await withScratchDir(store, async dir => {
    await copyFile(archive, join(dir, 'rootfs.tar'))
    await writeFile(join(dir, 'Dockerfile'), debianDockerfile)
    await bud(store, dir, join(dir, 'Dockerfile'), reference)
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
    await bud(store, dir, join(dir, 'Dockerfile'), reference)
  })
}

const makers: Readonly<Record<LocalBase, (store: ImageStore, reference: string) => Promise<void>>> = {
  debian: makeDebian,
  node: makeNode,
}

/**
 * Makes sure that a base image is in the store.
 * @throws when it cannot be pulled and there is no recipe for it
 */
export async function ensureBase(store: ImageStore, reference: string): Promise<void> {
  if ((await imageId(store, reference)) !== undefined) return
  const local = localBases[reference]
  if (store.source === 'registry-first' || local === undefined) {
    const pulled = buildah(store, ['pull', '--quiet', reference], PULL_TIMEOUT_MS)
    const outcome = await step(`pull ${reference}`, () => pulled).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (outcome === undefined) return
    if (local === undefined) throw outcome
  }
  await step(`make ${reference}`, () => makers[local](store, reference))
}

/** Builds an image from a Dockerfile; base images are pulled or made first. */
export async function buildImage(
  store: ImageStore,
  context: string,
  reference: string,
  dockerfile = join(context, 'Dockerfile'),
): Promise<void> {
  const bases = basesOf(await readFile(dockerfile, 'utf8'))
  for (const base of bases) await ensureBase(store, base)
  await step(`build ${reference}`, () => bud(store, context, dockerfile, fullName(reference)))
}

const loaded = z.record(z.string(), z.string())

function loadedPath(node: NodeLayout): string {
  return join(node.stateDir, 'loaded-images.json')
}

async function ctr(node: NodeLayout, programs: Programs, args: readonly string[]): Promise<string> {
  const program = join(programs['containerd'] ?? '', 'ctr')
  const address = ['--address', node.containerdSocket, '--namespace', 'k8s.io']
  return run(program, [...address, ...args], { timeoutMs: LOAD_TIMEOUT_MS })
}

async function nodeHas(node: NodeLayout, programs: Programs, reference: string, id: string): Promise<boolean> {
  const text = await readIfPresent(loadedPath(node))
  const known = text === undefined ? {} : loaded.parse(JSON.parse(text))
  if (known[reference] !== id) return false
  return (await ctr(node, programs, ['images', 'list', '--quiet', `name==${reference}`])) === reference
}

async function rememberLoaded(node: NodeLayout, reference: string, id: string): Promise<void> {
  const text = await readIfPresent(loadedPath(node))
  const known = text === undefined ? {} : loaded.parse(JSON.parse(text))
  await writeWhole(loadedPath(node), JSON.stringify({ ...known, [reference]: id }))
}

/**
 * Loads an image from the store into every node that does not have it yet; a known base image is made when missing.
 * @returns the names of the nodes that got it now
 */
export async function loadImage(store: ImageStore, programs: Programs, image: string): Promise<string[]> {
  const reference = fullName(image)
  if (reference in localBases) await ensureBase(store, reference)
  const id = await imageId(store, reference)
  if (id === undefined) {
    throw new Error(`There is no image ${reference} in the store; build it with: build-image CONTEXT --tag ${image}`)
  }
  const has = await Promise.all(store.layout.nodes.map(node => nodeHas(node, programs, reference, id)))
  const lacking = store.layout.nodes.filter((_, index) => !has[index])
  if (lacking.length === 0) return []
  await withScratchDir(store, async dir => {
    const archive = join(dir, 'image.tar')
    await buildah(store, ['push', '--quiet', reference, `docker-archive:${archive}:${reference}`])
    for (const node of lacking) {
      await ctr(node, programs, ['images', 'import', archive])
      await rememberLoaded(node, reference, id)
    }
  })
  return lacking.map(node => node.name)
}

interface OwnImage {
  readonly reference: string
  readonly dockerfile: string
  readonly component: string
  readonly files: readonly string[]
}

const ownImages: readonly OwnImage[] = [
  {
    reference: NODE_IMAGE,
    dockerfile: nodeImageDockerfile,
    component: 'node-image',
    files: ['pause', 'volume'],
  },
  { reference: DNS_IMAGE, dockerfile: dnsImageDockerfile, component: 'coredns', files: ['coredns'] },
]

/** Builds the images that the cluster itself needs. A marker in the cache tells which build they were made of. */
export async function ensureOwnImages(store: ImageStore, programs: Programs): Promise<void> {
  for (const image of ownImages) {
    const marker = join(store.layout.cacheDir, 'images', `${image.component}.made-of`)
    const folder = programs[image.component] ?? ''
    const madeOf = sha256(folder + image.dockerfile)
    if ((await readIfPresent(marker)) === madeOf && (await imageId(store, image.reference)) !== undefined) continue
    await withScratchDir(store, async dir => {
      await Promise.all(image.files.map(file => copyFile(join(folder, file), join(dir, file))))
      await writeFile(join(dir, 'Dockerfile'), image.dockerfile)
      await step(`image ${image.reference}`, () => bud(store, dir, join(dir, 'Dockerfile'), image.reference))
    })
    await writeWhole(marker, madeOf)
  }
}

/** Loads the images that the cluster itself needs. */
export async function loadOwnImages(store: ImageStore, programs: Programs): Promise<void> {
  for (const image of ownImages) await loadImage(store, programs, image.reference)
}

/** Whether buildah can be started at all. */
export async function builderWorks(): Promise<boolean> {
  return succeeds('buildah', ['--version'])
}
