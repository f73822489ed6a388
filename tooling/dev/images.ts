// What is built into images, and when it has to be built again: an image's tag is a hash of everything that goes into it.
import { createHash } from 'node:crypto'
import { readdir, readFile, readlink, writeFile, mkdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import type { Cluster, Image } from './cluster.ts'
import { ROOT } from './paths.ts'
import type { Run } from './steps.ts'

const SERVICE_DOCKERFILE = join(ROOT, 'tooling/service.Dockerfile')
const TAG_HEX_DIGITS = 12

interface Source {
  readonly name: 'operator' | 'gateway' | 'sandbox'
  readonly contextDir: string
  readonly dockerfile: string
}

const sources: readonly Source[] = [
  { name: 'sandbox', contextDir: join(ROOT, 'sandbox-image'), dockerfile: join(ROOT, 'sandbox-image/Dockerfile') },
  { name: 'operator', contextDir: join(ROOT, 'operator/dist'), dockerfile: SERVICE_DOCKERFILE },
  { name: 'gateway', contextDir: join(ROOT, 'gateway/dist'), dockerfile: SERVICE_DOCKERFILE },
]

export type ImageRefs = Record<Source['name'], string>

/** Compiles what the images contain: one bundle for each service, one static binary for the sandbox. */
export async function compile(run: Run, version: string): Promise<void> {
  await run('pnpm', ['--recursive', '--workspace-concurrency=2', 'run', 'build'])
  const flags = [
    'build',
    '-trimpath',
    '-ldflags',
    `-s -w -X main.version=${version}`,
    '-o',
    '../dist/holder',
    './cmd/holder',
  ]
  await run('go', flags, { cwd: join(ROOT, 'sandbox-image/holder'), env: { CGO_ENABLED: '0' } })
}

async function contextFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return (
    entries
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => join(entry.parentPath, entry.name))
      // The holder's source does not enter the image; its binary in dist/ does.
      .filter(path => !relative(dir, path).startsWith('holder/'))
      .sort()
  )
}

async function contentTag(source: Source): Promise<string> {
  const hash = createHash('sha256')
  for (const path of [source.dockerfile, ...(await contextFiles(source.contextDir))]) {
    hash.update(`${relative(ROOT, path)}\0`)
    hash.update(await readFile(path).catch(() => readlink(path)))
  }
  return hash.digest('hex').slice(0, TAG_HEX_DIGITS)
}

const provided = z.object({ cluster: z.string(), refs: z.array(z.string()) })

async function readProvided(path: string, clusterUid: string): Promise<Set<string>> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const record = text === undefined ? undefined : provided.safeParse(JSON.parse(text)).data
  return new Set(record?.cluster === clusterUid ? record.refs : [])
}

export interface ProvideImages {
  readonly cluster: Cluster
  /** Tells one life of a cluster from the next, so that a new one gets its images again. */
  readonly clusterUid: string
  readonly registry: string
  readonly recordPath: string
}

/** Builds the images whose content changed since this cluster got them, and returns all names. */
export async function provideImages(run: Run, options: ProvideImages): Promise<{ refs: ImageRefs; built: string[] }> {
  const { cluster, clusterUid, registry, recordPath } = options
  const known = await readProvided(recordPath, clusterUid)
  const refs: Partial<ImageRefs> = {}
  const built: string[] = []
  for (const source of sources) {
    const ref = `${registry}/${source.name}:${await contentTag(source)}`
    refs[source.name] = ref
    if (known.has(ref)) continue
    const image: Image = { ref, contextDir: source.contextDir, dockerfile: source.dockerfile }
    await cluster.provide(run, image)
    built.push(source.name)
    known.add(ref)
    await mkdir(dirname(recordPath), { recursive: true })
    await writeFile(recordPath, JSON.stringify({ cluster: clusterUid, refs: [...known] }))
  }
  return { refs: refs as ImageRefs, built }
}
