// `cpc attach` on a pty of its own, in a real shell on another, through a gateway in this process.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeGateway } from './fake-gateway.ts'
import type { Running } from './run-cpc.ts'
import { endAll, startCpcOnTerminal, until } from './run-cpc.ts'

const gateway = new FakeGateway()
let environment: Record<string, string>

beforeAll(async () => {
  await gateway.start()
  environment = { CPC_GATEWAY_URL: gateway.url, CPC_TOKEN: 'x' }
})
afterAll(async () => {
  endAll()
  await gateway.stop()
})

/** Attached, with the shell's prompt on the screen. */
async function attach(name: string, ...options: string[]): Promise<Running> {
  const running = startCpcOnTerminal(['attach', ...options, name], environment)
  await until(`attachment of ${name}`, () => (gateway.sessions.get(name)?.attachments.size ?? 0) > 0)
  return running
}

function type(running: Running, text: string): void {
  running.child.stdin.write(Buffer.from(text, 'latin1'))
}

async function sees(running: Running, text: string | RegExp): Promise<void> {
  const found = () => (typeof text === 'string' ? running.stdout().includes(text) : text.test(running.stdout()))
  await until(String(text), found, running.stdout)
}

/** What the wrapping shell printed after cpc: its exit code, and the terminal's settings. */
async function afterwards(running: Running): Promise<{ exitCode: number; usualMode: boolean }> {
  const { stdout } = await running.finished
  const tail = stdout.toString().split('exit=').at(-1) ?? ''
  return { exitCode: Number.parseInt(tail, 10), usualMode: / icanon .* echo /.test(tail.replaceAll(/\s+/g, ' ')) }
}

