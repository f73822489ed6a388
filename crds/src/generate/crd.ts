// JSON Schema → CustomResourceDefinition with a structural schema.
import type { z } from 'zod'
import { GROUP, VERSION } from '../names.ts'
import { jsonSchema, mapNodes, type SchemaNode } from './json-schema.ts'

interface PrinterColumn {
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description: string
  /** 0: always shown; 1: only with `-o wide`. */
  priority?: 0 | 1
}

export interface CrdSource {
  kind: string
  plural: string
  shortName: string
  schema: z.ZodType
  columns: PrinterColumn[]
  selectableFields: string[]
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string }
}

const API_VERSION_DESCRIPTION = 'Version of this kind of object: the group, a slash, the version.'
const KIND_DESCRIPTION = 'Kind of the object.'

/** The schema as the API server accepts it for a CRD: no unions, no closed objects, metadata left to the server. */
export function structuralSchema(schema: z.ZodType): SchemaNode {
  const root = mapNodes(jsonSchema(schema, 'input'), structural)
  root.properties = {
    ...root.properties,
    apiVersion: { type: 'string', description: API_VERSION_DESCRIPTION },
    kind: { type: 'string', description: KIND_DESCRIPTION },
    // The server owns metadata; naming `name` lets a rule point at it.
    metadata: { type: 'object', properties: { name: { type: 'string' } } },
  }
  root.required = ['spec']
  return root
}

function structural(node: SchemaNode): SchemaNode {
  const next = { ...node }
  if (typeof next.additionalProperties === 'boolean') delete next.additionalProperties
  if (next['x-kubernetes-int-or-string'] === true) delete next.anyOf
  if (next.anyOf) throw new Error(`a union is not allowed in a CRD schema: ${JSON.stringify(node)}`)
  if (next.type === 'integer') next['format'] = 'int64'
  return next
}

// `kubectl explain` shows neither bounds nor defaults, so the sentence has to say them.
function explained(node: SchemaNode): SchemaNode {
  if (node.type !== 'integer' || node.minimum === undefined || node.maximum === undefined) return node
  const initial = node.default === undefined ? '' : ` Default: ${JSON.stringify(node.default)}.`
  return { ...node, description: `${node.description ?? ''} From ${node.minimum} to ${node.maximum}.${initial}` }
}

/** The whole CustomResourceDefinition. */
export function crd(source: CrdSource): object {
  const names = { kind: source.kind, listKind: `${source.kind}List`, plural: source.plural, singular: singular(source) }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${source.plural}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'pocket-console', 'app.kubernetes.io/part-of': 'pocket-console' },
      // Uninstalling the release must not delete everybody's sessions.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { ...names, shortNames: [source.shortName] },
      versions: [version(source)],
    },
  }
}

function singular(source: CrdSource): string {
  return source.kind.toLowerCase()
}

function version(source: CrdSource): object {
  return {
    name: VERSION,
    served: true,
    storage: true,
    additionalPrinterColumns: source.columns,
    ...(source.selectableFields.length > 0 && {
      selectableFields: source.selectableFields.map(jsonPath => ({ jsonPath })),
    }),
    subresources: { status: {}, ...(source.scale && { scale: source.scale }) },
    schema: { openAPIV3Schema: mapNodes(structuralSchema(source.schema), explained) },
  }
}
