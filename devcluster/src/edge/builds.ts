// Builds the pinned Go modules, each once for the same sources, compiler and flags.
import { mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { buildIdentity, builds, goBuildArguments, type Build } from '../core/builds.ts'
import type { Programs } from '../core/process-plan.ts'
import { exists, sha256 } from './files.ts'
import { step } from './progress.ts'
import { run } from './run.ts'

/** Two builds side by side keep both processors busy while one of them links or downloads. */
const PARALLEL_BUILDS = 2
const BUILD_TIMEOUT_MS = 60 * 60_000
const KEY_HEX_DIGITS = 16

interface KeyedBuild {
  readonly definition: Build
  readonly sourceDir: string
  readonly targetDir: string
}

async function hashFiles(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const hashes = await Promise.all(
    paths.map(async path => [relative(dir, path), sha256(await readFile(path))] as const),
  )
  return Object.fromEntries(hashes)
}

async function keyed(definition: Build, componentsDir: string, cacheDir: string): Promise<KeyedBuild> {
  const sourceDir = join(componentsDir, definition.component)
  const [goVersion = '', goos = '', goarch = ''] = (
    await run('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: sourceDir })
  ).split('\n')
  const inputs = { goVersion, platform: `${goos}/${goarch}`, fileHashes: await hashFiles(sourceDir) }
  const key = sha256(buildIdentity(definition, inputs)).slice(0, KEY_HEX_DIGITS)
  return { definition, sourceDir, targetDir: join(cacheDir, 'builds', `${definition.component}-${key}`) }
}

/** Builds into a folder beside the target and moves it there at the end, so that an interruption leaves no half build. */
async function compile(build: KeyedBuild): Promise<void> {
  const partial = `${build.targetDir}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  const environment = { CGO_ENABLED: build.definition.cgo ? '1' : '0', GOFLAGS: '-mod=readonly' }
  for (const output of build.definition.outputs) {
    const args = goBuildArguments(build.definition, output, join(partial, output.binary))
    await run('go', args, { cwd: build.sourceDir, environment, timeoutMs: BUILD_TIMEOUT_MS })
    for (const alias of output.aliases ?? []) await symlink(output.binary, join(partial, alias))
  }
  await rename(partial, build.targetDir)
}

/** Removes builds of the same component that no present source leads to. */
async function removeOthers(build: KeyedBuild, cacheDir: string): Promise<void> {
  const folder = join(cacheDir, 'builds')
  const pattern = new RegExp(`^${build.definition.component}-[0-9a-f]{${KEY_HEX_DIGITS}}$`)
  const names = (await readdir(folder)).filter(name => pattern.test(name) && join(folder, name) !== build.targetDir)
  await Promise.all(names.map(name => rm(join(folder, name), { recursive: true, force: true })))
}

async function runQueue<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

async function keyAll(componentsDir: string, cacheDir: string): Promise<KeyedBuild[]> {
  return Promise.all(builds.map(definition => keyed(definition, componentsDir, cacheDir)))
}

function foldersOf(all: readonly KeyedBuild[]): Programs {
  return Object.fromEntries(all.map(build => [build.definition.component, build.targetDir]))
}

/** The folder of each component's programs, whether they are built or not. */
export async function locateBuilds(componentsDir: string, cacheDir: string): Promise<Programs> {
  return foldersOf(await keyAll(componentsDir, cacheDir))
}

/**
 * Builds what is not in the cache.
 * @returns the folder of each component's programs
 */
export async function ensureBuilds(componentsDir: string, cacheDir: string): Promise<Programs> {
  const all = await keyAll(componentsDir, cacheDir)
  const built = await Promise.all(all.map(build => exists(build.targetDir)))
  const missing = all.filter((_, index) => !built[index])
  await runQueue(missing, PARALLEL_BUILDS, async build => {
    await step(`build ${build.definition.component}`, () => compile(build))
    await removeOthers(build, cacheDir)
  })
  return foldersOf(all)
}

const TOOLS: readonly (readonly [component: string, tool: string])[] = [
  ['kubernetes', 'kubectl'],
  ['helm', 'helm'],
  ['containerd', 'ctr'],
]

export function toolsDir(cacheDir: string): string {
  return join(cacheDir, 'bin')
}

/** Links the tools that people use into one folder. */
export async function linkTools(programs: Programs, cacheDir: string): Promise<void> {
  const folder = toolsDir(cacheDir)
  await mkdir(folder, { recursive: true })
  for (const [component, tool] of TOOLS) {
    const partial = join(folder, `.${tool}`)
    await rm(partial, { force: true })
    await symlink(join(programs[component] ?? '', tool), partial)
    await rename(partial, join(folder, tool))
  }
}
