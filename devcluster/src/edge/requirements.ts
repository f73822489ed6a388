// Looks at the machine, installs the Debian packages it lacks, and refuses with clear words what cannot work.
import { access, constants, readdir, readlink, statfs } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { judge, seccompLibrary, tools, type Disk, type Machine, type Tool, type Wanted } from '../core/requirements.ts'
import { readIfPresent } from './files.ts'
import { commandLine, portsAround } from './process-table.ts'
import { step } from './progress.ts'
import { run, succeeds } from './run.ts'

const INSTALL_TIMEOUT_MS = 10 * 60_000
/** What statfs says of an overlay file system (linux/magic.h). */
const OVERLAY_MAGIC = 0x79_4c_76_30
const SYSTEM_DIRS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

async function onPath(command: string, path: string): Promise<boolean> {
  for (const dir of [...path.split(delimiter), ...SYSTEM_DIRS]) {
    const found = await access(join(dir, command), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** The nearest folder that exists already, at or above a path. */
async function existing(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  return there ? path : existing(dirname(path))
}

async function diskOf(path: string): Promise<Disk> {
  const found = await statfs(await existing(path))
  return { freeBytes: found.bavail * found.bsize, isOverlay: found.type === OVERLAY_MAGIC }
}

async function missingTools(path: string): Promise<Tool[]> {
  const present = await Promise.all(tools.map(tool => onPath(tool.command, path)))
  const missing = tools.filter((_, index) => !present[index])
  const hasSeccomp = await succeeds('pkg-config', ['--exists', 'libseccomp'])
  return hasSeccomp ? missing : [...missing, seccompLibrary]
}

/** Sockets that listen on a port, as inode numbers. */
async function listeningInodes(port: number): Promise<Set<string>> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(['tcp', 'tcp6'].map(name => readIfPresent(`/proc/self/net/${name}`)))
  const rows = tables.flatMap(table => (table ?? '').split('\n').map(line => line.trim().split(/\s+/)))
  return new Set(rows.filter(row => row[1]?.endsWith(`:${hex}`) && row[3] === '0A').map(row => row[9] ?? ''))
}

async function holdsAny(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const dir = `/proc/${pid}/fd`
  const names = await readdir(dir).catch(() => [])
  const targets = await Promise.all(names.map(name => readlink(join(dir, name)).catch(() => '')))
  return targets.some(target => inodes.has(target.replace('socket:[', '').replace(']', '')))
}

/** Who listens on a port of this machine, in words; undefined when nobody does, or one of `ours`. */
async function portHolder(port: number, ours: readonly number[]): Promise<string | undefined> {
  if (!(await portsAround(process.pid)).has(port)) return undefined
  const inodes = await listeningInodes(port)
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    if (!(await holdsAny(pid, inodes))) continue
    return ours.includes(Number(pid)) ? undefined : `process ${pid} (${await commandLine(Number(pid))})`
  }
  return 'a process that cannot be seen from here'
}

export interface Look {
  readonly wanted: Wanted
  readonly searchPath: string
  /** Processes of this cluster; they may hold the gateway's port. */
  readonly ourPids: readonly number[]
}

async function inspect({ wanted, searchPath, ourPids }: Look): Promise<Machine> {
  return {
    platform: process.platform,
    userId: process.getuid?.() ?? -1,
    missing: await missingTools(searchPath),
    hasApt: await onPath('apt-get', searchPath),
    hasGo: await onPath('go', searchPath),
    disks: { state: await diskOf(wanted.stateDir), cache: await diskOf(wanted.cacheDir) },
    gatewayPortHolder: await portHolder(wanted.gatewayPort, ourPids),
  }
}

async function install(packages: readonly string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  const options = { environment, timeoutMs: INSTALL_TIMEOUT_MS }
  const retries = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120']
  await run('apt-get', [...retries, 'update'], options)
  await run('apt-get', [...retries, 'install', '--yes', '--no-install-recommends', ...packages], options)
}

/**
 * Makes the machine ready.
 * @throws with every problem at once when it cannot be
 */
export async function ensureRequirements(look: Look): Promise<void> {
  const verdict = judge(await inspect(look), look.wanted)
  if (verdict.kind === 'ready') return
  if (verdict.kind === 'impossible') throw new Error(verdict.problems.join('\n'))
  await step(`install ${verdict.packages.join(' ')}`, () => install(verdict.packages))
  const after = judge(await inspect(look), look.wanted)
  if (after.kind === 'impossible') throw new Error(after.problems.join('\n'))
  if (after.kind === 'install') {
    throw new Error(`apt-get did not bring ${after.packages.join(' ')}; install it by hand and try again.`)
  }
}
