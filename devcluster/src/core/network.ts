// The cluster's cables and packet filters, as shell scripts that may be run again at any time.
// The host gets one link and nothing else; filters and routes live in the nodes' network namespaces.
import { INTERNET_ADDRESS, METADATA_ADDRESS, POD_CIDR, SERVICE_CIDR, type Layout, type NodeLayout } from './layout.ts'

/** Queue in which new connections of pods wait for the network policy agent's verdict. */
export const POLICY_QUEUE = 100
/** Name of a node's one link to the others. */
const UPLINK = 'eth0'
const SWITCH = 'switch'

const prelude = 'set -eu'

function unless(test: string, command: string): string {
  return `${test} >/dev/null 2>&1 || ${command}`
}

/** Runs on the host: makes the namespaces and the cables between them. */
export function cablingScript(layout: Layout): string {
  const { outsideNamespace: outside, hostLink } = layout
  const namespaces = [outside, ...layout.nodes.map(node => node.name)]
  return [
    prelude,
    ...namespaces.map(name => unless(`[ -e /run/netns/${name} ]`, `ip netns add ${name}`)),
    unless(`ip -n ${outside} link show ${SWITCH}`, `ip -n ${outside} link add ${SWITCH} type bridge`),
    unless(`ip link show ${hostLink}`, `ip link add ${hostLink} type veth peer name ${hostLink} netns ${outside}`),
    `ip address replace ${layout.hostAddress}/24 dev ${hostLink}`,
    `ip link set ${hostLink} up`,
    `ip -n ${outside} link set ${hostLink} master ${SWITCH} up`,
    ...layout.nodes.flatMap(node => [
      unless(
        `ip -n ${node.name} link show ${UPLINK}`,
        `ip link add ${node.cable} netns ${outside} type veth peer name ${UPLINK} netns ${node.name}`,
      ),
      `ip -n ${outside} link set ${node.cable} master ${SWITCH} up`,
    ]),
  ].join('\n')
}

/** Runs in the outside namespace: it plays the metadata server and the internet. */
export function outsideScript(layout: Layout): string {
  return [
    prelude,
    'ip link set lo up',
    `ip address replace ${METADATA_ADDRESS}/32 dev lo`,
    `ip address replace ${INTERNET_ADDRESS}/32 dev lo`,
    `ip address replace ${layout.outsideAddress}/24 dev ${SWITCH}`,
    `ip link set ${SWITCH} up`,
  ].join('\n')
}

function routes(layout: Layout, node: NodeLayout): string[] {
  const others = layout.nodes.filter(other => other.name !== node.name)
  return [
    ...[METADATA_ADDRESS, INTERNET_ADDRESS].map(
      address => `ip route replace ${address}/32 via ${layout.outsideAddress} dev ${UPLINK}`,
    ),
    // Without a default route, the node itself would find no way to Services before kube-proxy translates their addresses.
    `ip route replace ${SERVICE_CIDR} dev ${UPLINK} src ${node.address}`,
    ...others.map(other => `ip route replace ${other.podCidr} via ${other.address} dev ${UPLINK}`),
  ]
}

function jump(table: string, rule: string): string {
  const [chain, ...match] = rule.split(' ')
  const check = `iptables -w -t ${table} -C ${rule}`
  return unless(check, `iptables -w -t ${table} -I ${chain ?? ''} 1 ${match.join(' ')}`)
}

/**
 * New connections from and to pods go to the policy agent. The queue has no bypass: without an agent they are dropped.
 * The mangle table comes before kube-proxy's filter rules, which accept marked packets, and after its translation of
 * Service addresses, so the agent sees real pod addresses.
 */
function policyRules(): string[] {
  const rules = [
    '*mangle',
    ':CPC-POLICY - [0:0]',
    '-A CPC-POLICY -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN',
    `-A CPC-POLICY -j NFQUEUE --queue-num ${POLICY_QUEUE}`,
    'COMMIT',
    '*nat',
    ':CPC-MASQUERADE - [0:0]',
    `-A CPC-MASQUERADE -s ${POD_CIDR} ! -d ${POD_CIDR} -o ${UPLINK} -j MASQUERADE`,
    'COMMIT',
  ]
  return [
    "iptables-restore -w --noflush <<'RULES'",
    ...rules,
    'RULES',
    jump('mangle', `FORWARD -s ${POD_CIDR} -j CPC-POLICY`),
    jump('mangle', `FORWARD -d ${POD_CIDR} -j CPC-POLICY`),
    jump('mangle', `INPUT -s ${POD_CIDR} -j CPC-POLICY`),
    jump('nat', 'POSTROUTING -j CPC-MASQUERADE'),
  ]
}

/** Policies speak of IPv4 addresses only, so nothing else may pass: pods have no IPv6, and the node answers none. */
function noOtherProtocols(): string[] {
  return [
    'if [ -e /proc/sys/net/ipv6 ]; then',
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    `echo 1 > /proc/sys/net/ipv6/conf/${UPLINK}/disable_ipv6`,
    'ip6tables -w -P INPUT DROP',
    'ip6tables -w -P FORWARD DROP',
    unless('ip6tables -w -C INPUT -i lo -j ACCEPT', 'ip6tables -w -A INPUT -i lo -j ACCEPT'),
    'fi',
  ]
}

/** Runs in a node's network namespace: addresses, routes without a default one, filters. */
export function nodeNetworkScript(layout: Layout, node: NodeLayout): string {
  return [
    prelude,
    ...noOtherProtocols(),
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    // Strict: a pod cannot send with an address that is not its own.
    'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter',
    'echo 1 > /proc/sys/net/ipv4/conf/default/rp_filter',
    ...policyRules(),
    'ip link set lo up',
    `ip address replace ${node.address}/24 dev ${UPLINK}`,
    `ip link set ${UPLINK} up`,
    ...routes(layout, node),
  ].join('\n')
}
