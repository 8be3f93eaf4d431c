// Configuration files of tests, and what loading them says.

import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {loadSettings, type LoadedSettings} from '../../src/config/load-settings.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import type {CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'

export type ConfigKeys = Readonly<Record<string, string | number | boolean | null>>

/** What no configuration can do without; nothing is copied at the start, so that no signal table is needed. */
export const REQUIRED_KEYS: ConfigKeys = {
  'topic.prefix': 'shop',
  'database.hostname': 'db.example',
  'database.user': 'tidemark',
  'database.server.id': 4711,
  'snapshot.mode': 'no_data',
}

/** The required keys and `keys`; null removes one. */
export async function loadKeys(
  t: CleanUpContext,
  keys: ConfigKeys = {},
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedSettings> {
  const config = Object.fromEntries(Object.entries({...REQUIRED_KEYS, ...keys}).filter(([, value]) => value !== null))
  return await loadText(t, JSON.stringify(config), {env})
}

export async function loadText(
  t: CleanUpContext,
  text: string,
  {env = {}, name = 'shop.json'}: {readonly env?: Readonly<Record<string, string>>; readonly name?: string} = {},
): Promise<LoadedSettings> {
  const path = join(await tempFolder(t), name)
  await writeFile(path, text)
  return loadSettings(path, {env})
}

/** The problems that are listed, one line each. */
export async function problemsOf(loading: Promise<LoadedSettings>): Promise<string[]> {
  try {
    await loading
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.kind !== 'configuration') throw error
    return error.message
      .split('\n')
      .slice(1)
      .map(line => line.trim())
  }
  return []
}
