import { describe, expect, it } from 'vitest'
import { listeningPorts, parseStat, readQueues } from './process-identity.ts'

const fields = 'S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 424242 20 21'

describe('parseStat', () => {
  it.each(['(bash)', '(a b)', '(x) S 1)', '(((', '()'])(
    '[D3] finds state and start time behind the command %s',
    name => {
      expect(parseStat(`77 ${name}${name.endsWith(')') ? '' : ')'} ${fields}\n`)).toEqual({
        state: 'S',
        startTicks: '424242',
      })
    },
  )

  it('[D3] gives nothing for a line that is cut off', () => {
    expect(parseStat('77 (bash) S 1 2')).toBeUndefined()
  })
})

describe('listeningPorts', () => {
  it('[D2] takes listening sockets of both families and no connections', () => {
    const header = '  sl  local_address rem_address   st'
    const rows = [
      '   0: 0100007F:094B 00000000:0000 0A 00000000:00000000',
      '   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000',
      '   2: 00000000000000000000000000000000:280A 00000000000000000000000000000000:0000 0A 0',
      '',
    ]
    expect(listeningPorts([header, ...rows].join('\n'))).toEqual(new Set([2379, 10_250]))
  })
})

describe('readQueues', () => {
  it('[D30] reads queue numbers', () => {
    expect(readQueues('  100  11111     0 2   128     0     0        3  1\n')).toEqual(new Set([100]))
    expect(readQueues('')).toEqual(new Set())
  })
})
