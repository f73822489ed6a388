// Renders a case of the chart with helm, with what is made at random masked, so that it can be compared.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const CHART = join(import.meta.dirname, 'pocket-console')
export const CASES = join(CHART, 'tests/cases')

/** Names of the cases: each is a file of values beside its golden. */
export function cases(): string[] {
  return readdirSync(CASES)
    .filter(file => file.endsWith('.values.yaml'))
    .map(file => file.replace('.values.yaml', ''))
    .sort()
}

function helm(...args: readonly string[]): string {
  return execFileSync('helm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 16 * 1024 * 1024,
  })
}

export function lint(name: string): string {
  return helm('lint', '--strict', CHART, '--values', join(CASES, `${name}.values.yaml`))
}

/** The manifests without the CRDs, which have goldens of their own in crds/. */
export function render(name: string): string {
  const rendered = helm(
    'template',
    'pocket-console',
    CHART,
    '--namespace',
    'pocket-console',
    '--values',
    join(CASES, `${name}.values.yaml`),
  )
  return rendered
    .split(/^---\n/m)
    .filter(document => document.trim() !== '' && !document.includes('kind: CustomResourceDefinition'))
    .map(document => document.replaceAll(/^( {2}(?:key|tls\.crt|tls\.key): ).+$/gm, '$1(made at install)'))
    .join('---\n')
}
