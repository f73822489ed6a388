// `make check` and `make test`: every runner in turn, none skipped because another failed, and one line that sums them up.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { readEnv } from './env.ts'
import { readRunningCluster } from './env-file.ts'
import { BIN_DIR, LOG_DIR, ROOT } from './paths.ts'
import { goTally, vitestTally, type Tally, addTallies, NO_TESTS } from './tally.ts'
import { step, StepFailed, type Run } from './steps.ts'

type Runner = { readonly title: string; readonly run: (run: Run) => Promise<Tally> }

const PASSED: Tally = { passed: 1, failed: 0, skipped: 0 }
const FAILED: Tally = { passed: 0, failed: 1, skipped: 0 }

/** A tool whose verdict is its exit code counts as one test. */
function tool(title: string, command: string, args: readonly string[], cwd = ROOT): Runner {
  return { title, run: run => run(command, args, { cwd }).then(() => PASSED) }
}

/** A test program that reports each test; it fails by what it reports, and by its exit code when it reports no failure. */
function reported(title: string, exitCode: number | undefined, tally: Tally): Tally {
  if (exitCode === 0 || tally.failed > 0) return tally
  process.stderr.write(`  ${title} ended with ${String(exitCode)} and reported no failed test\n`)
  return addTallies(tally, FAILED)
}

const VITEST = ['exec', 'vitest', 'run', '--reporter=default', '--reporter=json'] as const

async function runVitest(project: string, args: readonly string[], env: Record<string, string>): Promise<Tally> {
  const report = join(LOG_DIR, `vitest-${project}.json`)
  await rm(report, { force: true })
  const options = { cwd: ROOT, env, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit', reject: false } as const
  const all = [...VITEST, '--project', project, `--outputFile.json=${report}`, ...args]
  const { exitCode } = await execa('pnpm', all, options)
  return reported(project, exitCode, vitestTally(await readFile(report, 'utf8').catch(() => '{}')))
}

const unitTests: Runner = { title: 'Unit tests', run: () => runVitest('unit', [], {}) }
const processTests: Runner = { title: 'Process tests', run: () => runVitest('process', [], {}) }

/** Tests on the cluster that `make up` brought up. Those of devcluster itself need it to be one. */
function clusterTests(title: string, project: string): Runner {
  return {
    title,
    run: async () => {
      const { kind, kubeconfigPath, gatewayUrl } = await readRunningCluster()
      const { path, stateDir } = readEnv()
      const env = {
        KUBECONFIG: kubeconfigPath,
        CPC_GATEWAY_URL: gatewayUrl,
        CPC_STATE_DIR: stateDir,
        PATH: `${BIN_DIR}:${path}`,
      }
      return runVitest(project, kind === 'devcluster' ? [] : ['--exclude', 'devcluster/**'], env)
    },
  }
}

function goTest(title: string, dir: string): Runner {
  return {
    title,
    run: async () => {
      const options = { cwd: join(ROOT, dir), stdin: 'ignore', reject: false, stderr: 'inherit' } as const
      const { stdout, exitCode } = await execa('go', ['test', '-json', '-count=1', './...'], options)
      const { tally, failures } = goTally(stdout)
      if (failures !== '') process.stderr.write(`${failures}\n`)
      return reported(title, exitCode, tally)
    },
  }
}

const statics: readonly Runner[] = [
  tool('Format: prettier', 'pnpm', [
    'exec',
    'prettier',
    '--check',
    '.',
    '--cache',
    '--cache-location',
    '.dev/prettiercache',
  ]),
  tool('Format: gofmt', 'bash', [
    '-c',
    'test -z "$(gofmt -l sandbox-image/holder devcluster/components | tee /dev/stderr)"',
  ]),
  tool('Types: tsc', 'pnpm', ['exec', 'turbo', 'run', 'types', '--output-logs=errors-only']),
  tool('Types: tooling', 'pnpm', ['exec', 'tsc', '-p', '.']),
  tool('Lint: eslint', 'pnpm', [
    'exec',
    'eslint',
    '.',
    '--cache',
    '--cache-location',
    '.dev/eslintcache',
    '--max-warnings=0',
  ]),
  tool('Lint: knip', 'pnpm', ['exec', 'knip']),
  tool('Lint: go vet', 'go', ['vet', './...'], join(ROOT, 'sandbox-image/holder')),
]

const units: readonly Runner[] = [unitTests, goTest('Holder tests', 'sandbox-image/holder')]

const onMachine: readonly Runner[] = [
  processTests,
  tool('Up', 'node', ['tooling/dev/up.ts']),
  tool('Generated files', 'node', ['tooling/dev/verify.ts']),
  clusterTests('Cluster tests', 'cluster'),
  clusterTests('Disruption tests', 'disruption'),
]

async function runAll(runners: readonly Runner[]): Promise<Tally> {
  let total = NO_TESTS
  for (const runner of runners) {
    try {
      total = addTallies(total, await step(runner.title, runner.run))
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      process.stderr.write(`${error.message}\n`)
      total = addTallies(total, FAILED)
    }
  }
  return total
}

const all = process.argv[2] === 'all'
const total = await runAll([...statics, ...units, ...(all ? onMachine : [])])
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`)
process.exitCode = total.failed > 0 ? 1 : 0
