#!/usr/bin/env node
// The devcluster command: a real Kubernetes from source, for machines without Docker.
import { Command } from 'commander'
import { join, resolve } from 'node:path'
import { layoutCluster } from './core/layout.ts'
import { planProcesses } from './core/processes.ts'
import { locateBuilds, toolsDir } from './edge/builds.ts'
import { takeDown } from './edge/down.ts'
import { loadImage } from './edge/image-loading.ts'
import { buildImage, nameOwnImages } from './edge/images.ts'
import { exclusively } from './edge/lock.ts'
import { showLogs } from './edge/logs.ts'
import { say } from './edge/progress.ts'
import { statusOf } from './edge/status.ts'
import { bringUp } from './edge/up.ts'
import { readEnvironment } from './env.ts'

const { settings: checked, searchPath } = readEnvironment()
if (checked.kind === 'invalid') {
  console.error(checked.message)
  process.exit(2)
}
const { settings } = checked
const layout = layoutCluster(settings)
const store = { layout, source: settings.baseImages }
const componentsDir = join(import.meta.dirname, '../components')
const programsDir = join(import.meta.dirname, 'programs')
const programs = () => locateBuilds(componentsDir, layout.cacheDir)
const locked = <T>(work: () => Promise<T>) => exclusively(`/run/pocket-console-${layout.clusterName}.lock`, work)

const command = new Command('devcluster').description('A real Kubernetes from source, for machines without Docker.')
command
  .command('up')
  .description('bring the cluster up; does nothing when all is healthy')
  .action(() => locked(() => bringUp({ store, componentsDir, programsDir, searchPath })))
command
  .command('down')
  .option('--purge', 'remove state and caches too')
  .description('end everything that up started')
  .action((options: { purge?: boolean }) => locked(() => takeDown({ ...settings, purge: options.purge ?? false })))
command
  .command('status')
  .description('show every process and whether it works; exit code 1 when one does not')
  .action(async () => {
    const built = { programs: await programs(), images: nameOwnImages(await programs()) }
    const plans = planProcesses({ layout, ...built, nodeProgram: process.execPath, programsDir })
    const statuses = await statusOf(layout, plans)
    for (const { name, state, pid } of statuses) say(`${state.padEnd(16)} ${String(pid ?? '-').padEnd(8)} ${name}`)
    if (statuses.some(status => status.state !== 'works')) process.exitCode = 1
  })
command
  .command('build-image <context>')
  .requiredOption('--tag <name>', 'name of the image')
  .option('--file <dockerfile>', 'Dockerfile; CONTEXT/Dockerfile by default')
  .description('build an image from a Dockerfile')
  .action((context: string, options: { tag: string; file?: string }) =>
    buildImage(store, resolve(context), options.tag, options.file),
  )
command
  .command('load <image>')
  .description('load a built image into every node')
  .action(async (image: string) =>
    say(`loaded into: ${(await loadImage(store, await programs(), image)).join(' ') || 'none, all had it'}`),
  )
command
  .command('logs [component]')
  .option('-f, --follow', 'go on as they grow')
  .description('show the end of the logs')
  .action((component: string | undefined, options: { follow?: boolean }) =>
    showLogs(layout, component, options.follow ?? false),
  )
command
  .command('tools')
  .description('print the folder of kubectl, helm and ctr')
  .action(() => say(toolsDir(layout.cacheDir)))

command.parseAsync().catch((error: unknown) => {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
