// The command line: names, options and help. Each command's code is loaded when it runs, so that `cpc ls` starts fast.
import { Command } from 'commander'
import type { AttachOptions } from './commands/attach.ts'
import type { CommandContext } from './commands/context.ts'
import type { ExecOptions } from './commands/exec.ts'
import type { CreateCommandOptions } from './commands/sessions.ts'
import type { TokenOptions } from './commands/token.ts'
import { ATTACH_KEYS_HELP } from './core/attach-keys.ts'
import { DURATIONS } from './core/create-body.ts'
import { formatSeconds } from './core/duration.ts'
import { VERSION } from './core/version.ts'
import type { Environment } from './env.ts'

/** What a run of the program comes to. */
interface Run {
  exitCode: number
}

export interface ProgramSetting {
  environment: Environment
  /** @param gatewayUrl what --gateway says, if anything */
  context: (gatewayUrl: string | undefined) => CommandContext
  run: Run
}

const DURATION = 'for example 90s, 5m or 8h'

function bounds(option: keyof typeof DURATIONS): string {
  const { min, fallback } = DURATIONS[option]
  return `default ${formatSeconds(fallback)}, at least ${formatSeconds(min)}`
}

/** The whole command line. Parsing it runs the command and sets `run.exitCode`; failures are thrown. */
export function buildProgram(setting: ProgramSetting): Command {
  const program = new Command('cpc')
    .description('Sessions of Claude Pocket Console, from a terminal.')
    .version(VERSION)
    .option('--gateway <url>', 'address of the gateway (default: CPC_GATEWAY_URL)')
    .showHelpAfterError('(cpc --help says more)')
    .exitOverride()
    .addHelpText('after', HELP)
  const context = () => setting.context(program.opts<{ gateway?: string }>().gateway)
  addSessionCommands(program, context)
  addTerminalCommands(program, context, setting.run)
  addIdentityCommands(program, context, setting.environment)
  for (const command of program.commands) command.exitOverride()
  return program
}

function addSessionCommands(program: Command, context: () => CommandContext): void {
  program
    .command('create')
    .description('create a session and print its name')
    .argument('[name]', 'a DNS label of at most 52 characters; left out, the gateway chooses one')
    .argument('[command...]', 'what to run instead of the shell; needs a name, and -- before it')
    .option('--image <image>', 'container image')
    .option('--cpu <quantity>', 'for example 500m')
    .option('--memory <quantity>', 'for example 512Mi')
    .option('--pids <count>', 'how many processes')
    .option('--tmp <quantity>', 'size of /tmp and the home directory, for example 100Mi')
    .option('--idle <duration>', `end after this long without input, ${DURATION} (${bounds('idle')})`)
    .option('--lifetime <duration>', `end after this long in any case, ${DURATION} (${bounds('lifetime')})`)
    .option('--ttl <duration>', `keep the record this long after the end, ${DURATION} (${bounds('ttl')})`)
    .option('--runtime-class <name>', 'for example gvisor')
    .option('--wait', 'wait until it is ready')
    .option('--wait-timeout <duration>', 'how long --wait waits', '120s')
    .option('--json', 'print the session as JSON')
    .action(async (name: string | undefined, command: string[], options: CreateCommandOptions) => {
      const { createCommand } = await import('./commands/sessions.ts')
      await createCommand(context(), name, command, options)
    })
  program
    .command('ls')
    .description('list your sessions')
    .option('--json', 'print them as a JSON array')
    .action(async (options: { json?: boolean }) => {
      const { listCommand } = await import('./commands/sessions.ts')
      await listCommand(context(), options)
    })
  program
    .command('get')
    .description('show one session')
    .argument('<name>')
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: { json?: boolean }) => {
      const { getCommand } = await import('./commands/sessions.ts')
      await getCommand(context(), name, options)
    })
  program
    .command('rm')
    .description('end and delete sessions')
    .argument('<names...>')
    .action(async (names: string[]) => {
      const { removeCommand } = await import('./commands/sessions.ts')
      await removeCommand(context(), names)
    })
}

function addTerminalCommands(program: Command, context: () => CommandContext, run: Run): void {
  program
    .command('attach')
    .description("make this terminal the session's")
    .argument('<name>')
    .option('--lossless', 'every byte of output or an error, never a gap; a slow terminal then slows the session')
    .option('--view', 'watch only')
    .option('--takeover', 'take the keyboard from whoever has it')
    .addHelpText('after', ATTACH_HELP)
    .action(async (name: string, options: AttachOptions) => {
      const { attachCommand } = await import('./commands/attach.ts')
      run.exitCode = await attachCommand(context(), name, options)
    })
  program
    .command('exec')
    .description("run one line in the session's shell, print its output, exit with its exit code")
    .argument('<name>')
    .argument('<line...>', "behind --, for example: cpc exec my-shell -- 'make test'")
    .option('--takeover', 'take the keyboard from whoever has it')
    .option('--timeout <duration>', `interrupt the line after this long, ${DURATION}`)
    .option('--busy-wait <duration>', 'how long the shell may take to answer', '10s')
    .option('--attach-wait <duration>', 'how long the session may take to be attached to', '60s')
    .showHelpAfterError("(the line goes behind --: cpc exec NAME -- 'ls -l'; cpc exec --help says more)")
    .addHelpText('after', EXEC_HELP)
    .action(async (name: string, line: string[], options: ExecOptions) => {
      const { execCommand } = await import('./commands/exec.ts')
      run.exitCode = await execCommand(context(), name, line.join(' '), options)
    })
}

function addIdentityCommands(program: Command, context: () => CommandContext, environment: Environment): void {
  program
    .command('whoami')
    .description('show who your token says you are')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      const { whoamiCommand } = await import('./commands/sessions.ts')
      await whoamiCommand(context(), options)
    })
  program
    .command('token')
    .description('print a token of the local issuer; needs a kubeconfig that may read its key')
    .requiredOption('--owner <name>', 'whom the token is for')
    .option('--ttl <duration>', 'how long it is valid, at most 12h', '10m')
    .option('--system-namespace <namespace>', 'where Pocket Console runs', environment.systemNamespace)
    .action(async (options: TokenOptions) => {
      const { tokenCommand } = await import('./commands/token.ts')
      await tokenCommand(context(), options)
    })
}

const HELP = `
Environment:
  CPC_GATEWAY_URL      address of the gateway
  CPC_TOKEN            your token, or
  CPC_TOKEN_COMMAND    a shell command that prints one, for example: cpc token --owner dev

Exit codes: 0 done; 1 error; 2 wrong command line; 124 a wait took too long; 130 interrupted.
attach ends with the shell's own code, exec with the line's.`

const ATTACH_HELP = `
Keys: ${ATTACH_KEYS_HELP}

A lost connection comes back by itself. Exits with the shell's code, with 0 after detaching,
and with 1 and a sentence when the session ended otherwise.`

const EXEC_HELP = `
Several words are joined by blanks and read by that shell: quote the line as a whole, as in -- 'echo "$HOME"; ls -l'.
The line runs in the session's own shell: cd and variables stay, and exit ends the session.
It is a terminal: stdout and stderr arrive as one, programs see its columns (TERM is dumb: no colours),
and standard input is not passed on. Line feeds arrive as they were printed (the terminal's \\r\\n is switched off
meanwhile; in an image without stty, every \\r\\n becomes \\n).

While something else runs in the session, the line is not run: after --busy-wait the exit code is 124.
What was typed to find that out (one printf) is read by that program, or by the shell when it ends.`
