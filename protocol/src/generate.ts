// Writes vectors/*.json from the code, so that the Go side tests against the same facts: `pnpm generate`.
import { mkdir, writeFile } from 'node:fs/promises'
import { LIMITS } from './limits.ts'
import { badFrameVectors, frameVectors } from './vectors.ts'

const folder = new URL('../vectors/', import.meta.url)

/** A list with one case per line reads well in a diff. */
function lines(cases: unknown[]): string {
  return `[\n${cases.map(one => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`
}

await mkdir(folder, { recursive: true })
await writeFile(new URL('frames.json', folder), lines(frameVectors()))
await writeFile(new URL('bad-frames.json', folder), lines(badFrameVectors()))
await writeFile(new URL('limits.json', folder), `${JSON.stringify(LIMITS, null, 2)}\n`)
