import { describe, expect, it } from 'vitest'
import { NODE_COUNT_MAX, readSettings } from './settings.ts'

function settingsOf(variables: Record<string, string>) {
  const result = readSettings(variables, '/root')
  if (result.kind === 'invalid') throw new Error(result.message)
  return result.settings
}

describe('readSettings', () => {
  it('[D1] needs no variable at all', () => {
    expect(settingsOf({})).toEqual({
      clusterName: 'cpc',
      stateDir: '/var/lib/pocket-console',
      cacheDir: '/root/.cache/pocket-console',
      nodeCount: 1,
      subnet: '10.201.0',
      gatewayPort: 7080,
      baseImages: 'registry-first',
    })
  })

  it('[D1] takes an empty variable for an unset one', () => {
    expect(settingsOf({ NODES: '', CPC_STATE_DIR: '' })).toEqual(settingsOf({}))
  })

  it.each([
    ['NODES', '0'],
    ['NODES', String(NODE_COUNT_MAX + 1)],
    ['NODES', 'two'],
    ['NODES', '-1'],
    ['CPC_GATEWAY_PORT', '65536'],
    ['CPC_GATEWAY_PORT', '0'],
    ['CPC_CLUSTER_NAME', 'Big'],
    ['CPC_CLUSTER_NAME', 'a-b'],
    ['CPC_CLUSTER_NAME', 'toolongname'],
    ['CPC_CLUSTER_SUBNET', '10.201'],
    ['CPC_CLUSTER_SUBNET', '10.201.256'],
    ['CPC_CLUSTER_SUBNET', '10.201.0.0/24'],
    ['CPC_STATE_DIR', 'relative'],
    ['CPC_STATE_DIR', '/with space'],
    ['CPC_STATE_DIR', '/run/state'],
    ['CPC_CACHE_DIR', '/a;b'],
    ['CPC_BASE_IMAGES', 'sometimes'],
  ])('[D7] refuses %s=%s and names the variable', (name, value) => {
    const result = readSettings({ [name]: value }, '/root')
    expect(result.kind).toBe('invalid')
    if (result.kind === 'invalid') expect(result.message).toContain(name)
  })
})
