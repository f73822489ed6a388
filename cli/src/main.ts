#!/usr/bin/env node
// cpc: wires the command line to its commands and turns failures into a sentence and an exit code.
import { enableCompileCache } from 'node:module'
import type { CommandContext } from './commands/context.ts'
import { EXIT } from './core/exit-codes.ts'
import { Failure } from './core/failure.ts'
import { readEnvironment } from './env.ts'

// Stripping types from a few hundred lines costs more than most commands; once is enough.
enableCompileCache()

const { GatewayApi } = await import('./edge/gateway-api.ts')
const { tokenSource } = await import('./edge/token-source.ts')
const { buildProgram } = await import('./program.ts')
const { CommanderError } = await import('commander')

const environment = readEnvironment()
const run = { exitCode: EXIT.ok as number }

function say(sentence: string): void {
  process.stderr.write(`cpc: ${sentence}\n`)
}

function context(gatewayUrl: string | undefined): CommandContext {
  return {
    api: () => new GatewayApi(gatewayUrl ?? environment.gatewayUrl, tokenSource(environment)),
    print: text => process.stdout.write(`${text}\n`),
    say,
    nowMs: () => Date.now(),
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
  }
}

try {
  await buildProgram({ environment, context, run }).parseAsync()
} catch (error) {
  run.exitCode = report(error)
}
process.exitCode = run.exitCode

/** Says what went wrong and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (!(error instanceof Failure)) throw error
  say(error.message)
  return error.exitCode
}
