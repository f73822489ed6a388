// `make bench`: the side-by-side table, to standard output and bench/results/. Ratios within one run are what counts.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { mustKubectl, readySession, removeSession, uniqueName } from '@cpc/e2e/world'
import type { Way } from './line.ts'
import { echoMs, KEYS, openToAnswerMs, OUTPUT_BYTES, outputMBps } from './measures.ts'
import { quantiles } from './quantiles.ts'
import { kubectlExec, pocketConsole, rawExec } from './ways.ts'

const OPENS = 10
const ROUNDS = 3
const COLD_STARTS = 5

const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
const ms = (value: number) => value.toFixed(2)

function quantileRow(name: string, sample: readonly number[]): string {
  const { count, p50, p90, p99, max } = quantiles(sample)
  return row([name, count, ms(p50), ms(p90), ms(p99), ms(max)])
}

function table(title: string, head: readonly string[], rows: readonly string[]): string {
  return [`## ${title}`, '', row(head), row(head.map(() => '---')), ...rows, ''].join('\n')
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const sample: number[] = []
  for (let round = 0; round < times; round += 1) sample.push(await measure())
  return sample
}

async function coldStartMs(): Promise<number> {
  const name = uniqueName('bench')
  const startMs = performance.now()
  await readySession(name)
  const tookMs = performance.now() - startMs
  await removeSession(name)
  return tookMs
}

async function compare(ways: readonly Way[]): Promise<string[]> {
  const opened: string[] = []
  const echoed: string[] = []
  const streamed: string[] = []
  for (const way of ways) {
    process.stderr.write(`${way.name}\n`)
    opened.push(quantileRow(way.name, await repeat(OPENS, () => openToAnswerMs(way))))
    echoed.push(quantileRow(way.name, await echoMs(way)))
    const rates = await repeat(ROUNDS, () => outputMBps(way))
    streamed.push(
      row([
        way.name,
        ROUNDS,
        ...[Math.min(...rates), quantiles(rates).p50, Math.max(...rates)].map(rate => rate.toFixed(1)),
      ]),
    )
  }
  const times = ['way', 'n', 'p50', 'p90', 'p99', 'max']
  return [
    table('Open to the first answer, ms', times, opened),
    table(`Echo of a key, ms (${KEYS} keys, one at a time)`, times, echoed),
    table(`${OUTPUT_BYTES / 1024 / 1024} MiB of output, MB/s`, ['way', 'n', 'min', 'median', 'max'], streamed),
  ]
}

const name = uniqueName('bench')
const { podName } = await readySession(name, { idleTimeoutSeconds: 3600 })
const pod = String(podName)
const ways = [pocketConsole(name, 'live'), pocketConsole(name, 'lossless'), rawExec(pod), kubectlExec(pod)]
const tables = await compare(ways)
const cold = table(
  'Create to Ready, cold, ms',
  ['what', 'n', 'p50', 'p90', 'p99', 'max'],
  [quantileRow('kubectl apply to Ready seen', await repeat(COLD_STARTS, coldStartMs))],
)
await removeSession(name)
const server = JSON.parse(await mustKubectl('version', '--output', 'json')) as { serverVersion: { gitVersion: string } }
const about = `Kubernetes ${server.serverVersion.gitVersion}, Node ${process.version}, ${cpus().length} cores, everything on one machine.`
const report = [`# Bench`, '', about, '', ...tables, cold].join('\n')
process.stdout.write(report)
const results = join(import.meta.dirname, '../results')
await mkdir(results, { recursive: true })
await writeFile(join(results, 'latest.md'), report)
process.exit(0)
