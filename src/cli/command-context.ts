// What a command gets from the process, so that commands themselves touch neither process nor console.

import type {Command} from 'commander'
import {loadSettings, type LoadedSettings} from '../config/load-settings.ts'

export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Lines for people and pipes. */
  print(text: string): void
  /** Lines beside the result. */
  printError(text: string): void
  /** Ends the process with `code` once the command is done, though it did not throw. */
  setExitCode(code: number): void
  /**
   * Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. Only commands that have something to
   * finish ask for it: the others end as any program does.
   */
  stopSignal(): AbortSignal
  /** Texts that the last line on stderr must not show. */
  hide(secrets: readonly string[]): void
  /** Calls `listener` at each SIGHUP. */
  onReload(listener: () => void): void
}

/** Adds one command to the program. */
export type RegisterCommand = (program: Command, context: CommandContext) => void

/** The settings in `path`; their secrets are hidden from then on. */
export function loadForCommand(path: string, context: CommandContext): LoadedSettings {
  const loaded = loadSettings(path, {env: context.env})
  context.hide(loaded.settings.secrets)
  return loaded
}

/** Warnings about the configuration, for commands that have no log. */
export function printWarnings(loaded: LoadedSettings, context: CommandContext): void {
  for (const warning of loaded.warnings) context.printError(`warning: ${warning}`)
}
