import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GATEWAY_VERSION } from './identity.ts'
import { openApiDocument } from './openapi.ts'

/** Every `$ref` in a document. */
function refs(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refs)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refs(inner)))
}

describe('openapi', () => {
  const document = openApiDocument() as {
    paths: Record<string, Record<string, unknown>>
    components: { schemas: Record<string, { properties?: Record<string, unknown>; additionalProperties?: boolean }> }
  }

  it('[G9] describes every route of design and spec', () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/health',
      '/api/v1/sessions',
      '/api/v1/sessions/{id}',
      '/api/v1/sessions/{id}/ticket',
      '/api/v1/whoami',
    ])
  })

  it('[G9] refers only to schemas it has, and carries nothing of the CRD’s own extensions', () => {
    const names = refs(document).map(ref => ref.replace('#/components/schemas/', ''))
    expect(names.length).toBeGreaterThan(8)
    for (const name of names) expect(document.components.schemas).toHaveProperty(name)
    expect(JSON.stringify(document)).not.toContain('x-kubernetes')
  })

  it('[G9] the creation schema is the one that checks requests: no owner, nothing unknown', () => {
    const create = document.components.schemas['CreateSession']
    expect(Object.keys(create?.properties ?? {})).toContain('idleTimeoutSeconds')
    expect(Object.keys(create?.properties ?? {})).not.toContain('owner')
    expect(create?.additionalProperties).toBe(false)
  })

  it('the version is that of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(manifest.version).toBe(GATEWAY_VERSION)
  })
})
