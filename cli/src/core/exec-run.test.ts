// `cpc exec` without a session: what it types, prints and ends with.
import { describe, expect, it } from 'vitest'
import type { ExecEffect, ExecEvent, ExecPlan } from './exec-run.ts'
import { startExec, stepExec } from './exec-run.ts'

const NONCE = 'n0'
const PLAN: ExecPlan = {
  name: 'demo',
  line: new TextEncoder().encode('echo hi'),
  nonce: NONCE,
  busyWaitMs: 10_000,
  attachWaitMs: 60_000,
}
/** stty -g of a terminal that turns \n into \r\n. */
const TRANSLATING = '500:5:bf:8a3b:3:1c'

class Bench {
  private state
  effects: ExecEffect[] = []

  constructor(plan: Partial<ExecPlan> = {}) {
    this.state = startExec({ ...PLAN, ...plan })
    this.do({ type: 'start' })
  }

  do(event: ExecEvent): this {
    ;[this.state, this.effects] = stepExec(this.state, event)
    return this
  }

  says(text: string): this {
    return this.do({ type: 'output', bytes: new TextEncoder().encode(text) })
  }

  marks(text: string): this {
    return this.says(`\x1e${text}\x1f`)
  }

  /** Attached, probed, and running the line. */
  running(stty = TRANSLATING): this {
    return this.do({ type: 'attached', lease: 1 }).marks(`P${NONCE} ${stty} `).marks(`B${NONCE}`)
  }

  get typed(): string {
    return this.effects.map(effect => (effect.type === 'type' ? effect.text : '')).join('')
  }

  get printed(): string {
    return this.effects.map(effect => (effect.type === 'print' ? new TextDecoder().decode(effect.bytes) : '')).join('')
  }

  get finish() {
    return this.effects.find(effect => effect.type === 'finish')
  }

  timerMs(name: string): number | undefined {
    return this.effects.flatMap(effect =>
      effect.type === 'start-timer' && effect.timer === name ? [effect.ms] : [],
    )[0]
  }
}

describe('the way of a line', () => {
  it('[exec] types a probe first, and the line only when the shell has answered', () => {
    const bench = new Bench().do({ type: 'attached', lease: 1 })
    expect(bench.typed).toContain('stty -g')
    expect(bench.typed).not.toContain('echo hi')
    expect(bench.timerMs('answer')).toBe(10_000)
    expect(bench.marks(`P${NONCE} ${TRANSLATING} `).typed).toMatch(
      /echo hi.*stty -onlcr.*command eval.*stty onlcr.*E\S+ \$__cpc/,
    )
  })
  it('[exec] prints what is between the markers and ends with the status', () => {
    const bench = new Bench().says('old output $ ').running()
    expect(bench.says('hi\n').printed).toBe('hi\n')
    expect(bench.marks(`E${NONCE} 7`).finish).toEqual({ type: 'finish', exitCode: 7, sentence: undefined })
    expect(bench.says('$ ').effects).toEqual([])
  })
  it('[exec] nothing typed contains a marker, so an echo is none', () => {
    const bench = new Bench({ line: new TextEncoder().encode('printf "\x1eE\x1f\x03\r\n"') }).do({
      type: 'attached',
      lease: 1,
    })
    const typed = [bench.typed, bench.marks(`P${NONCE} ${TRANSLATING} `).typed].join('')
    for (const control of ['\x1e', '\x1f', '\x03', '\n']) expect(typed).not.toContain(control)
  })
  it('[exec] a long line is typed piece by piece, each after the answer to the one before', () => {
    const bench = new Bench({ line: new Uint8Array(5_000).fill(0x61) }).do({ type: 'attached', lease: 1 })
    bench.marks(`P${NONCE} ${TRANSLATING} `)
    const lines: string[] = []
    while (!bench.typed.includes(`B${NONCE}`)) {
      expect(bench.typed.length).toBeLessThan(1_023)
      lines.push(bench.typed)
      bench.marks(`C${NONCE}`)
    }
    expect(bench.typed.length).toBeLessThan(1_023)
    expect(
      lines
        .join('')
        .match(/a{100,}/g)
        ?.join(''),
    ).toBe('a'.repeat(5_000))
  })
  it('[exec] without stty, \\r\\n becomes \\n', () => {
    const bench = new Bench().running('')
    expect(bench.typed).not.toContain('stty -onlcr')
    expect([bench.says('a\r').printed, bench.says('\nb\r').printed]).toEqual(['a', '\nb'])
    expect(bench.marks(`E${NONCE} 0`).printed).toBe('\r')
  })
  it('[exec] a terminal that does not translate is left alone', () => {
    const bench = new Bench().do({ type: 'attached', lease: 1 }).marks(`P${NONCE} 500:1:bf:8a3b:3 `)
    expect(bench.typed).not.toContain('stty -onlcr')
    expect(bench.marks(`B${NONCE}`).says('a\r\nb').printed).toBe('a\r\nb')
  })
  it('[exec] zsh is not asked for `command`', () => {
    expect(new Bench().do({ type: 'attached', lease: 1 }).marks(`P${NONCE} ${TRANSLATING} zsh`).typed).not.toContain(
      'command eval',
    )
  })
})

