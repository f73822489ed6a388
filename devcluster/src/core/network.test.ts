import { describe, expect, it } from 'vitest'
import { layoutCluster } from './layout.ts'
import { cablingScript, nodeNetworkScript, outsideScript } from './network.ts'
import { readSettings } from './settings.ts'

const result = readSettings({ NODES: '3' }, '/root')
if (result.kind === 'invalid') throw new Error(result.message)
const layout = layoutCluster(result.settings)
const scripts = layout.nodes.map(node => nodeNetworkScript(layout, node))

describe('network scripts', () => {
  it('[D20] give no node a default route', () => {
    for (const script of scripts) expect(script).not.toMatch(/route \w+ (default|0\.0\.0\.0)/)
  })

  it('[D21] touch nothing of the host but one link', () => {
    const hostLines = cablingScript(layout)
      .split('\n')
      .filter(line => /^ip (link|address)/.test(line) && !line.includes('netns'))
    expect(hostLines.length).toBeGreaterThan(1)
    for (const line of hostLines) expect(line).toContain(' cpc-host')
    expect(cablingScript(layout)).not.toMatch(/iptables|sysctl|\/proc\/sys/)
  })

  it('[D22] put metadata server and internet into the outside namespace and lead every node there', () => {
    for (const address of ['169.254.169.254', '203.0.113.10']) {
      expect(outsideScript(layout)).toContain(`ip address replace ${address}/32`)
      for (const script of scripts) expect(script).toContain(`ip route replace ${address}/32 via 10.201.0.254`)
    }
  })

  it('[D30] queue new connections from and to pods without a bypass, before kube-proxy can accept them', () => {
    for (const script of scripts) {
      expect(script).toContain('-A CPC-POLICY -j NFQUEUE --queue-num 100\n')
      expect(script).not.toContain('bypass')
      for (const rule of ['FORWARD 1 -s', 'FORWARD 1 -d', 'INPUT 1 -s']) {
        expect(script).toContain(`iptables -w -t mangle -I ${rule} 10.244.0.0/16 -j CPC-POLICY`)
      }
    }
  })

  it('[D33] switch IPv6 off before a link comes up', () => {
    for (const script of scripts) {
      const lines = script.split('\n')
      const off = lines.findIndex(line => line.includes('conf/default/disable_ipv6'))
      expect(off).toBeGreaterThan(0)
      expect(off).toBeLessThan(lines.findIndex(line => /^ip link set eth0 .*up$/.test(line)))
    }
  })

  it('[D3] give a node the same hardware address every time', () => {
    expect(scripts.map(script => /eth0 address (\S+)/.exec(script)?.[1])).toEqual([
      '02:00:0a:c9:00:02',
      '02:00:0a:c9:00:03',
      '02:00:0a:c9:00:04',
    ])
  })

  it('[D40] lead each node to the pods of all others and not to its own', () => {
    const [first] = scripts
    expect(first).toContain('ip route replace 10.244.16.0/20 via 10.201.0.3')
    expect(first).toContain('ip route replace 10.244.32.0/20 via 10.201.0.4')
    expect(first).not.toContain('ip route replace 10.244.0.0/20')
  })
})
