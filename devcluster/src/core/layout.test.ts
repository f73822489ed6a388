import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layoutCluster } from './layout.ts'
import { NODE_COUNT_MAX, readSettings, type Settings } from './settings.ts'

/** Longest name of a network link that Linux takes. */
const LINK_CHARACTERS_MAX = 15

function settings(changes: Partial<Settings> = {}): Settings {
  const result = readSettings({}, '/root')
  if (result.kind === 'invalid') throw new Error(result.message)
  return { ...result.settings, ...changes }
}

describe('layoutCluster', () => {
  it('[D5] gives the names and addresses that others rely on', () => {
    const layout = layoutCluster(settings({ nodeCount: 2 }))
    expect(layout.nodes.map(node => [node.name, node.address, node.isControlPlane])).toEqual([
      ['cpc-node', '10.201.0.2', true],
      ['cpc-node-2', '10.201.0.3', false],
    ])
    expect(layout).toMatchObject({
      outsideNamespace: 'cpc-outside',
      hostAddress: '10.201.0.1',
      apiServer: 'https://10.201.0.2:6443',
      kubeconfig: '/var/lib/pocket-console/kubeconfig',
    })
  })

  it('[D5] never gives two nodes the same name, address, pods, cable or folder, and names no link too long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: NODE_COUNT_MAX }),
        fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/),
        (nodeCount, clusterName) => {
          const layout = layoutCluster(settings({ nodeCount, clusterName }))
          for (const field of [
            'name',
            'address',
            'podCidr',
            'cable',
            'runDir',
            'stateDir',
            'cgroup',
            'mountPin',
          ] as const) {
            expect(new Set(layout.nodes.map(node => node[field])).size).toBe(nodeCount)
          }
          for (const link of [layout.hostLink, ...layout.nodes.map(node => node.cable)]) {
            expect(link.length).toBeLessThanOrEqual(LINK_CHARACTERS_MAX)
          }
          const taken = [layout.hostAddress, layout.outsideAddress]
          expect(layout.nodes.some(node => taken.includes(node.address))).toBe(false)
        },
      ),
    )
  })
})
