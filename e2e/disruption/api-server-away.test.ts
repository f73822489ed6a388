// Journey: the API server is away for half a minute. Shells go on, nothing crashes, everything comes back by itself.
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTerminal, sees } from '../src/terminal.ts'
import { cpc, env, eventually, kubectl, readySession, removeSession, uniqueName } from '../src/world.ts'

const DEVCLUSTER = resolve(import.meta.dirname, '../../devcluster/src/main.ts')
const AWAY_MS = 30_000
const name = uniqueName('away')

async function devcluster(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('node', [DEVCLUSTER, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { CPC_STATE_DIR: env.stateDir },
  })
  return stdout
}

async function apiServerPid(): Promise<number | undefined> {
  const row = (await devcluster('status')).split('\n').find(line => line.includes('kube-apiserver'))
  return row === undefined ? undefined : Number(/\s(\d+)\s/.exec(row)?.[1])
}

async function restarts(): Promise<string> {
  const path = 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].restartCount}{"\\n"}{end}'
  return (await kubectl('get', 'pods', '--namespace', 'pocket-console', '--output', path)).stdout
}

// Only our own cluster's API server is ours to end.
const pid = env.kubeconfigPath.startsWith(join(env.stateDir, '/')) ? await apiServerPid() : undefined

describe.runIf(pid !== undefined)('the API server is away for 30 s', () => {
  beforeAll(() => readySession(name))
  afterAll(() => removeSession(name))

  test('the shell goes on, the terminal comes back to it, and no program of ours restarts', async () => {
    const before = await restarts()
    const terminal = await openTerminal(name, { lossless: false })
    await terminal.type('stty -echo; PS1=; (for i in $(seq 300); do echo tick $i; sleep 0.2; done) & echo shell=$$\n')
    const shell = (await sees(terminal, /shell=(\d+)\r\n/))[1]
    await sees(terminal, /tick 5\r\n/)

    process.kill(Number(pid), 'SIGKILL')
    const refused = cpc('create', uniqueName('never'))
    await new Promise(next => setTimeout(next, AWAY_MS))
    expect((await refused).exitCode).not.toBe(0)
    expect((await refused).stderr).not.toMatch(/at .*\.ts:\d+/)
    await devcluster('up')

    await terminal.type('echo again=$$\n')
    expect((await sees(terminal, /again=(\d+)\r\n/))[1]).toBe(shell)
    await sees(terminal, /tick 300\r\n/)
    const ticks = [
      ...terminal
        .output()
        .toString('latin1')
        .matchAll(/tick (\d+)\r\n/g),
    ].map(match => Number(match[1]))
    expect(ticks).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
    expect(await restarts()).toBe(before)
    terminal.client.detach()
  })

  test('sessions made afterwards become Ready', async () => {
    const next = uniqueName('after')
    await eventually('a new session', () => readySession(next))
    await removeSession(next)
  })
})
