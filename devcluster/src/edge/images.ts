// Builds images from Dockerfiles: those of a person, and the two that the cluster itself needs.
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { basesOf, fullName } from '../core/image-recipes.ts'
import { ownImageRecipes, type OwnImageRecipe, type OwnImages } from '../core/own-images.ts'
import type { Programs } from '../core/process-plan.ts'
import { ensureBase } from './base-images.ts'
import { sha256 } from './files.ts'
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

const TAG_HEX_DIGITS = 16

/** Names of the images made of these builds. */
export function nameOwnImages(programs: Programs): OwnImages {
  const name = ({ component, dockerfile }: OwnImageRecipe): string => {
    // The folder's own name carries the hash of the build.
    const tag = sha256(basename(programs[component] ?? '') + dockerfile).slice(0, TAG_HEX_DIGITS)
    return `pocketconsole.dev/devcluster/${component}:${tag}`
  }
  return { node: name(ownImageRecipes.node), dns: name(ownImageRecipes.dns) }
}

async function ensureOwnImage(
  store: ImageStore,
  reference: string,
  recipe: OwnImageRecipe,
  folder: string,
): Promise<void> {
  if ((await imageId(store, reference)) !== undefined) return
  await withScratchDir(store, async dir => {
    await Promise.all(recipe.files.map(file => copyFile(join(folder, file), join(dir, file))))
    await writeFile(join(dir, 'Dockerfile'), recipe.dockerfile)
    await step(`build ${reference}`, () => buildDockerfile(store, dir, join(dir, 'Dockerfile'), reference))
  })
}

/** Builds the images that the cluster itself needs, and returns their names. */
export async function ensureOwnImages(store: ImageStore, programs: Programs): Promise<OwnImages> {
  const images = nameOwnImages(programs)
  for (const kind of ['node', 'dns'] as const) {
    const recipe = ownImageRecipes[kind]
    await ensureOwnImage(store, images[kind], recipe, programs[recipe.component] ?? '')
  }
  return images
}
