// Loads images from the store into the nodes.
import { join } from 'node:path'
import { z } from 'zod'
import { fullName, localBases } from '../core/image-recipes.ts'
import type { NodeLayout } from '../core/layout.ts'
import type { Programs } from '../core/process-plan.ts'
import { ensureBase } from './base-images.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { buildah, imageId, withScratchDir, type ImageStore } from './image-store.ts'
import { run } from './run.ts'

const LOAD_TIMEOUT_MS = 5 * 60_000

/** Image ids by reference. */
const loaded = z.record(z.string(), z.string())

function loadedPath(node: NodeLayout): string {
  return join(node.stateDir, 'loaded-images.json')
}

async function ctr(node: NodeLayout, programs: Programs, args: readonly string[]): Promise<string> {
  const program = join(programs['containerd'] ?? '', 'ctr')
  const address = ['--address', node.containerdSocket, '--namespace', 'k8s.io']
  return run(program, [...address, ...args], { timeoutMs: LOAD_TIMEOUT_MS })
}

async function loadedInto(node: NodeLayout): Promise<Record<string, string>> {
  const text = await readIfPresent(loadedPath(node))
  return text === undefined ? {} : loaded.parse(JSON.parse(text))
}

/** The record may be older than the node's store, so the node is asked as well. */
async function nodeHas(node: NodeLayout, programs: Programs, reference: string, id: string): Promise<boolean> {
  if ((await loadedInto(node))[reference] !== id) return false
  return (await ctr(node, programs, ['images', 'list', '--quiet', `name==${reference}`])) === reference
}

async function rememberLoaded(node: NodeLayout, reference: string, id: string): Promise<void> {
  await writeWhole(loadedPath(node), JSON.stringify({ ...(await loadedInto(node)), [reference]: id }))
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