describe('attach', () => {
  it('[attach] types, sees, detaches with ctrl-] d, and gives the terminal back', async () => {
    const session = gateway.addShell('plain', 'bash --norc --noprofile -i')
    const running = await attach('plain')
    type(running, 'echo a""b\r')
    await sees(running, 'ab\r\n')
    expect(session.sizes[0]).toEqual({ cols: 100, rows: 30 })
    type(running, '\x1d')
    type(running, 'd')
    await sees(running, 'Detached. Session plain goes on')
    expect(await afterwards(running)).toEqual({ exitCode: 0, usualMode: true })
    expect(session.shell.exitCode).toBeUndefined()
  })
  it('[attach] ends with the shell’s exit code', async () => {
    gateway.addShell('exiting', 'bash --norc --noprofile -i')
    const running = await attach('exiting')
    type(running, 'exit 42\r')
    expect(await afterwards(running)).toEqual({ exitCode: 42, usualMode: true })
  })
  it('[attach] ctrl-C goes to the session, ctrl-] twice too', async () => {
    gateway.addShell('keys', 'bash --norc --noprofile -i')
    const running = await attach('keys')
    type(running, 'sleep 1000\r')
    await sees(running, 'sleep 1000')
    type(running, '\x03')
    await sees(running, '^C')
    type(running, '\x16\x1d\x1d')
    await sees(running, '^]')
    type(running, '\x1dd')
    expect(await afterwards(running)).toMatchObject({ exitCode: 0 })
  })
  it('[attach] a cut connection comes back: nothing lost, nothing twice, both ways', async () => {
    gateway.addShell('cut', 'bash --norc --noprofile -i')
    const running = await attach('cut')
    type(running, 'stty -echo; PS1=; for i in $(seq 1 400); do echo out-$i; sleep 0.005; done; cat\r')
    const words: string[] = []
    for (let round = 0; round < 4; round++) {
      await sees(running, `out-${(round + 1) * 40}\r`)
      gateway.cut('cut')
      for (let n = 0; n < 10; n++) {
        words.push(`in-${round}-${n}`)
        type(running, `in-${round}-${n}\r`)
      }
    }
    await sees(running, 'in-3-9\r')
    const seen = running.stdout()
    expect([...seen.matchAll(/out-(\d+)\r/g)].map(([, n]) => Number(n))).toEqual(
      Array.from({ length: 400 }, (_, i) => i + 1),
    )
    expect([...seen.matchAll(/in-\d-\d(?=\r)/g)].map(([word]) => word)).toEqual(words)
    type(running, '\x1dd')
    await afterwards(running)
  })
  it('[attach] says when the gateway is away, and tries again when told to', async () => {
    gateway.addShell('away', 'bash --norc --noprofile -i')
    const running = await attach('away')
    gateway.mode = 'away'
    gateway.cut('away')
    await sees(running, /not connected: The gateway is stopping \(draining\)\. Next try in \d+ s/)
    gateway.mode = 'open'
    type(running, 'echo ty""ped meanwhile\r\x1dr')
    await sees(running, 'typed meanwhile\r\n')
    type(running, '\x1dd')
    expect(await afterwards(running)).toMatchObject({ exitCode: 0 })
  })
  it('[attach] ctrl-C gives up while there is nothing to attach to', async () => {
    gateway.list('coming', { phase: 'Pending', reason: 'Unschedulable', message: 'No node has room.' })
    const running = startCpcOnTerminal(['attach', 'coming'], environment)
    await sees(running, 'Session coming is Pending. Unschedulable: No node has room.')
    type(running, '\x03')
    expect(await afterwards(running)).toEqual({ exitCode: 130, usualMode: true })
  })
  it('[attach] a session that is gone: 1 and why', async () => {
    const running = startCpcOnTerminal(['attach', 'nosuch'], environment)
    await sees(running, 'There is no session nosuch (no-such-session).')
    expect(running.stdout()).not.toContain('\x1b[?1000')
    expect(await afterwards(running)).toEqual({ exitCode: 1, usualMode: true })
  })
  it('[attach] a signal gives the terminal back', async () => {
    gateway.addShell('signal', 'bash --norc --noprofile -i')
    const running = startCpcOnTerminal(['attach', 'signal'], environment)
    await until('attachment', () => (gateway.sessions.get('signal')?.attachments.size ?? 0) > 0)
    type(running, 'echo re""ady\r')
    await sees(running, 'ready\r\n')
    const pid = await cpcBelow(running)
    process.kill(pid, 'SIGTERM')
    expect(await afterwards(running)).toEqual({ exitCode: 143, usualMode: true })
  })
  it('[attach] [I5] [L1] --view watches; ctrl-] t takes the keyboard', async () => {
    gateway.addShell('viewed', 'bash --norc --noprofile -i')
    const watching = await attach('viewed', '--view')
    await sees(watching, 'you are watching')
    type(watching, 'echo no""pe\r')
    const typing = startCpcOnTerminal(['attach', 'viewed'], environment)
    await until('both', () => gateway.sessions.get('viewed')?.attachments.size === 2)
    type(typing, 'echo ye""s\r')
    await sees(watching, 'yes\r\n')
    expect(watching.stdout()).not.toContain('nope')
    type(watching, '\x1dt')
    await sees(typing, 'you are watching')
    type(watching, 'echo no""w\r')
    await sees(typing, 'now\r\n')
    for (const one of [typing, watching]) type(one, '\x1dd')
    await Promise.all([afterwards(typing), afterwards(watching)])
  })
  it('[attach] [L1] [L2] ctrl-] t takes the keyboard from another', async () => {
    gateway.addShell('two', 'bash --norc --noprofile -i')
    const first = await attach('two')
    type(first, 'echo fi""rst\r')
    await sees(first, 'first\r\n')
    const second = startCpcOnTerminal(['attach', 'two'], environment)
    await sees(second, 'you are watching')
    type(second, '\x1dt')
    await sees(first, 'you are watching')
    type(second, 'echo sec""ond\r')
    await sees(first, 'second\r\n')
    for (const one of [first, second]) type(one, '\x1dd')
    await Promise.all([afterwards(first), afterwards(second)])
  })
  it('[attach] ctrl-] k keeps the session alive, ctrl-] ? helps', async () => {
    const session = gateway.addShell('kept', 'bash --norc --noprofile -i')
    const running = await attach('kept')
    await sees(running, '$ ')
    type(running, '\x1dk')
    await sees(running, 'kept alive')
    type(running, '\x1dr')
    await sees(running, 'being checked')
    type(running, '\x1d?')
    await sees(running, 'send it, ? help\x1b')
    await until('KEEP_ALIVE', () => session.keepAlives === 1)
    type(running, '\x1dd')
    await afterwards(running)
  })
})

/** The process of cpc itself: below `script`, below its shell. */
async function cpcBelow(running: Running): Promise<number> {
  const childOf = async (pid: number) => Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  return await childOf(await childOf(running.child.pid ?? 0))
}
