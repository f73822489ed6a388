import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byStage, decide } from './health.ts'
import type { ProcessPlan } from './process-plan.ts'

function plan(name: string, changes: Partial<ProcessPlan> = {}): ProcessPlan {
  return {
    name,
    place: { kind: 'host' },
    command: [name],
    environment: {},
    reads: [],
    probe: { kind: 'lives' },
    restartWith: [],
    stage: 0,
    ...changes,
  }
}

const runtime = plan('runtime', { restartWith: ['agent'] })
const agent = plan('agent', { stage: 2 })
const server = plan('server', { stage: 1 })
const plans = [runtime, server, agent]
const keys = { runtime: 'r1', agent: 'a1', server: 's1' }
const all = new Map(Object.entries(keys).map(([name, key]) => [name, { key }]))
const without = (name: string) => new Map([...all].filter(([found]) => found !== name))

describe('decide', () => {
  it('[D1] does nothing when everything runs as planned', () => {
    expect(decide(plans, keys, all)).toEqual({ starts: [], stops: [] })
  })

  it('[D2] starts everything on an empty machine, in order', () => {
    const { starts } = decide(plans, keys, new Map())
    expect(starts.map(start => [start.plan.name, start.reason])).toEqual([
      ['runtime', 'not running'],
      ['server', 'not running'],
      ['agent', 'not running'],
    ])
  })

  it('[D2] starts what died, and only that', () => {
    expect(decide(plans, keys, without('server')).starts).toEqual([{ plan: server, reason: 'not running' }])
  })

  it('[D2] starts what was started from something else', () => {
    const running = new Map([...all, ['server', { key: 'old' }]])
    expect(decide(plans, keys, running).starts).toEqual([{ plan: server, reason: 'changed' }])
  })

  it('[D2] starts again what holds a connection to what starts', () => {
    expect(decide(plans, keys, without('runtime')).starts).toEqual([
      { plan: runtime, reason: 'not running' },
      { plan: agent, reason: 'a process it depends on starts again' },
    ])
  })

  it('[D40] stops what is no longer planned', () => {
    const running = new Map([...all, ['gone', { key: 'g' }]])
    expect(decide(plans, keys, running)).toEqual({ starts: [], stops: ['gone'] })
  })

  it('[D1] is content with its own result, from any mix of dead, changed and surplus processes', () => {
    const names = ['runtime', 'server', 'agent', 'surplus']
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.constantFrom('r1', 's1', 'a1', 'old')), found => {
        const running = new Map<string, { key: string }>(Object.entries(found).map(([name, key]) => [name, { key }]))
        const { starts, stops } = decide(plans, keys, running)
        for (const name of stops) running.delete(name)
        for (const { plan: started } of starts) {
          running.set(started.name, { key: keys[started.name as keyof typeof keys] })
        }
        expect(decide(plans, keys, running)).toEqual({ starts: [], stops: [] })
      }),
    )
  })
})

describe('byStage', () => {
  it('[D2] keeps every start and orders the stages', () => {
    const { starts } = decide([agent, server, runtime], keys, new Map())
    expect(byStage(starts).map(stage => stage.map(start => start.plan.name))).toEqual([
      ['runtime'],
      ['server'],
      ['agent'],
    ])
  })
})
