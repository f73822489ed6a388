import type { Pod } from '@cpc/kube'
import { describe, expect, it } from 'vitest'
import { isControlledBy, nodeView, podView, sessionOfPod, sessionView } from './views.ts'
import { aSpec } from '../../test/builders.ts'

describe('[TS19] views of what the API server stores', () => {
  it('a pod nobody has reported on is pending, not ready, and nowhere', () => {
    expect(podView({ metadata: { name: 'p', uid: 'u' } })).toEqual({
      name: 'p',
      uid: 'u',
      nodeName: undefined,
      phase: 'Pending',
      reason: undefined,
      message: undefined,
      terminating: false,
      disruption: undefined,
      ready: false,
      unscheduled: undefined,
      startedAtMs: undefined,
      activeDeadlineSeconds: undefined,
      containers: [],
    })
  })

  it('init containers come first, with their state and the run before', () => {
    const pod: Pod = {
      metadata: { name: 'p', uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { nodeName: 'n', activeDeadlineSeconds: 5, containers: [] },
      status: {
        phase: 'Running',
        startTime: '2026-01-01T00:00:00Z',
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'PodScheduled', status: 'True' },
          { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'preempted' },
        ],
        initContainerStatuses: [
          {
            name: 'shell',
            image: 'i',
            imageID: '',
            ready: true,
            restartCount: 1,
            state: { running: {} },
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:00:01Z' } },
          },
        ],
        containerStatuses: [{ name: 'holder', image: 'i', imageID: '', ready: false, restartCount: 0, state: {} }],
      },
    }
    const view = podView(pod)
    expect(view).toMatchObject({
      ready: true,
      terminating: true,
      nodeName: 'n',
      unscheduled: undefined,
      disruption: 'PreemptionByScheduler: preempted',
      startedAtMs: Date.parse('2026-01-01T00:00:00Z'),
    })
    expect(view.containers).toMatchObject([
      { name: 'shell', state: { kind: 'running' }, previous: { reason: 'OOMKilled', exitCode: 137 } },
      { name: 'holder', state: { kind: 'waiting', reason: '', message: '' }, previous: undefined },
    ])
  })

  it('the controller of a pod is its owner, an annotation is not', () => {
    const owner = { apiVersion: 'v', kind: 'k', name: 'n', uid: 'mine' }
    const annotations = { 'pocketconsole.dev/session': 's', 'pocketconsole.dev/session-uid': 'mine' }
    expect(isControlledBy('mine', { metadata: { annotations } })).toBe(false)
    expect(isControlledBy('mine', { metadata: { ownerReferences: [owner] } })).toBe(false)
    expect(isControlledBy('mine', { metadata: { ownerReferences: [{ ...owner, controller: true }] } })).toBe(true)
    expect(sessionOfPod({ metadata: { annotations } })).toEqual({ name: 's', uid: 'mine' })
    expect(sessionOfPod({})).toBeUndefined()
  })

  it('a node says which of its runtimes can make user namespaces', () => {
    const runtimeHandlers = [
      { name: '', features: { userNamespaces: true } },
      { name: 'runc', features: { userNamespaces: true } },
      { name: 'gvisor', features: { userNamespaces: false } },
      { name: 'old' },
    ]
    const node = nodeView({ metadata: { name: 'n' }, spec: { unschedulable: true }, status: { runtimeHandlers } })
    expect(node).toEqual({ name: 'n', schedulable: false, userNamespaceHandlers: ['', 'runc'] })
  })

  it('a session that was never stored is refused', () => {
    const session = {
      apiVersion: 'pocketconsole.dev/v1alpha1',
      kind: 'TerminalSession',
      metadata: { name: 's' },
      spec: aSpec(),
    } as const
    expect(() => sessionView(session)).toThrow(/no namespace or no uid/)
  })
})
