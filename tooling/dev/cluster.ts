// The three clusters `make up` can work with, behind one interface: our own, kind, and one that is already there.
import { access, mkdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import type { ToolingEnv } from './env.ts'
import { ROOT } from './paths.ts'
import { step, type Run } from './steps.ts'

export interface Image {
  /** Full name with a tag made from its content. */
  readonly ref: string
  readonly contextDir: string
  readonly dockerfile: string
}

export interface Cluster {
  readonly kind: 'devcluster' | 'kind' | 'existing'
  readonly kubeconfigPath: string
  /** Folder with kubectl and helm, or undefined when those on the caller's PATH are used. */
  readonly toolsDir: string | undefined
  /** Where the gateway answers on this machine. */
  readonly gatewayUrl: string
  /** Builds an image and makes it known to every node. */
  provide(run: Run, image: Image): Promise<void>
}

const DEVCLUSTER = join(ROOT, 'devcluster/src/main.ts')
/** kind.yaml maps this port. */
const KIND_GATEWAY_URL = 'http://127.0.0.1:7080'
const KIND_CLUSTER = 'pocket-console'

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(command, args, { reject: false, stdin: 'ignore', timeout: 15_000 })
  return !failed
}

/** Which cluster to use: the caller's word, else kind where a Docker engine answers, else our own. */
export async function chooseCluster(env: ToolingEnv): Promise<Exclude<ToolingEnv['clusterChoice'], 'auto'>> {
  if (env.clusterChoice !== 'auto') return env.clusterChoice
  return (await succeeds('docker', ['info'])) ? 'kind' : 'devcluster'
}

/** Brings the chosen cluster up, or finds it up. */
export async function bringUp(env: ToolingEnv): Promise<Cluster> {
  const choice = await chooseCluster(env)
  switch (choice) {
    case 'devcluster':
      return bringUpDevcluster(env)
    case 'kind':
      return bringUpKind(env)
    case 'existing':
      return useExisting(env)
  }
}

async function bringUpDevcluster(env: ToolingEnv): Promise<Cluster> {
  return step('Cluster: one-node Kubernetes of our own', async run => {
    await run('node', [DEVCLUSTER, 'up'], { show: 'live' })
    const toolsDir = await run('node', [DEVCLUSTER, 'tools'])
    return {
      kind: 'devcluster',
      kubeconfigPath: join(env.stateDir, 'kubeconfig'),
      toolsDir,
      gatewayUrl: `http://127.0.0.1:${env.gatewayPort}`,
      provide: async (runIn, image) => {
        await runIn('node', [
          DEVCLUSTER,
          'build-image',
          image.contextDir,
          '--tag',
          image.ref,
          '--file',
          image.dockerfile,
        ])
        await runIn('node', [DEVCLUSTER, 'load', image.ref])
      },
    }
  })
}

async function bringUpKind(env: ToolingEnv): Promise<Cluster> {
  return step('Cluster: kind', async run => {
    const toolsDir = join(env.cacheDir, 'tools')
    await mkdir(toolsDir, { recursive: true })
    for (const [component, tool] of [
      ['kind', 'sigs.k8s.io/kind'],
      ['helm', 'helm.sh/helm/v4/cmd/helm'],
    ] as const) {
      const cwd = join(ROOT, 'devcluster/components', component)
      await run('go', ['build', '-trimpath', '-o', join(toolsDir, component), tool], { cwd, env: { CGO_ENABLED: '0' } })
    }
    const kind = join(toolsDir, 'kind')
    await mkdir(env.stateDir, { recursive: true })
    const kubeconfigPath = join(env.stateDir, 'kind.kubeconfig')
    const clusters = await run(kind, ['get', 'clusters'])
    if (!clusters.split('\n').includes(KIND_CLUSTER)) {
      const config = join(ROOT, 'devcluster/kind.yaml')
      await run(kind, [
        'create',
        'cluster',
        '--name',
        KIND_CLUSTER,
        '--config',
        config,
        '--kubeconfig',
        kubeconfigPath,
        '--wait',
        '3m',
      ])
    }
    await run(kind, ['export', 'kubeconfig', '--name', KIND_CLUSTER, '--kubeconfig', kubeconfigPath])
    return {
      kind: 'kind',
      kubeconfigPath,
      toolsDir,
      gatewayUrl: KIND_GATEWAY_URL,
      provide: async (runIn, image) => {
        await runIn('docker', ['build', '--tag', image.ref, '--file', image.dockerfile, image.contextDir])
        await runIn(kind, ['load', 'docker-image', image.ref, '--name', KIND_CLUSTER])
      },
    }
  })
}

async function useExisting(env: ToolingEnv): Promise<Cluster> {
  const kubeconfigPath = env.kubeconfigPath?.split(delimiter)[0]
  if (kubeconfigPath === undefined) throw new Error('CLUSTER=existing needs KUBECONFIG to name the cluster to use.')
  await access(kubeconfigPath, constants.R_OK).catch(() => {
    throw new Error(`KUBECONFIG names ${kubeconfigPath}, which cannot be read.`)
  })
  const registry = env.imageRegistry
  if (registry === undefined) {
    throw new Error(
      'CLUSTER=existing needs CPC_IMAGE_REGISTRY, a registry prefix that you can push to and the cluster can pull from.',
    )
  }
  return {
    kind: 'existing',
    kubeconfigPath,
    toolsDir: undefined,
    gatewayUrl: env.gatewayUrl ?? KIND_GATEWAY_URL,
    provide: async (run, image) => {
      await run('docker', ['build', '--tag', image.ref, '--file', image.dockerfile, image.contextDir])
      await run('docker', ['push', image.ref])
    },
  }
}

/** Stops the cluster that `bringUp` started; an existing one only loses our release. */
export async function takeDown(env: ToolingEnv, purge: boolean): Promise<void> {
  const choice = await chooseCluster(env)
  switch (choice) {
    case 'devcluster':
      await step('Cluster down', run =>
        run('node', [DEVCLUSTER, 'down', ...(purge ? ['--purge'] : [])], { show: 'live' }),
      )
      return
    case 'kind':
      await step('Cluster down', run =>
        run(join(env.cacheDir, 'tools/kind'), ['delete', 'cluster', '--name', KIND_CLUSTER]),
      )
      return
    case 'existing':
      await step('Release removed', run =>
        run('helm', ['uninstall', 'pocket-console', '--namespace', 'pocket-console', '--wait']),
      )
      return
  }
}
