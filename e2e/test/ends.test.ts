// Journey: how sessions end, and how a person learns why.
import { describe, expect, test } from 'vitest'
import {
  cpc,
  eventually,
  kubectl,
  mustKubectl,
  readySession,
  removeSession,
  sessionStatus,
  uniqueName,
  waitForPhase,
} from '../src/world.ts'

function podIsGone(name: string): Promise<true> {
  return eventually(`the pod of ${name} to be gone`, async () => {
    const { stdout } = await kubectl('get', 'pods', '--output', 'name')
    return stdout.split('\n').some(pod => pod.startsWith(`pod/${name}-`)) ? undefined : true
  })
}

describe('a session ends', () => {
  test('when nobody types for its idle time-out; one that is typed into goes on', async () => {
    const [idle, busy] = [uniqueName('idle'), uniqueName('busy')]
    await Promise.all([idle, busy].map(name => readySession(name, { idleTimeoutSeconds: 30 })))
    const ended = new AbortController()
    const typing = (async () => {
      let lines = 0
      while (!ended.signal.aborted) {
        expect((await cpc('exec', busy, '--', 'echo still here')).stdout.trim()).toBe('still here')
        lines += 1
        await new Promise(next => setTimeout(next, 5_000))
      }
      return lines
    })()
    const status = await waitForPhase(idle, 'Ended').finally(() => ended.abort())
    expect(status).toMatchObject({ phase: 'Ended', reason: 'Idle' })
    await podIsGone(idle)
    expect(await typing).toBeGreaterThan(1)
    expect((await sessionStatus(busy))?.phase).toBe('Ready')
    expect(
      await mustKubectl('get', 'events', '--field-selector', `regarding.name=${idle}`).catch(() =>
        mustKubectl('get', 'events'),
      ),
    ).toMatch(/Idle/)
    await Promise.all([idle, busy].map(removeSession))
  })

  test('when its shell exits, with the exit code told', async () => {
    const name = uniqueName('exits')
    await readySession(name)
    await cpc('exec', name, '--', 'exit 7')
    expect(await waitForPhase(name, 'Ended')).toMatchObject({ reason: 'Exited', exitCode: 7 })
    await podIsGone(name)
    await removeSession(name)
  })

  test('when its lifetime is over, even while somebody types', async () => {
    const name = uniqueName('lifetime')
    await readySession(name, { maxLifetimeSeconds: 60, idleTimeoutSeconds: 3600 })
    const typing = cpc('exec', name, '--', 'for i in $(seq 100); do sleep 1; done')
    const status = await eventually('the lifetime to end', async () => {
      const now = await sessionStatus(name)
      return now?.phase === 'Ended' || now?.phase === 'Failed' ? now : undefined
    })
    expect(status.reason).toBe('Lifetime')
    await podIsGone(name)
    expect((await typing).exitCode).not.toBe(0)
    await removeSession(name)
  })

  test('when it is deleted', async () => {
    const name = uniqueName('deleted')
    await readySession(name)
    expect((await cpc('rm', name)).exitCode).toBe(0)
    await podIsGone(name)
    expect((await cpc('exec', name, '--', 'true')).stderr).toMatch(/no-such-session/)
  })

  test('as Failed with PodLost when its pod is taken away', async () => {
    const name = uniqueName('lost')
    const { podName } = await readySession(name)
    await mustKubectl('delete', 'pod', String(podName), '--grace-period=0', '--force')
    const status = await eventually('the loss to be told', async () => {
      const now = await sessionStatus(name)
      return now?.phase === 'Failed' || now?.phase === 'Ended' ? now : undefined
    })
    expect(status.reason).toBe('PodLost')
    await removeSession(name)
  })
})
