import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { addonManifests, storageConfig } from './addons.ts'
import { layoutCluster } from './layout.ts'
import { containerdConfig, kubeletConfig, podNetworkConfig } from './node-files.ts'
import { planProcesses } from './processes.ts'
import { readSettings } from './settings.ts'

const result = readSettings({ NODES: '2' }, '/root')
if (result.kind === 'invalid') throw new Error(result.message)
const layout = layoutCluster(result.settings)
const components = ['kubernetes', 'containerd', 'runc', 'policy', 'storage', 'cni']
const programs = Object.fromEntries(components.map(name => [name, `/builds/${name}`]))
const images = { node: 'pocketconsole.dev/node:1', dns: 'pocketconsole.dev/dns:1' }
const plans = planProcesses({ layout, programs, images, nodeProgram: '/bin/node', programsDir: '/src/programs' })
const flagsOf = (name: string): readonly string[] => plans.find(plan => plan.name === name)?.command ?? []

describe('planProcesses', () => {
  it('[D2] names each process once and restarts only processes that exist', () => {
    const names = plans.map(plan => plan.name)
    expect(new Set(names).size).toBe(names.length)
    for (const plan of plans) for (const name of plan.restartWith) expect(names).toContain(name)
  })

  it('[D2] starts the foundations before what stands on them', () => {
    const stages = plans.map(plan => plan.stage)
    expect(stages).toEqual([...stages].sort())
  })

  it('[D40] runs a control plane on the first node only, and agents on each', () => {
    const names = plans.map(plan => plan.name)
    expect(names.filter(name => name.endsWith('.etcd'))).toEqual(['cpc-node.etcd'])
    for (const component of ['containerd', 'kubelet', 'kube-proxy', 'network-policy']) {
      expect(names).toEqual(expect.arrayContaining([`cpc-node.${component}`, `cpc-node-2.${component}`]))
    }
  })

  it('[D2] starts a process again when a file named in its flags changes', () => {
    for (const plan of plans) {
      const files = plan.command.flatMap(flag => /^--[\w-]+=(\/var\/lib\/pocket-console\/\S+)$/.exec(flag)?.[1] ?? [])
      const read = files.filter(path => !path.endsWith('/etcd') && !path.endsWith('/pki/ca.key'))
      const signing = plan.name.endsWith('kube-controller-manager')
      if (!signing) expect(plan.reads).toEqual(expect.arrayContaining(read))
    }
  })

  it('[D30] drops packets that the policy agent cannot judge', () => {
    expect(flagsOf('cpc-node.network-policy')).toContain('--fail-open=false')
  })

  it('[D23] answers for the gateway on localhost only', () => {
    expect(flagsOf('host.gateway-forwarder').slice(2)).toEqual(['127.0.0.1:7080', '10.201.0.2:30080'])
  })

  it('[D13] fails loudly when a component was not built', () => {
    expect(() => planProcesses({ layout, programs: {}, images, nodeProgram: '/bin/node', programsDir: '/p' })).toThrow(
      /kubernetes|containerd|storage/,
    )
  })
})

describe('configuration documents', () => {
  const [node] = layout.nodes

  it('[D4] puts pods below a cgroup of the cluster’s own', () => {
    expect(parse(kubeletConfig(layout, node!))).toMatchObject({
      cgroupRoot: '/cpc/cpc-node',
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      authentication: { anonymous: { enabled: false } },
    })
  })

  it('[D31] lets the policy agent hear of pods from the runtime', () => {
    const text = containerdConfig(node!, { cni: '/c', containerd: '/d', runc: '/r' }, images.node)
    expect(text).toContain('socket_path = "/run/nri/nri.sock"')
    expect(text).toContain('BinaryName = "/r/runc"')
    expect(text).toContain(`sandbox = "${images.node}"`)
  })

  it('[D33] gives pods cables without IPv6', () => {
    const { plugins } = JSON.parse(podNetworkConfig(node!)) as { plugins: Record<string, unknown>[] }
    expect(plugins.map(plugin => plugin['type'])).toEqual(['ptp', 'tuning', 'portmap'])
    expect(plugins[1]).toMatchObject({ sysctl: { 'net.ipv6.conf.eth0.disable_ipv6': '1' } })
  })

  it('[D35] gives pods that dial in vain few repeats', () => {
    const { plugins } = JSON.parse(podNetworkConfig(node!)) as { plugins: Record<string, unknown>[] }
    expect(plugins[1]).toMatchObject({ sysctl: { 'net.ipv4.tcp_syn_retries': '2' } })
  })

  it('[D41] has exactly one default StorageClass, and a folder of its own for each node’s volumes', () => {
    const documents = addonManifests(layout, images)
      .split('---\n')
      .map(text => parse(text) as { kind: string; metadata: { annotations?: object } })
    const classes = documents.filter(document => document.kind === 'StorageClass')
    expect(classes.map(found => found.metadata.annotations)).toEqual([
      { 'storageclass.kubernetes.io/is-default-class': 'true' },
    ])
    const { nodePathMap } = JSON.parse(storageConfig(layout)) as { nodePathMap: { paths: string[] }[] }
    expect(new Set(nodePathMap.flatMap(entry => entry.paths)).size).toBe(2)
  })
})
