// What a journey does: the same programs a person would call, kubectl and cpc, and conditions to wait on.
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { execa, type Options } from 'execa'
import { stringify } from 'yaml'
import { readEnv } from './env.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const BIN_DIR = join(ROOT, '.dev/bin')
const POLL_MS = 100
const WAIT_MS = 120_000

export const env = readEnv()
export const OWNER = 'e2e'

const programEnv = {
  KUBECONFIG: env.kubeconfigPath,
  CPC_GATEWAY_URL: env.gatewayUrl,
  CPC_TOKEN_COMMAND: `'${join(BIN_DIR, 'cpc')}' token --owner ${OWNER}`,
}

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
}

async function program(name: string, args: readonly string[], options: Options = {}): Promise<Outcome> {
  const path = join(BIN_DIR, name)
  const result = await execa(path, args, {
    reject: false,
    env: programEnv,
    stdin: 'ignore',
    timeout: WAIT_MS,
    ...options,
  })
  return { stdout: String(result.stdout), stderr: String(result.stderr), exitCode: result.exitCode }
}

/** Runs `cpc` as the owner of these tests' sessions; never throws for a failed command. */
export function cpc(...args: readonly string[]): Promise<Outcome> {
  return program('cpc', args)
}

/** Runs kubectl in the sessions' namespace; never throws for a failed command. */
export function kubectl(...args: readonly string[]): Promise<Outcome> {
  return program('kubectl', ['--namespace', env.sessionNamespace, ...args])
}

/** @throws Error with what kubectl said. */
export async function mustKubectl(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await kubectl(...args)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

/** Applies an object given as data. */
export async function apply(object: object): Promise<Outcome> {
  return program('kubectl', ['--namespace', env.sessionNamespace, 'apply', '--filename', '-'], {
    input: stringify(object),
    stdin: 'pipe',
  })
}

export interface SessionStatus {
  readonly phase?: string
  readonly reason?: string
  readonly podName?: string
  readonly exitCode?: number
  readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[]
}

/** The status of a session as it is now, or undefined when it is gone. */
export async function sessionStatus(name: string): Promise<SessionStatus | undefined> {
  const { stdout, exitCode } = await kubectl('get', 'terminalsession', name, '--ignore-not-found', '--output', 'json')
  if (exitCode !== 0 || stdout === '') return undefined
  return (JSON.parse(stdout) as { status?: SessionStatus }).status ?? {}
}

/** Waits until `probe` gives a value; the last thing seen is in the error. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, waitMs = WAIT_MS): Promise<T> {
  const deadline = performance.now() + waitMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const value = await probe()
      if (value !== undefined) return value
    } catch (error) {
      last = error
    }
    await new Promise(next => setTimeout(next, POLL_MS))
  }
  throw new Error(`Waited ${waitMs} ms for: ${what}`, { cause: last })
}

export function waitForPhase(name: string, phase: string): Promise<SessionStatus> {
  return eventually(`session ${name} to be ${phase}`, async () => {
    const status = await sessionStatus(name)
    return status?.phase === phase ? status : undefined
  })
}

/** Creates a session of these tests and waits until it is Ready. */
export async function readySession(name: string, spec: object = {}): Promise<SessionStatus> {
  const manifest = {
    apiVersion: 'pocketconsole.dev/v1alpha1',
    kind: 'TerminalSession',
    metadata: { name },
    spec: { owner: OWNER, ...spec },
  }
  const applied = await apply(manifest)
  if (applied.exitCode !== 0) throw new Error(applied.stderr)
  return waitForPhase(name, 'Ready')
}

export async function removeSession(name: string): Promise<void> {
  await kubectl('delete', 'terminalsession', name, '--ignore-not-found', '--wait=false')
}
