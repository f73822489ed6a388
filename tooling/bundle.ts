// Bundles a service into one file, dist/main.js, the way its image wants it.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Some libraries are CommonJS and call `require` at run time; a module has to be given one. */
const REQUIRE_BANNER =
  "import { createRequire as cpcCreateRequire } from 'node:module'; const require = cpcCreateRequire(import.meta.url);"

/** @param serviceDir folder of the service, with src/main.ts */
export async function bundleService(serviceDir: string): Promise<void> {
  const outdir = join(serviceDir, 'dist')
  await rm(outdir, { recursive: true, force: true })
  await build({
    absWorkingDir: serviceDir,
    entryPoints: ['src/main.ts'],
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // In a cluster the four values of the pod are enough; the kubeconfig loader stays out of the image.
    external: ['@kubernetes/client-node'],
    banner: { js: REQUIRE_BANNER },
    legalComments: 'none',
    logLevel: 'warning',
  })
}
