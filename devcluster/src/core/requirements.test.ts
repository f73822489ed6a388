import { describe, expect, it } from 'vitest'
import { judge, seccompLibrary, tools, type Machine } from './requirements.ts'

const gibibyte = 1024 ** 3
const wanted = { gatewayPort: 7080, stateDir: '/state', cacheDir: '/cache', everythingBuilt: false }
function disk(freeGibibytes: number, isOverlay = false) {
  return { freeBytes: freeGibibytes * gibibyte, isOverlay }
}

const machine: Machine = {
  platform: 'linux',
  userId: 0,
  missing: [],
  hasApt: true,
  hasGo: true,
  disks: { state: disk(50), cache: disk(50) },
  gatewayPortHolder: undefined,
}

function problemsOf(changes: Partial<Machine>): string {
  const verdict = judge({ ...machine, ...changes }, wanted)
  return verdict.kind === 'impossible' ? verdict.problems.join('\n') : verdict.kind
}

describe('judge', () => {
  it('[D7] lets a complete machine pass', () => {
    expect(judge(machine, wanted)).toEqual({ kind: 'ready' })
  })

  it('[D7] installs each missing package once', () => {
    const missing = [...tools.filter(tool => tool.command === 'pkg-config'), seccompLibrary]
    expect(judge({ ...machine, missing }, wanted)).toEqual({
      kind: 'install',
      packages: ['pkg-config', 'libseccomp-dev'],
    })
  })

  it.each<[string, Partial<Machine>, string[]]>([
    ['not root', { userId: 1000 }, ['root', 'sudo -E']],
    ['no Go', { hasGo: false }, ['go is missing', 'https://go.dev/dl']],
    ['not Linux', { platform: 'darwin' }, ['Linux', 'Docker']],
    ['a taken port', { gatewayPortHolder: 'process 7 (nginx)' }, ['7080', 'process 7 (nginx)', 'CPC_GATEWAY_PORT']],
    [
      'a full state disk',
      { disks: { state: disk(1), cache: disk(50) } },
      ['/state', '1.0 GiB free', '2.0 GiB', 'CPC_STATE_DIR'],
    ],
    ['a full cache disk', { disks: { state: disk(50), cache: disk(1) } }, ['/cache', '8.0 GiB', 'CPC_CACHE_DIR']],
    [
      'a container’s own disk',
      { disks: { state: disk(50, true), cache: disk(50) } },
      ['/state', 'overlay', 'CPC_STATE_DIR'],
    ],
    [
      'no iptables and no apt',
      { hasApt: false, missing: tools.filter(tool => tool.command === 'iptables') },
      ['iptables is missing', 'package manager'],
    ],
  ])('[D7] says what is wrong and what to do: %s', (_, changes, words) => {
    for (const word of words) expect(problemsOf(changes)).toContain(word)
  })

  it('[D7] names every problem at once', () => {
    const all = problemsOf({ userId: 1, hasGo: false, gatewayPortHolder: 'x' }).split('\n')
    expect(all).toHaveLength(3)
  })

  it('[D7] needs less room once everything is built', () => {
    const little = { ...machine, disks: { state: disk(50), cache: disk(2) } }
    expect(judge(little, { ...wanted, everythingBuilt: true })).toEqual({ kind: 'ready' })
  })
})
