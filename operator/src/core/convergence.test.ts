// The convergence test: whatever happens, and wherever the operator is stopped, going on leads to the same end, and there the plan is empty.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { World } from '../../test/world.ts'

/** Steps after which a world that does not come to rest counts as a failure. */
const STEPS_MAX = 200

/** Operator and world take turns until neither has anything to do. `crashAfter`: the process dies after so many actions, once. */
function run(world: World, crashAfter = Infinity): { actions: number } {
  let actions = 0
  for (let step = 0; step < STEPS_MAX; step++) {
    world.sync()
    const plan = world.plan()
    let crashed = false
    for (const action of plan.actions) {
      if (world.perform(action) === 'stale') break
      if (++actions !== crashAfter) continue
      world.crash()
      crashed = true
      break
    }
    if (!crashed && world.observe().kind === 'absent') world.tombstone = undefined
    const moved = world.settle()
    if (plan.actions.length === 0 && !moved && !crashed) return { actions }
  }
  throw new Error(`the world did not come to rest in ${STEPS_MAX} steps: ${JSON.stringify(world.plan().actions)}`)
}

const EXITED = JSON.stringify({ reason: 'Exited', exitCode: 3, outputBytes: 10, unfetchedRecords: 2 })
const IDLE = JSON.stringify({ reason: 'Idle', exitCode: null })

interface Story {
  happens: (world: World) => void
  phase: string | undefined
  reason: string | undefined
}

/** What befalls a session that is at rest, and where it comes to rest then. */
const STORIES: Record<string, Story> = {
  nothing: { happens: () => undefined, phase: 'Ready', reason: undefined },
  'the shell exits': {
    happens: world => world.holderEnds(world.theOnlyPodUid(), EXITED),
    phase: 'Ended',
    reason: 'Exited',
  },
  'nobody types': { happens: world => world.holderEnds(world.theOnlyPodUid(), IDLE), phase: 'Ended', reason: 'Idle' },
  'the holder crashes': {
    happens: world => world.holderEnds(world.theOnlyPodUid(), '', 2),
    phase: 'Failed',
    reason: 'HolderFailed',
  },
  'the pod vanishes': { happens: world => world.podsGone(), phase: 'Failed', reason: 'PodLost' },
  'the lifetime passes': { happens: world => world.passes(28_800_000), phase: 'Ended', reason: 'Lifetime' },
  'the session is deleted': {
    happens: world => world.deleteSession(),
    phase: undefined,
    reason: undefined,
  },
  'the policy is deleted': { happens: world => world.truth.policies.clear(), phase: 'Ready', reason: undefined },
  'the TTL passes too': {
    happens: world => {
      world.holderEnds(world.theOnlyPodUid(), EXITED)
      run(world)
      world.passes(3_601_000)
    },
    phase: undefined,
    reason: undefined,
  },
}

function story(name: string): Story {
  const found = STORIES[name]
  if (!found) throw new Error(`no story ${name}`)
  return found
}

/** Brings up a session, lets something happen, and comes to rest; returns the world. */
function tell(name: string, crashAfter = Infinity): { world: World; actions: number } {
  const world = new World()
  const first = run(world, crashAfter)
  story(name).happens(world)
  const second = run(world, crashAfter - first.actions)
  return { world, actions: first.actions + second.actions }
}

function restOf(world: World) {
  const status = world.truth.session?.status
  return { phase: status?.phase, reason: status?.reason, exitCode: status?.exitCode, pods: world.truth.pods.size }
}

describe.each(Object.keys(STORIES))('[TS22] when %s', name => {
  const undisturbed = tell(name)
  const { phase, reason } = story(name)

  it('comes to rest where it should, and the plan is empty there', () => {
    expect(undisturbed.world.truth.session?.status.phase).toBe(phase)
    expect(undisturbed.world.truth.session?.status.reason).toBe(reason)
    undisturbed.world.sync()
    expect(undisturbed.world.plan().actions).toEqual([])
  })

  it('leaves no pod behind once it is over', () => {
    expect(undisturbed.world.truth.pods.size).toBe(phase === 'Ready' ? 1 : 0)
  })

  it.each(Array.from({ length: undisturbed.actions }, (_, index) => index + 1))(
    'comes to the same rest if the operator dies after action %d',
    crashAfter => {
      const { world } = tell(name, crashAfter)
      expect(restOf(world)).toEqual(restOf(undisturbed.world))
      world.sync()
      expect(world.plan().actions).toEqual([])
    },
  )
})

describe('[TS20] a start that never succeeds', () => {
  it.each([
    ['never-schedules', 'Unschedulable'],
    ['never-pulls', 'ImagePullBackOff'],
  ] as const)('%s: waits with reason %s, and fails with it after the start time-out', (script, reason) => {
    const world = new World()
    world.script = script
    run(world)
    expect(world.truth.session?.status).toMatchObject({ reason })
    world.passes(600_000)
    run(world)
    expect(world.truth.session?.status).toMatchObject({ phase: 'Failed', reason })
    expect(world.truth.pods.size).toBe(0)
  })

  it('a refused pod is tried again until it is taken', () => {
    const world = new World()
    world.refusePods = 'violates PodSecurity'
    run(world)
    expect(world.truth.session?.status).toMatchObject({ phase: 'Pending', reason: 'PodRejected' })
    world.refusePods = undefined
    world.passes(60_000)
    run(world)
    expect(world.truth.session?.status.phase).toBe('Ready')
  })
})

function reconcileOnce(world: World, part: number): void {
  const { actions } = world.plan()
  for (const action of actions.slice(0, Math.ceil(actions.length * part))) if (world.perform(action) === 'stale') return
}

/** Anything that can happen, at any time. */
const HAPPENINGS: Record<string, (world: World) => void> = {
  'a reconcile': world => reconcileOnce(world, 1),
  'another reconcile': world => reconcileOnce(world, 1),
  'half a reconcile': world => reconcileOnce(world, 0.5),
  'the cluster moves': world => void world.settle(),
  'the caches catch up': world => world.sync(),
  'the session cache catches up': world => world.syncOnly('session'),
  'the pod cache catches up': world => world.syncOnly('pods'),
  'the policy cache catches up': world => world.syncOnly('policies'),
  'the operator dies': world => world.crash(),
  'a minute passes': world => world.passes(60_000),
  'the shell exits': world => world.holderEnds(world.theOnlyPodUid(), EXITED),
  'the pod vanishes': world => world.podsGone(),
  'the policy vanishes': world => world.truth.policies.clear(),
  'the session is deleted': world => world.deleteSession(),
}

describe('[TS22] whatever happens, in whatever order, with caches that lag', () => {
  it('keeps its promises, and comes to rest with an empty plan', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(HAPPENINGS)), { maxLength: 80 }), names => {
        const world = new World()
        for (const name of names) HAPPENINGS[name]?.(world)
        run(world)
        world.sync()
        expect(world.plan().actions).toEqual([])
        // TS10: nobody was ever attachable in two pods of one session.
        expect(world.readyPodUids.size).toBeLessThanOrEqual(1)
        // TS16: an end is final.
        const over = world.phases.findIndex(phase => phase === 'Ended' || phase === 'Failed')
        if (over >= 0) expect(new Set(world.phases.slice(over)).size).toBe(1)
        // TS18: a session that is gone, or over, leaves no pod.
        const phase = world.truth.session?.status.phase
        if (phase === undefined || phase === 'Ended' || phase === 'Failed') expect(world.truth.pods.size).toBe(0)
      }),
      { numRuns: 3000 },
    )
  })
})
