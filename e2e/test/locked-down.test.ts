// Journey: a five-line manifest becomes a shell that can do nothing but compute.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cpc, mustKubectl, readySession, removeSession, sessionStatus, uniqueName } from '../src/world.ts'

const name = uniqueName('locked')

beforeAll(() => readySession(name))
afterAll(() => removeSession(name))

const line = (text: string) => cpc('exec', name, '--', text)

/** Dials the next hop by the link-local address that its hardware address implies: what a curious user would try. */
function dialNextHop(port: number): string {
  return `
import socket
hops = [row.split() for row in open('/proc/net/arp').read().splitlines()[1:]]
for hop in hops or [['', '', '', '00:00:00:00:00:00', '', 'eth0']]:
    mac = [int(part, 16) for part in hop[3].split(':')]
    host = 'fe80::%02x%02x:%02xff:fe%02x:%02x%02x' % (mac[0] ^ 2, *mac[1:])
    try:
        peer = socket.getaddrinfo(host + '%' + hop[5], ${port}, socket.AF_INET6)[0][4]
        dial = socket.socket(socket.AF_INET6); dial.settimeout(3); dial.connect(peer)
        print('connected', host)
    except OSError as error:
        print('refused:', host, error)`
}

describe('a session made by kubectl apply', () => {
  test('[TS1] is Ready with its pod, its times and its conditions told', async () => {
    const status = await sessionStatus(name)
    expect(status).toMatchObject({ phase: 'Ready', podName: expect.stringContaining(name) as string })
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' })
    expect(await mustKubectl('get', 'tsess', name)).toMatch(/Ready/)
  })

  test('runs as an unprivileged user, without capabilities, with seccomp and no-new-privileges', async () => {
    const { stdout, exitCode } = await line(
      'id -u; grep -E "CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp:" /proc/self/status',
    )
    expect(exitCode).toBe(0)
    expect(Number(stdout.split('\n')[0])).toBeGreaterThan(0)
    expect(stdout).toMatch(/CapPrm:\s+0000000000000000/)
    expect(stdout).toMatch(/CapEff:\s+0000000000000000/)
    expect(stdout).toMatch(/CapBnd:\s+0000000000000000/)
    expect(stdout).toMatch(/NoNewPrivs:\s+1/)
    expect(stdout).toMatch(/Seccomp:\s+2/)
  })

  test('has a read-only root, and a home and /tmp that can be written', async () => {
    expect(await line('touch /x')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('Read-only file system') as string,
    })
    expect(await line('touch ~/x /tmp/x && ls ~/x /tmp/x')).toMatchObject({ exitCode: 0 })
  })

  test('holds no token of the cluster', async () => {
    expect((await line('ls /var/run/secrets')).exitCode).not.toBe(0)
    expect((await line('env | grep -c KUBERNETES_')).stdout.trim()).toBe('0')
  })

  test.each([
    ['the API server', '10.96.0.1', 443],
    ['DNS', '10.96.0.10', 53],
    ['the kubelet', '10.201.0.2', 10250],
    ['the metadata address', '169.254.169.254', 80],
    ['a public address', '203.0.113.10', 80],
  ])('reaches nothing: %s', async (_what, address, port) => {
    const { exitCode } = await line(`timeout 3 bash -c 'echo > /dev/tcp/${address}/${port}'`)
    expect(exitCode).not.toBe(0)
  })

  test.each([6443, 10250])('does not reach its next hop over IPv6 link-local on port %i', async port => {
    const { stdout } = await line(`python3 - <<'EOF'\n${dialNextHop(port)}\nEOF`)
    expect(stdout).toMatch(/refused: /)
    expect(stdout).not.toMatch(/connected/)
  })

  test('stops a fork bomb at its process limit and goes on', async () => {
    const { stdout } = await line(
      'for i in $(seq 150); do sleep 5 & done 2>&1 | grep -c "Resource temporarily unavailable"; ulimit -u; kill %% 2>/dev/null; true',
    )
    expect(stdout).toContain('100')
    expect((await line('echo alive')).stdout.trim()).toBe('alive')
  })

  test('gives the exit code and the output of a line, and nothing else', async () => {
    expect(await line('printf "a\\nb"; exit_with() { return 7; }; exit_with')).toMatchObject({
      stdout: 'a\nb',
      exitCode: 7,
    })
  })
})
