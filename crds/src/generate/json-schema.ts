// zod → JSON Schema: one place that says how, for the CRDs, the schema files, the types and the docs.
import { z } from 'zod'

/** A JSON Schema node, as far as the generators look into it. */
export interface SchemaNode {
  [key: string]: unknown
  type?: string | string[]
  description?: string
  default?: unknown
  properties?: Record<string, SchemaNode>
  required?: string[]
  items?: SchemaNode
  additionalProperties?: SchemaNode | boolean
  anyOf?: SchemaNode[]
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
}

/** `input`: what a user writes, defaults left out. `output`: what the API server stores, defaults filled in. */
export type Side = 'input' | 'output'

/** The schema of `schema`, without the keyword that names its dialect (draft-07). */
export function jsonSchema(schema: z.ZodType, side: Side): SchemaNode {
  const { $schema: _dialect, ...node } = z.toJSONSchema(schema, { io: side, target: 'draft-7' })
  return mapNodes(node as SchemaNode, withoutSafeIntegerBounds)
}

/** Applies `change` to every schema node, children first. */
export function mapNodes(node: SchemaNode, change: (node: SchemaNode) => SchemaNode): SchemaNode {
  const next: SchemaNode = { ...node }
  if (node.properties) {
    next.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [name, mapNodes(child, change)]),
    )
  }
  if (node.items) next.items = mapNodes(node.items, change)
  if (typeof node.additionalProperties === 'object') {
    next.additionalProperties = mapNodes(node.additionalProperties, change)
  }
  if (node.anyOf) next.anyOf = node.anyOf.map(child => mapNodes(child, change))
  return change(next)
}

// zod adds the range of safe integers to every integer; it says nothing about our fields.
function withoutSafeIntegerBounds(node: SchemaNode): SchemaNode {
  const next = { ...node }
  if (next.maximum === Number.MAX_SAFE_INTEGER) delete next.maximum
  if (next.minimum === Number.MIN_SAFE_INTEGER) delete next.minimum
  return next
}

/** Without the keywords only the Kubernetes API server understands: for editors, validators and the type generator. */
export function withoutKubernetesKeywords(node: SchemaNode): SchemaNode {
  return mapNodes(node, child =>
    Object.fromEntries(Object.entries(child).filter(([key]) => !key.startsWith('x-kubernetes-'))),
  )
}
