import { describe, expect, it } from 'vitest'
import {
  anObserved,
  aPod,
  kinds,
  planFor,
  readyObserved,
  running,
  waiting,
  writtenStatus,
} from '../../test/builders.ts'
import type { PodView } from './observed.ts'

const starting = (pod: Partial<PodView>) =>
  anObserved({ pod: { kind: 'ours', pod: aPod({ phase: 'Pending', ready: false, containers: [], ...pod }) } })

describe('[TS21] what a start waits for', () => {
  it.each<[string, Partial<PodView>, phaseAndReason: `${string}/${string}`, words: RegExp]>([
    ['no node yet', { nodeName: undefined }, 'Pending/PodPending', /waits for a node/],
    [
      'no node fits',
      {
        nodeName: undefined,
        unscheduled: { reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory' },
      },
      'Pending/Unschedulable',
      /0\/3 nodes are available.*Add a node, end other sessions, or ask for less in spec\.resources/,
    ],
    [
      'containers are made',
      { containers: [waiting('shell', 'ContainerCreating')] },
      'Preparing/ContainersStarting',
      /node node-1/,
    ],
    [
      'init containers first',
      { containers: [running('shell'), waiting('holder', 'PodInitializing')] },
      'Preparing/ContainersStarting',
      /./,
    ],
    [
      'the image is not there',
      { containers: [waiting('shell', 'ImagePullBackOff', 'Back-off pulling image')] },
      'Preparing/ImagePullBackOff',
      /cannot be pulled: Back-off pulling image\. Check spec\.image/,
    ],
    [
      'the first pull failed',
      { containers: [waiting('shell', 'ErrImagePull', 'not found')] },
      'Preparing/ImagePullBackOff',
      /not found/,
    ],
    [
      'never pull',
      { containers: [waiting('shell', 'ErrImageNeverPull')] },
      'Preparing/ErrImageNeverPull',
      /not on the node and must not be pulled\. Load it/,
    ],
    [
      'no image name',
      { containers: [waiting('shell', 'InvalidImageName')] },
      'Preparing/InvalidImageName',
      /is not an image reference\. Create the session again/,
    ],
    [
      'a container that cannot be created',
      { containers: [waiting('shell', 'CreateContainerConfigError', 'image has non-numeric user')] },
      'Preparing/ContainerNotStarting',
      /container shell does not start: CreateContainerConfigError: image has non-numeric user/,
    ],
    [
      'a shell that crashes at once',
      { phase: 'Running', containers: [waiting('shell', 'CrashLoopBackOff', 'back-off')] },
      'Preparing/ContainerNotStarting',
      /CrashLoopBackOff/,
    ],
  ])('%s', (_case, pod, phaseAndReason, words) => {
    const [phase = '', reason = ''] = phaseAndReason.split('/')
    const status = writtenStatus(planFor(starting(pod)))
    expect(status).toMatchObject({ phase, reason })
    expect(status.message).toMatch(words)
    expect(status.conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason },
      { type: 'PodReady', status: 'False', reason },
    ])
  })

  it('nothing is asked of a holder that does not run', () => {
    expect(kinds(planFor(starting({})))).not.toContain('askHolder')
  })

  it('a session that was Ready and whose node is silent is not attachable, and not over', () => {
    const status = writtenStatus(planFor(readyObserved({ ready: false })))
    expect(status).toMatchObject({ phase: 'Preparing', reason: 'PodNotReady' })
    expect(status.message).toMatch(/was ready and is not any more; the node node-1/)
  })
})
