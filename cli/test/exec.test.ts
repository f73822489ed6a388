// `cpc exec` in real shells on real ptys, through a gateway in this process.
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeSession } from './fake-attachment.ts'
import { FakeGateway } from './fake-gateway.ts'
import { endAll, runCpc, startCpc, until } from './run-cpc.ts'

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

async function exec(name: string, line: string, ...options: string[]) {
  const { exitCode, stdout, stderr } = await runCpc(['exec', ...options, name, '--', line], environment)
  return { exitCode, stdout: stdout.toString('latin1'), stderr }
}

/** The terminal of a session's shell, as `stty` outside of any exec sees it. */
async function newlinesTranslated(session: FakeSession): Promise<boolean> {
  const from = session.shell.head
  session.shell.write(Buffer.from(' stty -a | tr " ;" "\\n\\n" | grep onlcr; echo don""e\r'), () => undefined)
  const seen = () => session.shell.text.slice(Math.max(0, from - session.shell.base))
  await until('stty', () => seen().includes('done'))
  return /^onlcr/m.test(seen())
}

/** Everything must work in bash; what depends on the shell, in a plain POSIX one too. */
describe.each(['bash --norc --noprofile -i', 'dash -i'])('in %s', shell => {
  const name = shell.split(' ')[0] ?? ''
  let session: FakeSession

  beforeAll(() => {
    session = gateway.addShell(name, shell)
  })

  it('[exec] prints only the output and ends with the exit code', async () => {
    expect(await exec(name, 'echo hi')).toEqual({ exitCode: 0, stdout: 'hi\n', stderr: '' })
    expect(await exec(name, 'false')).toEqual({ exitCode: 1, stdout: '', stderr: '' })
    expect(await exec(name, '(exit 7)')).toEqual({ exitCode: 7, stdout: '', stderr: '' })
  })
  it('[exec] bytes of every value', async () => {
    const octal = Array.from({ length: 256 }, (_, i) => `\\0${i.toString(8).padStart(3, '0')}`).join('')
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1')
    expect((await exec(name, `printf %b '${octal}'`)).stdout).toBe(all)
  })
  it('[exec] a line of 6,000 characters', async () => {
    const word = 'x'.repeat(6_000)
    expect((await exec(name, `echo ${word} | wc -c`)).stdout.trim()).toBe('6001')
  })
  it('[exec] a syntax error is the shell’s to report, and the shell goes on', async () => {
    const { exitCode, stdout } = await exec(name, 'if')
    expect([exitCode, /[Ss]yntax error/.test(stdout)]).toEqual([2, true])
    expect((await exec(name, 'echo still here')).stdout).toBe('still here\n')
  })
  it('[exec] ctrl-C interrupts the line and leaves the shell as it was', async () => {
    const running = startCpc(['exec', name, '--', 'echo begun; sleep 1000'], environment)
    await until('begun', () => running.stdout().includes('begun'))
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ exitCode: 130, stdout: Buffer.from('begun\n') })
    expect(await newlinesTranslated(session)).toBe(true)
  })
  it('[exec] SIGINT that ends a child or reaches the shell ends the line: 130, no prompt, everything as it was', async () => {
    for (const line of ["echo a; sh -c 'kill -INT $$'; echo next", 'echo a; kill -INT $$; echo next']) {
      const { exitCode, stdout, stderr } = await exec(name, line)
      // The shell itself prints a line feed.
      expect([exitCode, stdout.trimEnd(), stderr]).toEqual([130, 'a', ''])
      expect(await newlinesTranslated(session)).toBe(true)
    }
    const from = session.shell.head
    session.shell.write(Buffer.from(' echo "[$PS1$PROMPT_COMMAND$__cpc_p$__cpc_q]"\r'), () => undefined)
    await until('[$ ]', () => session.shell.text.slice(Math.max(0, from - session.shell.base)).includes('[$ ]'))
  })
  it('[exec] what a cpc that was killed left behind is put right by the next', async () => {
    const running = startCpc(['exec', name, '--', 'echo begun; sleep 1000'], environment)
    await until('begun', () => running.stdout().includes('begun'))
    running.child.kill('SIGKILL')
    await running.finished
    await until('lease', () => session.attachments.size === 0)
    session.shell.write(Buffer.from('\x03'), () => undefined)
    expect((await exec(name, 'echo on')).stdout).toBe('on\n')
    expect(await newlinesTranslated(session)).toBe(true)
  })
  it('[exec] output the line redirected away takes nothing of ours with it', async () => {
    expect(await exec(name, 'exec >/dev/null')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect((await exec(name, 'echo unseen')).exitCode).toBe(0)
    await exec(name, 'exec >/dev/tty')
    expect((await exec(name, 'echo seen')).stdout).toBe('seen\n')
  })
  it('[exec] the shell itself ends: its code', async () => {
    const { exitCode, stdout } = await exec(name, 'echo bye; exit 9')
    expect([exitCode, stdout.startsWith('bye\n')]).toEqual([9, true])
  })
})

