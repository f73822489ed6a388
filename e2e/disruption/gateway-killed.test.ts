// Journey: a long-running command while the gateway is killed again and again. Nothing is lost, nothing comes twice.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTerminal, sees, type Terminal } from '../src/terminal.ts'
import { env, eventually, kubectl, mustKubectl, readySession, removeSession, uniqueName } from '../src/world.ts'

const name = uniqueName('killed')
const LINES_OUT = 20_000
const LINES_IN = 400
const KILLS = 3

beforeAll(() => readySession(name))
afterAll(() => removeSession(name))

/** Prints numbered lines on its own and repeats what it is told: a stream in each direction that shows every loss. */
const program = `
import sys, threading, time
lock = threading.Lock()
def say(text):
    with lock:
        sys.stdout.write(text + "\\n"); sys.stdout.flush()
def count():
    for number in range(1, ${LINES_OUT} + 1):
        say("out %d" % number)
        if number % 20 == 0: time.sleep(0.02)
    say("out done")
threading.Thread(target=count).start()
for line in sys.stdin:
    say("got " + line.strip())
    if line.strip() == "${LINES_IN}": break
`

/** 32 MiB in pieces of 64 characters. */
const BLOCKS = 512 * 1024

/** A program that does `each` with one piece after the other, between BEGIN and END. */
function manyBytes(each: string): string {
  const loop = `[(${each}) for piece in (hashlib.sha256(b"%d" % block).hexdigest() for block in range(${BLOCKS}))]`
  return `import sys, hashlib; digest = hashlib.sha256(); sys.stdout.write("BEGIN"); any(${loop}); sys.stdout.write("END")`
}

async function gatewayPods(): Promise<string[]> {
  const args = [
    'get',
    'pods',
    '--namespace',
    'pocket-console',
    '--selector',
    'app.kubernetes.io/component=gateway',
    '--output',
    'name',
  ]
  return (await mustKubectl(...args)).split('\n').filter(line => line !== '')
}

async function killGateways(): Promise<void> {
  for (const pod of await gatewayPods()) {
    await kubectl('delete', pod, '--namespace', 'pocket-console', '--grace-period=0', '--force')
  }
}

function numbered(terminal: Terminal, word: string): number[] {
  const text = terminal.output().toString('latin1')
  return [...text.matchAll(new RegExp(String.raw`(?<=\n)${word} (\d+)\r\n`, 'g'))].map(match => Number(match[1]))
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe('the gateway is killed while a program runs', () => {
  test('[I2] [P1] every line arrives exactly once, in both directions, in the same shell', async () => {
    const terminal = await openTerminal(name, { lossless: false })
    await terminal.type('stty -echo; PS1=; echo shell=$$\n')
    const before = (await sees(terminal, /shell=(\d+)\r\n/))[1]
    await terminal.type(`python3 -c '${program}'; echo shell-after=$$\n`)
    await sees(terminal, /\nout 100\r\n/)

    let typed = 0
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const connectionsBefore = terminal.connections()
      await killGateways()
      const until = Math.floor((LINES_IN * kill) / KILLS)
      while (typed < until) await terminal.type(`${(typed += 1)}\n`)
      await eventually('the terminal to be back', () => {
        const back = terminal.connections() > connectionsBefore && terminal.client.status.phase === 'attached'
        return Promise.resolve(back || undefined)
      })
    }

    const after = (await sees(terminal, /shell-after=(\d+)\r\n/))[1]
    expect(after).toBe(before)
    expect(numbered(terminal, 'out')).toEqual(upTo(LINES_OUT))
    expect(numbered(terminal, 'got')).toEqual(upTo(LINES_IN))
    expect(terminal.reports.filter(({ kind }) => kind === 'gap' || kind === 'input-lost')).toEqual([])
    terminal.client.detach()
  })

  test('[P6] 32 MiB arrive byte for byte on a lossless attachment', async () => {
    const terminal = await openTerminal(name, { lossless: true })
    await terminal.type(`stty -echo -opost; PS1=; clear; python3 -c '${manyBytes('sys.stdout.write(piece)')}'\n`)
    await sees(terminal, /BEGIN[0-9a-f]{65536}/)
    await killGateways()
    const output = await eventually('all of it', () => {
      const all = terminal.output()
      return Promise.resolve(all.includes('END') ? all : undefined)
    })
    const sent = output.subarray(output.indexOf('BEGIN') + 5, output.indexOf('END'))
    expect(sent.length).toBe(BLOCKS * 64)
    const ours = createHash('sha256').update(sent).digest('hex')
    await terminal.type(`python3 -c '${manyBytes('digest.update(piece.encode())')}; print(digest.hexdigest())'\n`)
    expect((await sees(terminal, /END([0-9a-f]{64})\n/))[1]).toBe(ours)
    terminal.client.detach()
  })
})

test('the gateway is there again for whoever comes next', async () => {
  await eventually('the gateway to answer', async () => {
    const response = await fetch(`${env.gatewayUrl}/api/v1/health`)
    return response.ok || undefined
  })
})
