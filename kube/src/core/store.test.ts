import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byControllerUid, byOwnerUid, createStore } from './store.ts'

interface Thing {
  metadata: { name: string; namespace: string; resourceVersion: string; uid?: string }
  colour: string
}

let version = 0
const thing = (name: string, colour: string): Thing => ({
  metadata: { name, namespace: 'n', resourceVersion: String(++version) },
  colour,
})

describe('store', () => {
  it('[K30] freezes what it holds, to the bottom', () => {
    const store = createStore<Thing>()
    store.put(thing('a', 'red'))
    const held = store.get('n/a')
    expect(() => {
      if (held) held.metadata.name = 'b'
    }).toThrow(TypeError)
  })

  it('[K32] ignores a version it has, unless it is another object', () => {
    const store = createStore<Thing>()
    const first = thing('a', 'red')
    expect(store.put(first)?.type).toBe('added')
    expect(store.put(structuredClone(first))).toBeUndefined()
    const reborn = { ...first, metadata: { ...first.metadata, uid: 'new' } }
    expect(store.put(reborn)).toMatchObject({ type: 'updated', old: first })
  })

  it('[K31] keeps its indexes equal to a search through everything', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd')
    const colour = fc.constantFrom('red', 'green', 'blue')
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), name, colour }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.record({ do: fc.constant('replaceAll' as const), names: fc.uniqueArray(name), colour }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
        const store = createStore<Thing>({ byColour: object => [object.colour] })
        const model = new Map<string, Thing>()
        for (const one of steps) {
          if (one.do === 'put') {
            const object = thing(one.name, one.colour)
            model.set(`n/${one.name}`, object)
            store.put(object)
          } else if (one.do === 'remove') {
            expect(store.remove(`n/${one.name}`)?.type).toBe(model.delete(`n/${one.name}`) ? 'deleted' : undefined)
          } else {
            const objects = one.names.map(each => thing(each, one.colour))
            model.clear()
            for (const object of objects) model.set(`n/${object.metadata.name}`, object)
            store.replaceAll(objects)
          }
        }
        const byKey = (a: Thing, b: Thing) => a.metadata.name.localeCompare(b.metadata.name)
        expect(store.list().sort(byKey)).toEqual([...model.values()].sort(byKey))
        for (const each of ['red', 'green', 'blue']) {
          const wanted = [...model.values()].filter(object => object.colour === each).sort(byKey)
          expect(store.byIndex('byColour', each).sort(byKey)).toEqual(wanted)
        }
      }),
    )
  })

  it('[K26] tells every difference when all is replaced', () => {
    const store = createStore<Thing>()
    const [a, b, c] = [thing('a', 'red'), thing('b', 'red'), thing('c', 'red')]
    store.replaceAll([a, b])
    const changes = store.replaceAll([b, { ...thing('c', 'red') }]).map(change => [change.type, change.key])
    expect(changes).toEqual([
      ['deleted', 'n/a'],
      ['added', 'n/c'],
    ])
    expect(c.metadata.name).toBe('c')
  })

  it('[K31] refuses an index nobody declared', () => {
    expect(() => createStore<Thing>().byIndex('byColour', 'red')).toThrow(RangeError)
  })

  it('[K31] finds objects by their owners', () => {
    const owned = {
      metadata: {
        name: 'a',
        ownerReferences: [
          { uid: '1', controller: true, apiVersion: 'v1', kind: 'X', name: 'x' },
          { uid: '2', apiVersion: 'v1', kind: 'X', name: 'y' },
        ],
      },
    }
    expect(byOwnerUid(owned)).toEqual(['1', '2'])
    expect(byControllerUid(owned)).toEqual(['1'])
    expect(byOwnerUid({ metadata: { name: 'b' } })).toEqual([])
  })
})