describe('the way to the shell and back', () => {
  const name = 'one'
  let session: FakeSession

  beforeAll(() => {
    session = gateway.addShell(name, 'bash --norc --noprofile -i')
  })

  it('[exec] many lines, no line feed at the end, \\r\\n, control characters, quotes', async () => {
    expect((await exec(name, 'seq 1 1000')).stdout).toBe(Array.from({ length: 1_000 }, (_, i) => `${i + 1}\n`).join(''))
    expect((await exec(name, "printf 'a\\nb'")).stdout).toBe('a\nb')
    expect((await exec(name, "printf 'a\\r\\n\\036E\\037\\n'")).stdout).toBe('a\r\n\x1eE\x1f\n')
    expect((await exec(name, `echo 'q"!$x' "it's" \\\\ ä`)).stdout).toBe(
      Buffer.from(`q"!$x it's \\ ä\n`).toString('latin1'),
    )
    expect((await exec(name, 'echo 1\necho 2 # two\necho 3')).stdout).toBe('1\n2\n3\n')
  })
  it('[exec] runs in the session’s own shell', async () => {
    await exec(name, 'cd /usr; kept=yes')
    expect((await exec(name, 'echo $kept $PWD')).stdout).toBe('yes /usr\n')
  })
  it('[exec] half a line at the prompt is not run together with ours', async () => {
    const from = session.shell.head
    session.shell.write(Buffer.from('rm -rf something'), () => undefined)
    await until('echo', () => session.shell.head > from)
    expect((await exec(name, 'echo clean')).stdout).toBe('clean\n')
  })
  it('[exec] 20 MB arrive whole', async () => {
    const line = 'head -c 20000000 /dev/zero | tr "\\0" a | fold -w 99'
    const { exitCode, stdout } = await exec(name, line)
    const expected = `${'a'.repeat(99)}\n`.repeat(202_020) + 'a'.repeat(20)
    expect([exitCode, stdout.length]).toEqual([0, expected.length])
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(createHash('sha256').update(expected).digest('hex'))
  })
  it('[exec] through a cut connection: every byte once, and the line runs once', async () => {
    const running = startCpc(
      ['exec', name, '--', 'i=0; while [ $i -lt 150 ]; do echo n$i; sleep 0.01; i=$((i+1)); done'],
      environment,
    )
    for (const mark of ['n20', 'n80']) {
      await until(mark, () => running.stdout().includes(`${mark}\n`))
      gateway.cut(name)
    }
    const { exitCode, stdout } = await running.finished
    expect(stdout.toString()).toBe(Array.from({ length: 150 }, (_, i) => `n${i}\n`).join(''))
    expect(exitCode).toBe(0)
  })
  it('[exec] --timeout interrupts: 124', async () => {
    const { exitCode, stderr } = await exec(name, 'sleep 1000', '--timeout', '1s')
    expect([exitCode, stderr.includes('longer than 1 s')]).toEqual([124, true])
    expect(await newlinesTranslated(session)).toBe(true)
  })
  it('[exec] --timeout on a line that ignores Ctrl-C says that it still runs', async () => {
    const line = "sh -c 'trap : INT; echo deaf; while [ ! -e /tmp/cpc-deaf-end ]; do sleep 0.05; done'"
    await rm('/tmp/cpc-deaf-end', { force: true })
    const { exitCode, stderr } = await exec(name, line, '--timeout', '1s')
    expect([exitCode, stderr]).toEqual([124, expect.stringContaining('did not react to Ctrl-C and still runs')])
    await writeFile('/tmp/cpc-deaf-end', '')
    expect((await exec(name, 'echo free')).stdout).toBe('free\n')
    await rm('/tmp/cpc-deaf-end')
    expect(await newlinesTranslated(session)).toBe(true)
  })
  it('[exec] whoever reads our output goes away: the line is interrupted', async () => {
    const running = startCpc(['exec', name, '--', 'while true; do echo y; done'], environment)
    await until('y', () => running.stdout().includes('y'))
    running.child.stdout.destroy()
    expect((await running.finished).exitCode).toBe(141)
    expect((await exec(name, 'echo free')).stdout).toBe('free\n')
  })
  it('[exec] a busy shell: 124, the line is not run, not even later', async () => {
    const from = session.shell.head
    session.shell.write(Buffer.from('echo as""leep; cat >/dev/null\r'), () => undefined)
    await until('asleep', () => session.shell.text.slice(from - session.shell.base).includes('asleep'))
    const { exitCode, stdout, stderr } = await exec(
      name,
      'echo must-not-run >/tmp/cpc-must-not-run',
      '--busy-wait',
      '1s',
    )
    expect([exitCode, stdout]).toEqual([124, ''])
    expect(stderr).toMatch(/busy: it did not answer within 1 s.*not run/)
    session.shell.write(Buffer.from('\x03'), () => undefined)
    expect((await exec(name, 'ls /tmp/cpc-must-not-run 2>&1 | wc -l; ls -d /tmp')).stdout).toMatch(/^ *1\n\/tmp\n$/)
  })
})

