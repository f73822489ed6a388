// Processes of this machine, read from /proc, and the ending of those that are known by identity.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { listeningPorts, parseStat, readQueues, type ProcessIdentity } from '../core/process-identity.ts'
import { readIfPresent } from './files.ts'

const POLL_MS = 50

let bootIdOnce: Promise<string> | undefined

/** Names this boot of the machine. */
async function bootId(): Promise<string> {
  bootIdOnce ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(text => text.trim())
  return bootIdOnce
}

async function procFile(pid: number, name: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => undefined)
}

/** The identity of a living process, or undefined when there is none of that number. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const text = await procFile(pid, 'stat')
  const stat = text === undefined ? undefined : parseStat(text)
  if (stat === undefined || stat.state === 'Z') return undefined
  return { pid, startTicks: stat.startTicks, bootId: await bootId() }
}

/** Whether exactly this process still lives. */
export async function lives(identity: ProcessIdentity): Promise<boolean> {
  const found = await identify(identity.pid)
  return found?.startTicks === identity.startTicks && found.bootId === identity.bootId
}

/** Sends a signal to exactly this process; nothing happens when it has ended. */
export async function signal(identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> {
  if (await lives(identity)) killNumber(identity.pid, name)
}

/** Sends a signal to a process number; that it has ended meanwhile is fine. */
export function killNumber(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a condition holds; false when it does not within `timeoutMs`. */
export async function waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    if (await condition()) return true
    if (performance.now() > endMs) return false
    await sleep(POLL_MS)
  }
}

/** Asks a process to end, and makes it end after `graceMs`. */
export async function end(identity: ProcessIdentity, graceMs: number): Promise<void> {
  await signal(identity, 'SIGTERM')
  const gone = async (): Promise<boolean> => !(await lives(identity))
  if (await waitUntil(gone, graceMs)) return
  await signal(identity, 'SIGKILL')
  await waitUntil(gone, graceMs)
}

/** The program and arguments of a process, without its directory; empty when it has ended. */
export async function commandLine(pid: number): Promise<string> {
  return ((await procFile(pid, 'cmdline')) ?? '').replaceAll('\0', ' ').trim()
}

/** TCP ports on which somebody listens in the network namespace of a process. */
export async function portsAround(pid: number): Promise<Set<number>> {
  const tables = await Promise.all([procFile(pid, 'net/tcp'), procFile(pid, 'net/tcp6')])
  return new Set(tables.flatMap(table => [...listeningPorts(table ?? '')]))
}

/** Netfilter queues that are read in the network namespace of a process. */
export async function queuesAround(pid: number): Promise<Set<number>> {
  return readQueues((await readIfPresent(`/proc/${pid}/net/netfilter/nfnetlink_queue`)) ?? '')
}
