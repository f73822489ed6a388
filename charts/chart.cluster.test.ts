// The chart says what its goldens say, and refuses values that make no sense. Needs helm, not a cluster.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CASES, cases, lint, render } from './render.ts'

describe.each(cases())('chart with the values of %s', name => {
  test('passes helm lint', () => {
    expect(lint(name)).toContain('0 chart(s) failed')
  })

  test('renders its golden (make generate rewrites it)', () => {
    expect(render(name)).toBe(readFileSync(join(CASES, `${name}.golden.yaml`), 'utf8'))
  })

  test('runs everything of ours with a read-only root, without privileges, and never in the namespace of sessions', () => {
    const deployments = render(name)
      .split(/^---\n/m)
      .filter(document => document.includes('kind: Deployment'))
    expect(deployments.length).toBe(2)
    for (const deployment of deployments) {
      expect(deployment).toContain('readOnlyRootFilesystem: true')
      expect(deployment).toContain('allowPrivilegeEscalation: false')
      expect(deployment).toContain('runAsNonRoot: true')
      expect(deployment).toMatch(/namespace: pocket-console$/m)
    }
  })

  test('gives nobody nodes/proxy, pods/attach or a wildcard', () => {
    const rules = render(name)
    expect(rules).not.toMatch(/nodes\/proxy|pods\/attach|pods\/portforward|pods\/proxy|["[]\*["\]]/)
  })
})

describe('values', () => {
  test.each([
    ['gateway.allowedOrigins[0]=https://a.example/path', /allowedOrigins/],
    ['sessions.namespace=Not_A_Name', /namespace/],
    ['gateway.replicas=0', /replicas/],
    ['gateway.replcas=2', /replcas|additional/i],
  ])('refuses %s with words that name it', (setting, message) => {
    const args = ['template', 'x', join(import.meta.dirname, 'pocket-console'), '--set', setting]
    expect(() => execFileSync('helm', args, { encoding: 'utf8', stdio: 'pipe' })).toThrow(message)
  })
})
