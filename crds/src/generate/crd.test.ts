import { describe, expect, it } from 'vitest'
import { structuralSchema } from './crd.ts'
import type { SchemaNode } from './json-schema.ts'
import { crdSources } from './sources.ts'

interface Place {
  path: string
  node: SchemaNode
}

function places(node: SchemaNode, path: string): Place[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) => places(child, `${path}.${name}`))
  const items = node.items ? places(node.items, `${path}[]`) : []
  return [{ path, node }, ...children, ...items]
}

describe.each(crdSources)('[TS1] the schema of $kind', source => {
  const all = places(structuralSchema(source.schema), source.kind)
  const fields = all.filter(({ path }) => !path.includes('metadata'))

  it('describes every field, in a sentence, for kubectl explain', () => {
    const silent = fields.filter(
      ({ path, node }) => !path.endsWith('[]') && !/^[^a-z].*[.]$/.test(node.description ?? ''),
    )
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it('is structural: a type everywhere, no unions, no closed objects', () => {
    for (const { path, node } of all) {
      expect(node.anyOf, path).toBeUndefined()
      expect(node.additionalProperties, path).toBeUndefined()
      expect(node.type !== undefined || node['x-kubernetes-int-or-string'] === true, path).toBe(true)
    }
  })

  it('bounds every string, list and number a user writes', () => {
    const written = fields.filter(({ path }) => path.startsWith(`${source.kind}.spec`))
    const unbounded = written.filter(({ node }) => {
      if (node.type === 'string') return node.maxLength === undefined && node.enum === undefined
      if (node.type === 'array') return node.maxItems === undefined
      return node.type === 'integer' && (node.maximum === undefined || node.minimum === undefined)
    })
    expect(unbounded.map(({ path }) => path)).toEqual([])
  })
})