describe('what can go wrong', () => {
  it('[exec] a busy shell: 124, and the line is not typed', () => {
    const bench = new Bench().do({ type: 'attached', lease: 1 }).do({ type: 'timer', timer: 'answer' })
    expect(bench.finish).toMatchObject({
      exitCode: 124,
      sentence: expect.stringMatching(/busy.*10 s.*not run/) as string,
    })
  })
  it('[exec] the wait for an answer starts anew after a reconnect', () => {
    const bench = new Bench().do({ type: 'attached', lease: 1 }).do({ type: 'disconnected', cause: 'x' })
    expect(bench.effects).toEqual([{ type: 'stop-timer', timer: 'answer' }])
    expect(bench.do({ type: 'attached', lease: 1 }).timerMs('answer')).toBe(10_000)
    expect(bench.typed).toBe('')
  })
  it('[exec] never attached: 124, with the last cause', () => {
    const bench = new Bench()
      .do({ type: 'disconnected', cause: 'Session demo is Pending.' })
      .do({ type: 'timer', timer: 'attach' })
    expect(bench.finish).toMatchObject({ exitCode: 124, sentence: expect.stringMatching(/60 s.*Pending/) as string })
  })
  it('[exec] the keyboard is taken', () => {
    expect(new Bench().do({ type: 'attached', lease: 0 }).finish).toMatchObject({
      exitCode: 1,
      sentence: expect.stringContaining('--takeover') as string,
    })
    const refused = { kind: 'closed', code: 4403, reason: 'Needs the lease.', error: 'lease-needed' } as const
    expect(new Bench().do({ type: 'ended', end: refused }).finish).toMatchObject({
      exitCode: 1,
      sentence: expect.stringContaining('--takeover') as string,
    })
    expect(new Bench().running().do({ type: 'attached', lease: 0 }).finish).toMatchObject({
      sentence: expect.stringContaining('may still be running') as string,
    })
  })
  it('[exec] the shell itself ends: its code', () => {
    const end = { kind: 'exit', exit: { reason: 'Exited', exitCode: 9, outHead: 0 } } as const
    expect(new Bench().running().do({ type: 'ended', end }).finish).toMatchObject({ exitCode: 9, sentence: undefined })
  })
  it('[exec] output lost while it runs is an error; before, it is not ours', () => {
    expect(new Bench().do({ type: 'output-lost', bytesLost: 5 }).effects).toEqual([])
    expect(new Bench().running().do({ type: 'output-lost', bytesLost: 5 }).finish).toMatchObject({ exitCode: 1 })
  })
  it('[exec] input of which nobody knows whether it arrived is an error', () => {
    expect(new Bench().running().do({ type: 'input-lost' }).finish).toMatchObject({ exitCode: 1 })
  })
  it('[exec] an interrupt types ctrl-C, cleans up, and ends with its code', () => {
    const bench = new Bench().running().do({ type: 'interrupt', exitCode: 130 })
    expect(bench.typed).toBe('\x03')
    expect(bench.says('^C').printed).toBe('')
    expect(bench.do({ type: 'timer', timer: 'interrupt' }).typed).toContain('stty onlcr')
    expect(bench.marks(`I${NONCE}`).finish).toMatchObject({ exitCode: 130 })
  })
  it('[exec] a program that ignores ctrl-C is left to itself in the end, or at the second interrupt', () => {
    const bench = new Bench().running().do({ type: 'interrupt', exitCode: 130 })
    for (let times = 0; times < 3; times++) {
      expect(bench.finish).toBeUndefined()
      bench.do({ type: 'timer', timer: 'interrupt' })
    }
    expect(bench.finish ?? bench.do({ type: 'timer', timer: 'interrupt' }).finish).toMatchObject({ exitCode: 130 })
    const twice = new Bench()
      .running()
      .do({ type: 'interrupt', exitCode: 130 })
      .do({ type: 'interrupt', exitCode: 143 })
    expect(twice.finish).toMatchObject({ exitCode: 143 })
  })
  it('[exec] a line the shell dropped ends at the prompt: its status, after a clean-up, without what is printed then', () => {
    const bench = new Bench().running().marks(`J${NONCE} 130`)
    expect(bench.typed).toContain('stty onlcr')
    expect(bench.says('$ ').printed).toBe('')
    expect(bench.marks(`I${NONCE}`).finish).toEqual({ type: 'finish', exitCode: 130, sentence: undefined })
    const unexpanded = new Bench().running().marks(`J${NONCE} $?`).marks(`I${NONCE}`)
    expect(unexpanded.finish).toMatchObject({ exitCode: 130 })
  })
  it('[exec] says that the line was interrupted only when the shell answered', () => {
    const late = () => new Bench({ timeoutMs: 5_000 }).running().do({ type: 'timer', timer: 'total' })
    const deaf = late()
    for (let times = 0; times < 3; times++) deaf.do({ type: 'timer', timer: 'interrupt' })
    expect(deaf.finish).toMatchObject({
      exitCode: 124,
      sentence: expect.stringMatching(/did not react to Ctrl-C and still runs/) as string,
    })
    expect(late().marks(`E${NONCE} 0`).finish).toMatchObject({
      exitCode: 124,
      sentence: expect.stringContaining('was interrupted') as string,
    })
    expect(
      new Bench({ timeoutMs: 5_000 }).do({ type: 'attached', lease: 1 }).do({ type: 'timer', timer: 'total' }).finish,
    ).toMatchObject({ sentence: expect.stringContaining('was not run') as string })
  })
  it('[exec] --timeout interrupts and says so', () => {
    const bench = new Bench({ timeoutMs: 5_000 })
    expect(bench.timerMs('total')).toBe(5_000)
    bench.running().do({ type: 'timer', timer: 'total' }).marks(`I${NONCE}`)
    expect(bench.finish).toMatchObject({ exitCode: 124, sentence: expect.stringContaining('5 s') as string })
  })
})
