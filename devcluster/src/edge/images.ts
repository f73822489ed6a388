// Builds images from Dockerfiles: those of a person, and the two that the cluster itself needs.
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DNS_IMAGE } from '../core/addons.ts'
import { basesOf, dnsImageDockerfile, fullName, nodeImageDockerfile } from '../core/image-recipes.ts'
import { NODE_IMAGE } from '../core/node-files.ts'
import type { Programs } from '../core/process-plan.ts'
import { ensureBase } from './base-images.ts'
import { readIfPresent, sha256, writeWhole } from './files.ts'
import { loadImage } from './image-loading.ts'
import { buildDockerfile, imageId, withScratchDir, type ImageStore } from './image-store.ts'
import { step } from './progress.ts'

/**
 * Builds an image from a Dockerfile; base images are pulled or made first.
 * @param context folder that COPY reads from
 * @param dockerfile `Dockerfile` in the context by default
 */
export async function buildImage(
  store: ImageStore,
  context: string,
  reference: string,
  dockerfile = join(context, 'Dockerfile'),
): Promise<void> {
  const bases = basesOf(await readFile(dockerfile, 'utf8'))
  for (const base of bases) await ensureBase(store, base)
  await step(`build ${reference}`, () => buildDockerfile(store, context, dockerfile, fullName(reference)))
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
      await step(`image ${image.reference}`, () =>
        buildDockerfile(store, dir, join(dir, 'Dockerfile'), image.reference),
      )
    })
    await writeWhole(marker, madeOf)
  }
}

/** Loads the images that the cluster itself needs. */
export async function loadOwnImages(store: ImageStore, programs: Programs): Promise<void> {
  for (const image of ownImages) await loadImage(store, programs, image.reference)
}
