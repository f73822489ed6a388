// A second cluster on this machine is brought up, broken and taken down, while the first one goes on beside it.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devcluster, dialScript, IMAGE, kubectl, listenerScript, makeNamespace, pod, type Namespace } from './pods.ts'

const NAME = 'dctest'
const GATEWAY_PORT = 7090
const RECORDS = `/run/pocket-console/${NAME}/processes`
const GATEWAY_TARGET_PORT = 8080

let stateDir: string
let env: Record<string, string>
let before: Footprint
let namespace: Namespace

interface Footprint {
  readonly mounts: string[]
  readonly links: string
  readonly namespaces: string
  readonly filters: string
  readonly cgroups: string[]
}

/** Runs a program of the machine and gives its output. */
async function show(program: string, ...args: string[]): Promise<string> {
  return (await execa(program, args)).stdout
}

/** What the machine shows of clusters. Other clusters of this project may come and go below their own cgroups. */
async function footprint(): Promise<Footprint> {
  const cgroups = await show('find', '/sys/fs/cgroup', '-type', 'd')
  return {
    mounts: (await readFile('/proc/mounts', 'utf8')).split('\n').sort(),
    links: await show('ip', '-brief', 'link'),
    namespaces: (await show('ip', 'netns', 'list')).replaceAll(/ \(id: \d+\)/g, ''),
    filters: (await show('iptables-save')) + (await show('ip6tables-save')),
    cgroups: cgroups
      .split('\n')
      .filter(path => path.includes(`/${NAME}`) || /^\/sys\/fs\/cgroup\/\w+\/kubepods/.test(path)),
  }
}

interface Recorded {
  readonly name: string
  readonly identity: { readonly pid: number; readonly startTicks: string }
}

async function records(): Promise<Map<string, Recorded>> {
  const names = await readdir(RECORDS).catch(() => [])
  const read = names.map(async name => JSON.parse(await readFile(join(RECORDS, name), 'utf8')) as Recorded)
  return new Map((await Promise.all(read)).map(record => [record.name, record]))
}

async function pidOf(name: string): Promise<number> {
  return (await records()).get(name)!.identity.pid
}

/** Numbers of all processes of the cluster, those in pods included. */
async function allPids(): Promise<number[]> {
  const stdout = await show('find', '/sys/fs/cgroup', '-path', `*/${NAME}/*`, '-name', 'cgroup.procs')
  const lists = await Promise.all(stdout.split('\n').map(path => readFile(path, 'utf8').catch(() => '')))
  return [...new Set(lists.flatMap(list => list.split('\n').filter(line => line !== '')))].map(Number)
}

async function killEverything(): Promise<void> {
  for (const pid of await allPids()) process.kill(pid, 'SIGKILL')
  await expect.poll(allPids).toEqual([])
}

async function alive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && !stat.includes(') Z ')
}

async function containerStart(name: string): Promise<string> {
  return namespace.get(`pod/${name}`, '{.status.containerStatuses[0].state.running.startedAt}')
}

beforeAll(async () => {
  stateDir = await mkdtemp('/var/tmp/devcluster-test-')
  env = {
    CPC_CLUSTER_NAME: NAME,
    CPC_CLUSTER_SUBNET: '10.203.0',
    CPC_STATE_DIR: stateDir,
    CPC_GATEWAY_PORT: String(GATEWAY_PORT),
    KUBECONFIG: join(stateDir, 'kubeconfig'),
    NODES: '1',
  }
  await devcluster(['down'], env)
  before = await footprint()
  await devcluster(['up'], env)
  await devcluster(['load', IMAGE], env)
  namespace = await makeNamespace({}, env)
  const spec = { restartPolicy: 'Always' }
  const script = listenerScript(GATEWAY_TARGET_PORT)
  await namespace.apply(
    pod({ name: 'peer', spec }),
    pod({ name: 'listener', labels: { app: 'listener' }, script, spec }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'gateway' },
      spec: {
        type: 'NodePort',
        selector: { app: 'listener' },
        ports: [{ port: 8080, targetPort: GATEWAY_TARGET_PORT, nodePort: 30_080 }],
      },
    },
  )
  await namespace.ready('peer', 'listener')
})

afterAll(async () => {
  await devcluster(['down'], env)
  await rm(stateDir, { recursive: true, force: true })
})