describe('sessions one cannot run a line in', () => {
  it('[exec] one that does not exist', async () => {
    expect(await exec('nosuch', 'true')).toMatchObject({
      exitCode: 1,
      stderr: 'cpc: There is no session nosuch (no-such-session). cpc ls lists yours.\n',
    })
  })
  it('[exec] one that is over', async () => {
    gateway.list('over', { phase: 'Ended', reason: 'Idle', message: 'Nobody typed.' })
    expect(await exec('over', 'true')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^cpc: Session over is Ended. Idle: Nobody typed\..*cpc rm over, then cpc create over\n$/,
      ) as string,
    })
  })
  it('[exec] one that does not become ready in time', async () => {
    gateway.list('late', { phase: 'Preparing', reason: 'ImagePull', message: 'Pulling.' })
    const { exitCode, stderr } = await exec('late', 'true', '--attach-wait', '1s')
    expect([exitCode, stderr.includes('within 1 s: Session late is Preparing. ImagePull')]).toEqual([124, true])
  })
  it('[exec] one whose keyboard somebody has, unless it is taken', async () => {
    const session = gateway.addShell('taken', 'dash -i')
    const other = startCpc(['exec', 'taken', '--', 'echo mine; sleep 1000'], environment)
    await until('mine', () => other.stdout().includes('mine'))
    expect(await exec('taken', 'true')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--takeover') as string,
    })
    const taken = exec('taken', 'echo ours', '--takeover', '--busy-wait', '1s')
    expect(await other.finished).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('took the keyboard') as string,
    })
    session.shell.write(Buffer.from('\x03'), () => undefined)
    await taken
  })
})
