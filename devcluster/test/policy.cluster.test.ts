// Network policies are enforced: every target is first shown to answer to a pod without policy.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  denyAll,
  devcluster,
  dialScript,
  IMAGE,
  kubectl,
  listenerScript,
  makeNamespace,
  pod,
  type Namespace,
} from './pods.ts'

const LISTENER_PORT = 8000
/** Enough to make a race between a pod and its policy likely to show. */
const FIRST_PACKET_PODS = 6

let open: Namespace
let denied: Namespace
let targets: string[]

beforeAll(async () => {
  await devcluster(['load', IMAGE])
  open = await makeNamespace()
  denied = await makeNamespace()
  await denied.apply(denyAll)
  const listener = listenerScript(LISTENER_PORT)
  await open.apply(pod({ name: 'peer' }), pod({ name: 'listener', script: listener }))
  await denied.apply(pod({ name: 'peer' }), pod({ name: 'listener', script: listener }))
  await Promise.all([open.ready('peer', 'listener'), denied.ready('peer', 'listener')])
  const node = await kubectl(['get', 'nodes', '--output=jsonpath={.items[0].status.addresses[0].address}'])
  targets = [
    '10.96.0.1/443',
    `${node}/6443`,
    `${node}/10250`,
    '10.96.0.10/53',
    '169.254.169.254/80',
    '203.0.113.10/80',
    `${await open.get('pod/listener', '{.status.podIP}')}/${LISTENER_PORT}`,
  ]
})

afterAll(async () => {
  await Promise.all([open.remove(), denied.remove()])
})

async function reached(from: Namespace, dialled: readonly string[]): Promise<string[]> {
  return (await from.bash('peer', dialScript(dialled))).split('\n').filter(line => line !== '')
}

/** Asks the name service by UDP; prints `answer` when one comes. */
const askByUdp = `perl -MIO::Socket::INET -e '
  my $socket = IO::Socket::INET->new(PeerAddr => "10.96.0.10", PeerPort => 53, Proto => "udp") or exit;
  $socket->send(pack("H*", "000101000001000000000000" . "0a6b756265726e65746573" . "0764656661756c74" . "03737663" .
    "07636c7573746572" . "056c6f63616c" . "00" . "00010001"));
  local $SIG{ALRM} = sub { exit }; alarm 2; $socket->recv(my $answer, 512); print "answer" if length $answer'`

describe('network policies', () => {
  it('[D22] [D30] a pod without policy reaches API server, kubelet, names, metadata, internet and pods', async () => {
    expect(await reached(open, targets)).toEqual(targets)
    expect(await open.bash('peer', askByUdp)).toBe('answer')
  })

  it('[D30] a pod under default-deny reaches none of them', async () => {
    expect(await reached(denied, targets)).toEqual([])
    expect(await denied.bash('peer', askByUdp)).toBe('')
  })

  it('[D30] a pod under default-deny is reached by nobody', async () => {
    const address = await denied.get('pod/listener', '{.status.podIP}')
    expect(await denied.bash('listener', dialScript([`127.0.0.1/${LISTENER_PORT}`]))).not.toBe('')
    expect(await reached(open, [`${address}/${LISTENER_PORT}`])).toEqual([])
  })

  it('[D30] a rule lets through what it names and nothing else', async () => {
    const peer = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': open.name } } }
    await denied.apply({
      ...denyAll,
      metadata: { name: 'allow-listener' },
      spec: {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ to: [peer], ports: [{ port: LISTENER_PORT, protocol: 'TCP' }] }],
      },
    })
    await expect.poll(() => reached(denied, targets), { timeout: 30_000 }).toEqual(targets.slice(-1))
  })

  it('[D31] a new pod is held to its policy from its first packet', async () => {
    const names = Array.from({ length: FIRST_PACKET_PODS }, (_, index) => `first-${index}`)
    const script = `${dialScript(targets.slice(0, 3))}; ${dialScript(targets.slice(0, 3))}`
    await denied.apply(...names.map(name => pod({ name, script })))
    for (const name of names) {
      await kubectl([
        'wait',
        '--namespace',
        denied.name,
        '--for=jsonpath={.status.phase}=Succeeded',
        '--timeout=120s',
        `pod/${name}`,
      ])
      expect(await kubectl(['logs', '--namespace', denied.name, name])).toBe('')
    }
  })
})

/** Prints how bash's attempt to connect ended. */
function dialOutcome(target: string): string {
  return `timeout 3 bash -c 'exec 3<>/dev/tcp/${target}' 2>&1 && echo connected; true`
}

describe('IPv6', () => {
  it('[D33] no pod has an IPv6 address but ::1', async () => {
    for (const namespace of [open, denied]) {
      const interfaces = await namespace.bash('peer', "awk '{print $1, $NF}' /proc/net/if_inet6")
      expect(interfaces).toBe(`${'0'.repeat(31)}1 lo`)
    }
  })

  it('[D34] the link-local next hop answers neither on 6443 nor on 10250', async () => {
    // The next hop's link-local address follows from its hardware address, which the pod knows once it has sent something.
    await reached(open, targets.slice(0, 1))
    const nextHop = await open.bash(
      'peer',
      `read -r _ _ _ mac _ < <(tail -n 1 /proc/net/arp); IFS=: read -r a b c d e f <<<"$mac"
       printf 'fe80::%x:%s:%s:%s' "$((0x$a$b ^ 0x200))" "\${c}ff" "fe$d" "$e$f"`,
    )
    // That bash can dial IPv6 at all shows in the difference between a refusal and no way.
    expect(await open.bash('peer', dialOutcome('::1/1'))).toContain('refused')
    for (const port of [6443, 10_250]) {
      for (const address of [nextHop, 'fe80::1', 'ff02::1']) {
        const outcome = await open.bash('peer', dialOutcome(`${address}%eth0/${port}`))
        expect(outcome).not.toContain('connected')
        expect(outcome).not.toContain('refused')
      }
    }
  })
})
