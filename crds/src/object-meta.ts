// What the product reads of an object's metadata. The API server defines metadata; in the CRD it is only `type: object`.
import { z } from 'zod'

const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
})

/** Metadata of a stored object. Times are RFC 3339 strings, as on the wire. */
export const objectMeta = z
  .looseObject({
    name: z.string().describe('Unique within the namespace.'),
    namespace: z.string().optional(),
    uid: z.string().optional().describe('Unique for all time.'),
    resourceVersion: z.string().optional(),
    generation: z.int().optional().describe('Grows with every change of spec.'),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    finalizers: z.array(z.string()).optional(),
    ownerReferences: z.array(ownerReference).optional(),
  })
  .describe('Standard object metadata.')
