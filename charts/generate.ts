// Puts the CRDs into the chart and rewrites the goldens.
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CASES, cases, render } from './render.ts'

const manifests = join(import.meta.dirname, 'pocket-console/manifests')
rmSync(manifests, { recursive: true, force: true })
cpSync(join(import.meta.dirname, '../crds/manifests'), manifests, { recursive: true })
for (const name of cases()) writeFileSync(join(CASES, `${name}.golden.yaml`), render(name))