const outside = ['169.254.169.254/80']

describe('a cluster', () => {
  it('[D1] stays untouched by another up when all is healthy', async () => {
    const earlier = await records()
    expect(await devcluster(['up'], env)).toContain('healthy already')
    expect(await records()).toEqual(earlier)
  })

  it('[D20] [D21] has no way off the machine and leaves the host’s filters alone', async () => {
    expect(await show('ip', '-n', `${NAME}-node`, 'route', 'show', 'default')).toBe('')
    const now = await footprint()
    expect(now.filters).toBe(before.filters)
    expect(now.mounts.filter(mount => !before.mounts.includes(mount)).join('\n')).not.toMatch(/overlay|kubelet/)
  })

  it('[D23] answers for the gateway’s NodePort on localhost', async () => {
    const answer = async (): Promise<string> =>
      fetch(`http://127.0.0.1:${GATEWAY_PORT}/`).then(
        response => response.text(),
        () => 'nobody',
      )
    await expect.poll(answer, { timeout: 30_000 }).toBe('here\n')
  })

  it('[D2] gets back what died; pods do not notice the runtime’s death', async () => {
    const started = await containerStart('peer')
    const dead = await pidOf(`${NAME}-node.containerd`)
    process.kill(dead, 'SIGKILL')
    expect(await devcluster(['up'], env)).toContain('start containerd')
    expect(await pidOf(`${NAME}-node.containerd`)).not.toBe(dead)
    expect(await namespace.bash('peer', dialScript(outside))).toBe(outside[0])
    expect(await containerStart('peer')).toBe(started)
  })

  it('[D32] lets nothing through while the policy agent is away', async () => {
    expect(await namespace.bash('peer', dialScript(outside))).toBe(outside[0])
    process.kill(await pidOf(`${NAME}-node.network-policy`), 'SIGKILL')
    await expect.poll(() => namespace.bash('peer', dialScript(outside)), { timeout: 30_000 }).toBe('')
    await devcluster(['up'], env)
    expect(await namespace.bash('peer', dialScript(outside))).toBe(outside[0])
  })

  it('[D3] comes back after kill -9 of everything', async () => {
    await killEverything()
    await devcluster(['up'], env)
    await expect
      .poll(() => namespace.bash('peer', dialScript(outside)).catch(() => 'no pod'), { timeout: 90_000 })
      .toBe(outside[0])
  })

  it('[D3] comes back when even the records and a network namespace are gone', async () => {
    await rm(RECORDS, { recursive: true })
    await show('ip', 'netns', 'delete', `${NAME}-node`)
    await devcluster(['up'], env)
    const statuses = (await devcluster(['status'], env)).trim().split('\n')
    expect(statuses.map(line => line.split(/\s+/)[0])).toEqual(statuses.map(() => 'works'))
  })

  it('[D40] grows by a node and shrinks again', async () => {
    await devcluster(['up'], { ...env, NODES: '2' })
    const names = '--output=jsonpath={.items[*].metadata.name}'
    expect(await kubectl(['get', 'nodes', names], undefined, env)).toBe(`${NAME}-node ${NAME}-node-2`)
    await devcluster(['load', IMAGE], { ...env, NODES: '2' })
    await namespace.apply(pod({ name: 'far', spec: { nodeName: `${NAME}-node-2` } }))
    await namespace.ready('far')
    const address = await namespace.get('pod/listener', '{.status.podIP}')
    const target = `${address}/${GATEWAY_TARGET_PORT}`
    expect(await namespace.bash('far', dialScript([target]))).toBe(target)
    await devcluster(['up'], env)
    expect(await kubectl(['get', 'nodes', names], undefined, env)).toBe(`${NAME}-node`)
  })

  it('[D4] leaves the machine as it was', async () => {
    const pids = await allPids()
    expect(pids.length).toBeGreaterThan(10)
    await devcluster(['down'], env)
    expect(await footprint()).toEqual(before)
    expect((await Promise.all(pids.map(alive))).filter(Boolean)).toEqual([])
  })

  it('[D4] leaves the machine as it was after an unclean end, asked from another checkout', async () => {
    await devcluster(['up'], env)
    await killEverything()
    await devcluster(['down'], { ...env, CPC_STATE_DIR: '/var/tmp/some-other-folder' })
    expect(await footprint()).toEqual(before)
  })
})
