// The command line as a process, against a gateway in this one: arguments, sentences, exit codes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeGateway } from './fake-gateway.ts'
import { endAll, runCpc } from './run-cpc.ts'

const gateway = new FakeGateway()
let environment: Record<string, string>

beforeAll(async () => {
  await gateway.start()
  gateway.list('demo', { spec: { image: 'debian' } })
  environment = { CPC_GATEWAY_URL: gateway.url, CPC_TOKEN: 'secret-token' }
})
afterAll(async () => {
  endAll()
  await gateway.stop()
})

async function cpc(...args: string[]) {
  const { exitCode, stdout, stderr } = await runCpc(args, environment)
  return { exitCode, stdout: stdout.toString(), stderr }
}

describe('sessions', () => {
  it('[cli] ls prints a table, and an array with --json', async () => {
    expect((await cpc('ls')).stdout).toMatch(/^NAME .*\ndemo +Ready/)
    expect(JSON.parse((await cpc('ls', '--json')).stdout)).toMatchObject([{ id: 'demo', phase: 'Ready' }])
    expect(gateway.seen.at(-1)?.authorization).toBe('Bearer secret-token')
  })
  it('[cli] get prints one session', async () => {
    expect((await cpc('get', 'demo')).stdout).toMatch(/phase +Ready/)
    expect(JSON.parse((await cpc('get', 'demo', '--json')).stdout)).toMatchObject({ id: 'demo' })
  })
  it('[cli] create sends what was said, with an Idempotency-Key, and prints the name', async () => {
    const { stdout, exitCode } = await cpc('create', 'new-one', '--cpu', '250m', '--idle', '90s', '--', 'sleep', '-x')
    expect([stdout, exitCode]).toEqual(['new-one\n', 0])
    const request = gateway.seen.find(({ method }) => method === 'POST')
    expect(request?.body).toEqual({
      name: 'new-one',
      command: ['sleep', '-x'],
      resources: { cpu: '250m' },
      idleTimeoutSeconds: 90,
    })
    expect(request?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/)
  })
  it('[cli] create --wait ends with 124 and the reason when the session does not become ready', async () => {
    const { exitCode, stderr, stdout } = await cpc('create', 'slow', '--wait', '--wait-timeout', '1s')
    expect([exitCode, stdout]).toEqual([124, ''])
    expect(stderr).toMatch(/Not ready after 1 s\. Session slow is Pending\. Unschedulable: No node has room\./)
  })
  it('[cli] create --wait ends at once when it never will', async () => {
    gateway.list('dead', { phase: 'Failed', reason: 'ImageError', message: 'No such image.' })
    gateway.listed.delete('to-die')
    const waiting = runCpc(['create', 'to-die', '--wait'], environment)
    const fail = setInterval(() => {
      if (gateway.listed.has('to-die')) gateway.list('to-die', { phase: 'Failed', reason: 'ImageError' })
    }, 20)
    const { exitCode, stderr } = await waiting
    clearInterval(fail)
    expect([exitCode, stderr.includes('Failed. ImageError')]).toEqual([1, true])
  })
  it('[cli] rm deletes what it can and reports the rest', async () => {
    gateway.list('one')
    gateway.list('two')
    const { exitCode, stdout, stderr } = await cpc('rm', 'one', 'nosuch', 'two')
    expect([exitCode, stdout]).toEqual([1, 'one\ntwo\n'])
    expect(stderr).toBe('cpc: There is no session nosuch (no-such-session). cpc ls lists yours.\n')
  })
  it('[cli] create with a name that is taken says by what, and how to free it', async () => {
    gateway.list('over', { phase: 'Ended' })
    expect(await cpc('create', 'over')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/\(name-taken\).*is Ended.*cpc rm over/) as string,
    })
    expect((await cpc('create', 'demo')).stderr).toMatch(/yours and Ready: cpc attach demo/)
  })
  it('[cli] whoami tells owner and issuer', async () => {
    expect((await cpc('whoami')).stdout).toBe('dev, by test, until 2030-01-01T00:00:00Z\n')
  })
})

describe('mistakes', () => {
  it.each([
    [['bogus'], /unknown command/],
    [['get'], /missing required argument/],
    [['ls', '--bogus'], /unknown option/],
    [['create', 'x', '--idle', 'soon'], /--idle soon is no duration/],
    [['create', 'x', '--idle', '1'], /--idle 1 is out of range; it must be from 10s to 1d/],
    [['exec', 'demo', 'ls', '-l'], /unknown option '-l'[^]*behind --/],
    [['create', 'x', '--wait-timeout', 'soon'], /--wait-timeout soon/],
    [['token'], /--owner/],
    [['token', '--owner', 'dev', '--ttl', '13h'], /between 1s and 12h/],
    [['token', '--owner', 'a b'], /--owner must be/],
    [['exec', 'demo', '--timeout', 'soon', '--', 'true'], /--timeout soon/],
    [['exec', 'demo', '--', 'x'.repeat(70_000)], /65536 are allowed/],
    [['attach', 'demo'], /needs a terminal.*cpc exec demo/],
  ])('[cli] %j: exit code 2 and a sentence', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await cpc(...args)
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
  })
  it('[cli] help goes to stdout with exit code 0', async () => {
    const { exitCode, stdout } = await cpc('--help')
    expect([exitCode, stdout.includes('CPC_TOKEN_COMMAND')]).toEqual([0, true])
  })
  it('[cli] no gateway, a wrong one, or one that is away: 1 and what to do', async () => {
    const at = async (url: string) => await runCpc(['ls'], { CPC_GATEWAY_URL: url, CPC_TOKEN: 'x' })
    expect(await at('')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('CPC_GATEWAY_URL') as string })
    expect(await at('nonsense')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no http or https') as string,
    })
    expect((await at(gateway.url.replace('http:', 'https:'))).stderr).toMatch(/does not speak https.*http:\/\/\.\n$/)
    expect(await at('http://127.0.0.1:9')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cannot be reached') as string,
    })
  })
})

describe('tokens', () => {
  it('[cli] CPC_TOKEN_COMMAND is a shell command', async () => {
    const { exitCode } = await runCpc(['ls'], { CPC_GATEWAY_URL: gateway.url, CPC_TOKEN_COMMAND: 'echo from-$((1+1))' })
    expect([exitCode, gateway.seen.at(-1)?.authorization]).toEqual([0, 'Bearer from-2'])
  })
  it.each([
    ['echo "two words"', /gave no token/],
    ['true', /gave no token, but nothing/],
    ['false', /ended with code 1 and printed nothing/],
    ['echo why >&2; exit 3', /failed .*: why/],
  ])('[cli] %j: 1 and why', async (command, why) => {
    const { exitCode, stderr } = await runCpc(['ls'], { CPC_GATEWAY_URL: gateway.url, CPC_TOKEN_COMMAND: command })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(why)
  })
  it('[cli] without any: 1 and what to set', async () => {
    const { exitCode, stderr } = await runCpc(['ls'], { CPC_GATEWAY_URL: gateway.url })
    expect([exitCode, stderr.includes('CPC_TOKEN_COMMAND')]).toEqual([1, true])
  })
})
