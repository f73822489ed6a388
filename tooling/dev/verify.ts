// `make verify`: regenerates every generated file and fails when that changes anything; `--write` keeps the change.
import { createHash } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './paths.ts'
import { main, step } from './steps.ts'

/** Each generator with the files it owns. One source for each fact, one generator for each file. */
const generators = [
  {
    command: ['crds/src/generate.ts'],
    owns: ['crds/manifests/**', 'crds/schemas/**', 'crds/src/generated/**', 'docs/reference/**'],
  },
  { command: ['protocol/src/generate.ts'], owns: ['protocol/vectors/**'] },
  { command: ['charts/generate.ts'], owns: ['charts/pocket-console/**'] },
] as const

async function fingerprint(patterns: readonly string[]): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for await (const entry of glob([...patterns], { cwd: ROOT, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(
      path.slice(ROOT.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    )
  }
  return files
}

function changed(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(path => before.get(path) !== after.get(path)).sort()
}

await main(async () => {
  const write = process.argv.includes('--write')
  const stale: string[] = []
  for (const { command, owns } of generators) {
    const before = await fingerprint(owns)
    await step(`Generate: ${command[0]}`, run => run('node', command))
    stale.push(...changed(before, await fingerprint(owns)))
  }
  if (stale.length > 0 && !write) {
    throw new Error(`Generated files were not up to date (they are now; commit them):\n  ${stale.join('\n  ')}`)
  }
})
