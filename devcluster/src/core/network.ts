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

interface End {
  readonly link: string
  /** Network namespace; the host's when undefined. */
  readonly namespace: string | undefined
}

function show(end: End): string {
  return `ip ${end.namespace === undefined ? '' : `-n ${end.namespace} `}link show ${end.link} >/dev/null 2>&1`
}

function place(end: End): string {
  return end.namespace === undefined ? end.link : `${end.link} netns ${end.namespace}`
}

/**
 * Makes a cable whose two ends are in their places. The kernel takes a deleted namespace's links away some time later, so
 * an end without the other is a remainder and goes first.
 */
function cable(inside: End, outside: End): string[] {
  return [
    `if ! { ${show(inside)} && ${show(outside)}; }; then`,
    ...[inside, outside].map(end => `${show(end).replace(' show ', ' delete ')} || true`),
    `ip link add ${place(outside)} type veth peer name ${place(inside)}`,
    'fi',
  ]
}

/** A file that no namespace is mounted on is left by an interrupted run. */
function networkNamespace(name: string): string {
  const file = `/run/netns/${name}`
  return unless(`nsenter --net=${file} true`, `{ rm -f ${file}; ip netns add ${name}; }`)
}

/** Runs on the host: makes the namespaces and the cables between them. */
export function cablingScript(layout: Layout): string {
  const { outsideNamespace: outside, hostLink } = layout
  const namespaces = [outside, ...layout.nodes.map(node => node.name)]
  return [
    prelude,
    ...namespaces.map(networkNamespace),
    unless(`ip -n ${outside} link show ${SWITCH}`, `ip -n ${outside} link add ${SWITCH} type bridge`),
    ...cable({ link: hostLink, namespace: outside }, { link: hostLink, namespace: undefined }),
    `ip address replace ${layout.hostAddress}/24 dev ${hostLink}`,
    `ip link set ${hostLink} up`,
    `ip -n ${outside} link set ${hostLink} master ${SWITCH} up`,
    ...layout.nodes.flatMap(node => [
      ...cable({ link: UPLINK, namespace: node.name }, { link: node.cable, namespace: outside }),
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

/** A hardware address that belongs to the IPv4 address, so that neighbours know a node again after it was made anew. */
function hardwareAddress(address: string): string {
  const octets = address.split('.').map(octet => Number(octet).toString(16).padStart(2, '0'))
  return ['02', '00', ...octets].join(':')
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
    `ip link set ${UPLINK} address ${hardwareAddress(node.address)} up`,
    `ip address replace ${node.address}/24 dev ${UPLINK}`,
    ...routes(layout, node),
  ].join('\n')
}
