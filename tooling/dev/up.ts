// `make up`: a cluster, the images, the release, an example session, and the words that say how to use them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bringUp, type Cluster } from './cluster.ts'
import { readEnv, type ToolingEnv } from './env.ts'
import { writeBin, writeEnvFile } from './env-file.ts'
import { compile, provideImages, type ImageRefs } from './images.ts'
import {
  BIN_DIR,
  CHART_DIR,
  ENV_FILE,
  EXAMPLE_SESSION,
  RELEASE,
  ROOT,
  SESSION_NAMESPACE,
  SYSTEM_NAMESPACE,
} from './paths.ts'
import { main, step, type Run } from './steps.ts'

const LOCAL_REGISTRY = 'pocketconsole.dev'
const ROLLOUT_TIMEOUT = '180s'
const EXAMPLE_NAME = 'hello'

/** A runner whose programs see the cluster and the tools in `.dev/bin`. */
function onCluster(run: Run, cluster: Cluster, path: string): Run {
  const env = { KUBECONFIG: cluster.kubeconfigPath, PATH: `${BIN_DIR}:${path}` }
  return (command, args, options = {}) => run(command, args, { ...options, env: { ...env, ...options.env } })
}

async function version(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}

function imageValues(refs: ImageRefs): string[] {
  return Object.entries(refs).flatMap(([name, ref]) => {
    const colon = ref.lastIndexOf(':')
    return [
      '--set-string',
      `images.${name}.repository=${ref.slice(0, colon)},images.${name}.tag=${ref.slice(colon + 1)}`,
    ]
  })
}

async function install(run: Run, cluster: Cluster, refs: ImageRefs): Promise<void> {
  const profile = join(CHART_DIR, `values-${cluster.kind === 'existing' ? 'default' : 'devcluster'}.yaml`)
  const values = cluster.kind === 'existing' ? [] : ['--values', profile]
  // Whoever applied the CRDs by hand before gets them managed from here on.
  const options = ['--create-namespace', '--take-ownership', ...values, ...imageValues(refs)]
  await run('helm', ['upgrade', '--install', RELEASE, CHART_DIR, '--namespace', SYSTEM_NAMESPACE, ...options])
  if (cluster.kind !== 'existing') {
    await run('kubectl', ['config', 'set-context', '--current', `--namespace=${SESSION_NAMESPACE}`])
  }
  for (const deployment of ['operator', 'gateway']) {
    const name = `deployment/pocket-console-${deployment}`
    await run('kubectl', ['rollout', 'status', name, '--namespace', SYSTEM_NAMESPACE, `--timeout=${ROLLOUT_TIMEOUT}`])
  }
}

async function exampleSession(run: Run): Promise<string> {
  const inSessions = ['--namespace', SESSION_NAMESPACE]
  const phase = [
    'get',
    'terminalsession',
    EXAMPLE_NAME,
    ...inSessions,
    '--ignore-not-found',
    '--output=jsonpath={.status.phase}',
  ]
  const current = await run('kubectl', phase)
  if (current === 'Ended' || current === 'Failed') {
    await run('kubectl', ['delete', 'terminalsession', EXAMPLE_NAME, ...inSessions, '--wait', '--timeout=60s'])
  }
  await run('kubectl', ['apply', ...inSessions, '--filename', EXAMPLE_SESSION])
  const condition = ['wait', '--for=condition=Ready', `terminalsession/${EXAMPLE_NAME}`]
  await run('kubectl', [...condition, ...inSessions, '--timeout=120s'])
  return run('kubectl', phase)
}

function summary(cluster: Cluster, phase: string, sinceMs: number): string {
  const shell = `. ${ENV_FILE.slice(ROOT.length + 1)}`
  return `
Claude Pocket Console is up (${((performance.now() - sinceMs) / 1000).toFixed(0)} s).

  cluster   ${cluster.kind}, kubeconfig ${cluster.kubeconfigPath}
  gateway   ${cluster.gatewayUrl}/api/v1/health
  session   ${EXAMPLE_NAME} in ${SESSION_NAMESPACE}: ${phase}

Next:
  ${shell}
  cpc attach ${EXAMPLE_NAME}                  a terminal in it (leave with Ctrl-] d); it ends after 5 idle minutes
  cpc create mine --idle 1h --wait  one of your own
  cpc exec ${EXAMPLE_NAME} -- 'id; uname -a'  one line, its output, its exit code
  kubectl get tsess
`
}

async function up(env: ToolingEnv): Promise<void> {
  const startMs = performance.now()
  const cluster = await bringUp(env)
  await writeBin(cluster)
  const bundleVersion = await version()
  await step('Programs: compile', run => compile(run, bundleVersion))
  const refs = await step('Images: build what changed', async run => {
    const clusterUid = await onCluster(
      run,
      cluster,
      env.path,
    )('kubectl', ['get', 'namespace', 'kube-system', '--output=jsonpath={.metadata.uid}'])
    const registry = env.imageRegistry ?? LOCAL_REGISTRY
    const images = await provideImages(run, {
      cluster,
      clusterUid,
      registry,
      recordPath: join(env.stateDir, 'images.json'),
    })
    process.stdout.write(images.built.length > 0 ? `  built ${images.built.join(', ')}\n` : '  nothing changed\n')
    return images.refs
  })
  await step('Release: helm upgrade', run => install(onCluster(run, cluster, env.path), cluster, refs))
  await writeEnvFile(cluster)
  const phase = await step('Example session', run => exampleSession(onCluster(run, cluster, env.path)))
  process.stdout.write(summary(cluster, phase, startMs))
}

await main(() => up(readEnv()))
