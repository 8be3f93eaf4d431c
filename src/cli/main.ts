// The command line: which commands there are, and how a command's end becomes the process's.

import {Command, CommanderError} from 'commander'
import {redact} from '../config/redact.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {CommandContext, RegisterCommand} from './command-context.ts'
import {EXIT_CLEAN, EXIT_CONFIGURATION, EXIT_FAILURE, exitCodeOf} from './exit-code.ts'
import {packageVersion} from './package-version.ts'

/** In the order of the help. A command's module, with all that it needs, is only loaded where it is used. */
const COMMANDS: Readonly<Record<string, () => Promise<RegisterCommand>>> = {
  run: async () => (await import('./run.ts')).registerRun,
  check: async () => (await import('./check.ts')).registerCheck,
  init: async () => (await import('./init.ts')).registerInit,
  signal: async () => (await import('./signal.ts')).registerSignal,
  status: async () => (await import('./status.ts')).registerStatus,
  plan: async () => (await import('./plan.ts')).registerPlan,
  tables: async () => (await import('./tables.ts')).registerTables,
  verify: async () => (await import('./verify.ts')).registerVerify,
  state: async () => (await import('./state.ts')).registerState,
  explain: async () => (await import('./explain.ts')).registerExplain,
}

/** What `main` needs of the process; tests give their own. */
export interface CliProcess {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  writeOut(text: string): void
  writeError(text: string): void
  /** Calls `listener` at each SIGINT and SIGTERM. */
  onStopSignal(listener: () => void): void
  /** Calls `listener` at each SIGHUP, which else ends the process. */
  onReloadSignal(listener: () => void): void
  exit(code: number): never
}

/** Runs one command and gives its exit code. Never throws. */
export async function main(process: CliProcess): Promise<number> {
  const secrets: string[] = []
  let exitCode = EXIT_CLEAN
  const context = createContext(process, secrets, code => (exitCode = code))
  try {
    const program = await createProgram(process, context)
    await program.parseAsync([...process.argv], {from: 'user'})
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CLEAN : EXIT_CONFIGURATION
    process.writeError(redact(failureText(error), secrets))
    return exitCodeOf(error)
  }
}

/** What is said of an error at the end: details first, so that the last line says what failed and what to do. */
export function failureText(error: unknown): string {
  if (!(error instanceof TidemarkError)) {
    const stack = error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : ''
    const message = error instanceof Error ? error.message : String(error)
    return `${stack}tidemark: internal error: ${message.split('\n')[0]!}; please report it with the lines above\n`
  }
  const [headline, ...details] = error.message.split('\n')
  const lines = details.map(detail => `${detail}\n`).join('')
  return `${lines}tidemark: ${headline!.replace(/:$/, '')} (${error.code})\n`
}

async function createProgram(process: CliProcess, context: CommandContext): Promise<Command> {
  const program = new Command('tidemark')
  program
    .description('Change data capture for MySQL: streams the binlog, and copies tables while the stream goes on.')
    .version(packageVersion())
    .showHelpAfterError('Run `tidemark --help` to see the commands.')
    .configureOutput({writeOut: text => process.writeOut(text), writeErr: text => process.writeError(text)})
    .exitOverride()
  const name = process.argv[0] ?? ''
  const only = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  // Without a command that we know the help, or what is wrong, is about all of them.
  for (const load of only === undefined ? Object.values(COMMANDS) : [only]) (await load())(program, context)
  // Sub-commands take over output and exit only if told.
  for (const command of program.commands) {
    command.copyInheritedSettings(program)
    for (const part of command.commands) part.copyInheritedSettings(command)
  }
  return program
}

function createContext(process: CliProcess, secrets: string[], setExitCode: (code: number) => void): CommandContext {
  let stopping: AbortController | null = null
  return {
    env: process.env,
    print: text => process.writeOut(`${redact(text, secrets)}\n`),
    printError: text => process.writeError(`${redact(text, secrets)}\n`),
    setExitCode,
    hide: more => secrets.push(...more),
    onReload: listener => process.onReloadSignal(listener),
    stopSignal: () => {
      if (stopping !== null) return stopping.signal
      const controller = (stopping = new AbortController())
      process.onStopSignal(() => {
        if (controller.signal.aborted) process.exit(EXIT_FAILURE)
        controller.abort()
      })
      return controller.signal
    },
  }
}
