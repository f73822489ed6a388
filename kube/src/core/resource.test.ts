import { describe, expect, it } from 'vitest'
import { configMaps, namespaces, networkPolicies, pods } from '../resources.ts'
import { objectKey, parseObjectKey } from './object.ts'
import { apiVersionOf, collectionPath, objectPath } from './resource.ts'

describe('paths', () => {
  it('[K10] are those of the API', () => {
    expect(collectionPath(pods)).toBe('/api/v1/pods')
    expect(collectionPath(networkPolicies, 'a')).toBe('/apis/networking.k8s.io/v1/namespaces/a/networkpolicies')
    expect(objectPath(namespaces, { name: 'a' })).toBe('/api/v1/namespaces/a')
    expect(objectPath(pods, { namespace: 'a', name: 'b' }, 'exec')).toBe('/api/v1/namespaces/a/pods/b/exec')
    expect(apiVersionOf(networkPolicies)).toBe('networking.k8s.io/v1')
  })

  it('[K10] cannot be left by a name', () => {
    expect(objectPath(pods, { namespace: 'a', name: '../../nodes?x=1#y' })).toBe(
      '/api/v1/namespaces/a/pods/..%2F..%2Fnodes%3Fx%3D1%23y',
    )
    for (const name of ['', '.', '..']) expect(() => objectPath(pods, { namespace: 'a', name })).toThrow(TypeError)
    expect(() => objectPath(pods, { namespace: '..', name: 'a' })).toThrow(TypeError)
  })

  it('[K10] need a namespace exactly when the resource has one', () => {
    expect(() => objectPath(configMaps, { name: 'a' })).toThrow(/name the namespace/)
    expect(() => collectionPath(namespaces, 'a')).toThrow(/cluster-scoped/)
  })
})

describe('keys', () => {
  it('[K31] go both ways', () => {
    expect(parseObjectKey(objectKey({ metadata: { namespace: 'a', name: 'b' } }))).toEqual({
      namespace: 'a',
      name: 'b',
    })
    expect(parseObjectKey(objectKey({ metadata: { name: 'b' } }))).toEqual({ name: 'b' })
    expect(() => objectKey({ metadata: {} })).toThrow(TypeError)
  })
})
