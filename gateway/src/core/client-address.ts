// Which address a request counts for (G10): behind proxies of ours the last hop is theirs, and an IPv6 household is a /64.

/** Longest X-Forwarded-For that is looked at, in entries. */
const FORWARDED_ENTRIES_MAX = 32

/**
 * The client's address.
 * @param remote of the TCP connection
 * @param forwarded X-Forwarded-For as received
 * @param trustedHops how many proxies in front append to it; 0 means the header is anybody's and is ignored
 */
export function clientAddress(remote: string | undefined, forwarded: string | undefined, trustedHops: number): string {
  const direct = normalise(remote ?? 'unknown')
  if (trustedHops === 0 || forwarded === undefined) return direct
  const hops = forwarded.split(',').slice(-FORWARDED_ENTRIES_MAX)
  const entry = hops[hops.length - trustedHops]?.trim()
  return entry === undefined || entry === '' ? direct : normalise(entry)
}

/** The key an address is limited under: itself for IPv4, its /64 for IPv6. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::', 2)
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back]
  const network = groups.slice(0, 4).map(group => group.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}

/** IPv4 that arrived on an IPv6 socket counts as IPv4; brackets, ports and zones of proxies do not matter. */
function normalise(address: string): string {
  const bare = address.startsWith('[') ? address.slice(1, address.indexOf(']')) : address
  const withoutZone = bare.split('%', 1)[0] ?? bare
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone)?.[1] ?? withoutZone
  const plain = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(mapped)?.[1] ?? mapped
  return plain.slice(0, 64).toLowerCase()
}
