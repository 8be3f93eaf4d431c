// `tidemark init`: the SQL for the signal table and the grants, with the reason for each; with --apply it is run.

import type {Command} from 'commander'
import type {DatabaseSettings, Settings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {openConnection, queryRows} from '../mysql/connections.ts'
import {accountLiteral} from '../mysql/identifiers.ts'
import {setupStatements, type SetupStatement} from '../mysql/setup-statements.ts'
import {loadForCommand, printWarnings, type CommandContext} from './command-context.ts'

interface InitOptions {
  readonly apply?: true
  readonly adminUser?: string
}

export function registerInit(program: Command, context: CommandContext): void {
  program
    .command('init')
    .description('print the SQL for the signal table and the grants, for an administrator to run: | mysql …')
    .argument('<config>', 'JSON or .properties file')
    .option('--apply', 'run it instead of printing it')
    .option(
      '--admin-user <user>',
      'account that runs it (with --apply); its password comes from TIDEMARK_ADMIN_PASSWORD',
    )
    .action((path: string, options: InitOptions) => init(path, options, context))
}

async function init(path: string, options: InitOptions, context: CommandContext): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  const account = await findAccount(loaded.settings.database)
  const statements = setupStatements(loaded.settings, accountLiteral(account ?? `${loaded.settings.database.user}@%`))
  if (options.apply !== true) {
    if (account === null) context.print(`${accountHint(loaded.settings)}\n`)
    context.print(statements.map(statementText).join('\n\n'))
    return
  }
  await apply(statements, administrator(loaded.settings, options, context), context)
}

/** user@host as the server knows our account, or null where we cannot connect with it (yet). */
async function findAccount(database: DatabaseSettings): Promise<string | null> {
  try {
    const connection = await openConnection(database, 'init')
    try {
      const [row] = await queryRows<{account: string}>(connection, 'SELECT CURRENT_USER() AS account')
      return row!.account
    } finally {
      connection.destroy()
    }
  } catch (error) {
    // Printing SQL needs no server, and the account may be created by whoever runs it.
    if (error instanceof TidemarkError) return null
    throw error
  }
}

/** The password is not printed: what goes through a pipe ends in histories and logs. */
function accountHint({database}: Settings): string {
  const account = accountLiteral(`${database.user}@%`)
  return (
    `-- Could not connect as ${database.user}; where the account is missing, create it first:\n` +
    `-- CREATE USER ${account} IDENTIFIED BY 'the password in database.password';`
  )
}

function statementText({reason, sql}: SetupStatement): string {
  return `-- ${reason}\n${sql}`
}

/** Who runs the statements: the configured account may lack the right to grant. */
function administrator({database}: Settings, options: InitOptions, context: CommandContext): DatabaseSettings {
  if (options.adminUser === undefined) return database
  const password = context.env['TIDEMARK_ADMIN_PASSWORD'] ?? ''
  if (password !== '') context.hide([password])
  return {...database, user: options.adminUser, password}
}

async function apply(
  statements: readonly SetupStatement[],
  database: DatabaseSettings,
  context: CommandContext,
): Promise<void> {
  const connection = await openConnection(database, 'init')
  try {
    for (const {sql, reason} of statements) {
      await queryRows(connection, sql, [], `run \`${sql}\` as ${database.user}`)
      context.print(`done: ${reason}`)
    }
  } finally {
    connection.destroy()
  }
}
