// The command line against the installed gateway, holder and pod: what the fake one in this folder cannot show.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CuttingProxy } from './cutting-proxy.ts'
import { endAll, runCpc, startCpc, startCpcOnTerminal, until } from './run-cpc.ts'

const DEFAULT_GATEWAY_URL = 'http://127.0.0.1:7080'

const name = `cli-${randomBytes(4).toString('hex')}`
const gatewayUrl = process.env['CPC_GATEWAY_URL'] ?? DEFAULT_GATEWAY_URL
const proxy = new CuttingProxy(new URL(gatewayUrl))
let direct: Record<string, string>
let throughProxy: Record<string, string>

beforeAll(async () => {
  const kubeconfig = process.env['KUBECONFIG']
  if (kubeconfig === undefined) throw new Error('KUBECONFIG is not set. Run `make up` and `. .dev/env` first.')
  const token = await runCpc(['token', '--owner', 'cli-tests', '--ttl', '1h'], { KUBECONFIG: kubeconfig })
  expect(token.stderr).toBe('')
  await proxy.start()
  direct = { CPC_GATEWAY_URL: gatewayUrl, CPC_TOKEN: token.stdout.toString().trim() }
  throughProxy = { ...direct, CPC_GATEWAY_URL: proxy.url }
  const created = await runCpc(['create', name, '--wait'], direct)
  expect(created).toMatchObject({ exitCode: 0, stdout: Buffer.from(`${name}\n`) })
})
afterAll(async () => {
  endAll()
  await proxy.stop()
  await runCpc(['rm', name], direct)
})

async function exec(line: string, ...options: string[]) {
  const { exitCode, stdout, stderr } = await runCpc(['exec', ...options, name, '--', line], direct)
  return { exitCode, stdout: stdout.toString('latin1'), stderr }
}

describe('the real gateway', () => {
  it('[cli] knows who the token of the local issuer is for', async () => {
    expect((await runCpc(['whoami'], direct)).stdout.toString()).toMatch(/^cli-tests, by pocket-console\/local, until /)
  })
  it('[cli] refuses a token it did not ask for, in one sentence', async () => {
    const { exitCode, stderr } = await runCpc(['ls'], { ...direct, CPC_TOKEN: 'not.a.token' })
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^cpc: .*\(token-refused\)\.\n$/)])
  })
  it('[exec] output, exit code, bytes, state of the shell', async () => {
    expect(await exec("printf 'a\\r\\n\\036b'; (exit 7)")).toEqual({ exitCode: 7, stdout: 'a\r\n\x1eb', stderr: '' })
    expect((await exec('if')).exitCode).toBe(2)
    await exec('cd /tmp; kept=yes')
    expect((await exec('echo $kept $PWD')).stdout).toBe('yes /tmp\n')
  })
  it('[exec] [P6] output through cuts is whole', async () => {
    const line = 'for i in $(seq 2000); do echo "$i $(printf %0100d $i)"; done'
    const running = startCpc(['exec', name, '--', line], throughProxy)
    for (const seen of ['\n200 ', '\n900 ']) {
      await until(seen, () => running.stdout().includes(seen))
      proxy.cut()
    }
    const { exitCode, stdout } = await running.finished
    const expected = Array.from({ length: 2_000 }, (_, i) => `${i + 1} ${String(i + 1).padStart(100, '0')}\n`).join('')
    expect([exitCode, stdout.toString() === expected]).toEqual([0, true])
  })
  it('[exec] a timeout leaves the shell as it was', async () => {
    expect((await exec('sleep 1000', '--timeout', '1s')).exitCode).toBe(124)
    expect((await exec('echo free')).stdout).toBe('free\n')
  })
  it('[attach] [I1] [R6] through cuts nothing is lost or doubled, either way, in the same shell', async () => {
    const running = startCpcOnTerminal(['attach', name], throughProxy)
    const type = (text: string) => running.child.stdin.write(text)
    await until('prompt', () => running.stdout().includes('$ '), running.stdout)
    type('echo pid=$$ size=$(stty size)\r')
    await until('pid', () => /pid=\d+ size=30 100\r/.test(running.stdout()), running.stdout)
    type('stty -echo; PS1=; for i in $(seq 1 600); do echo out-$i; sleep 0.005; done; cat\r')
    const words: string[] = []
    for (let round = 0; round < 5; round++) {
      await until('out', () => running.stdout().includes(`out-${(round + 1) * 50}\r`), running.stdout)
      proxy.cut()
      for (let n = 0; n < 10; n++) {
        words.push(`in-${round}-${n}`)
        type(`in-${round}-${n}\r`)
      }
    }
    await until('the last word', () => running.stdout().includes('in-4-9\r'), running.stdout)
    const seen = running.stdout()
    expect([...seen.matchAll(/out-(\d+)\r/g)].map(([, n]) => Number(n))).toEqual(
      Array.from({ length: 600 }, (_, i) => i + 1),
    )
    expect([...seen.matchAll(/in-\d-\d(?=\r)/g)].map(([word]) => word)).toEqual(words)
    type('\x04')
    type('echo pid=$$\r')
    await until('pid again', () => [...running.stdout().matchAll(/pid=\d+/g)].length === 2, running.stdout)
    expect(new Set([...running.stdout().matchAll(/pid=\d+/g)].map(([pid]) => pid)).size).toBe(1)
    type('exit 42\r')
    expect((await running.finished).stdout.toString()).toContain('exit=42')
  })
  it('[cli] the session has ended with that code', async () => {
    const session = await endedSession()
    expect(session).toMatchObject({ reason: 'Exited', exitCode: 42 })
    expect((await exec('true')).exitCode).toBe(1)
  })
})

/** The operator needs a moment to see the pod's end. */
async function endedSession(): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const { stdout } = await runCpc(['get', name, '--json'], direct)
    const session = JSON.parse(stdout.toString()) as Record<string, unknown>
    if (session['phase'] === 'Ended') return session
    if (Date.now() > deadline) throw new Error(`Not ended: ${stdout.toString()}`)
  }
}
