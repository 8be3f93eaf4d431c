// Which keys of a configuration are to change so that a table is captured, or is not any more; or why that cannot be done
// for this table alone.

import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import {splitCommaList} from './comma-list.ts'
import type {ConfigChanges} from './config-changes.ts'
import type {RawConfig} from './config-file.ts'
import {javaRegex} from './java-regex.ts'
import type {OptionValue} from './option.ts'
import {createDatabaseFilter, createTableFilter, isSignalTable} from './table-filter.ts'
import type {Settings} from './settings.ts'

export interface TableListScope {
  readonly settings: Settings
  /** As it stands in the file. */
  readonly written: RawConfig
  /** With the values that are kept elsewhere. */
  readonly config: RawConfig
}

export type TableListEdit =
  | {readonly type: 'change'; readonly changes: ConfigChanges}
  /** It is so already. */
  | {readonly type: 'nothing'; readonly why: string}
  | {readonly type: 'refused'; readonly why: string}

const INCLUDE = 'table.include.list'
const EXCLUDE = 'table.exclude.list'

/** Has the table captured. */
export function addTable(table: TableId, scope: TableListScope): TableListEdit {
  const {settings} = scope
  const name = tableIdText(table)
  const hidden = hiddenBy(table, scope)
  if (hidden !== null) return {type: 'refused', why: hidden}
  if (createTableFilter(settings)(table)) return {type: 'nothing', why: `${name} is captured already`}
  if (settings.filters.tableInclude !== null) return changed(INCLUDE, [...elements(scope, INCLUDE), escaped(name)])
  const {own, others} = entriesOf(name, scope, EXCLUDE)
  if (others.length > 0) return {type: 'refused', why: `${quoted(others)} of ${EXCLUDE} keeps ${name} out; change it`}
  if (own.length === 0) return {type: 'refused', why: `${EXCLUDE} keeps ${name} out by a value that is kept elsewhere`}
  return changed(EXCLUDE, without(elements(scope, EXCLUDE), own))
}

/** Has the table captured no longer. */
export function removeTable(table: TableId, scope: TableListScope): TableListEdit {
  const {settings} = scope
  const name = tableIdText(table)
  if (isSignalTable(settings, table)) {
    return {type: 'refused', why: `${name} is the signal table; signal.table.events=false leaves its events out`}
  }
  if (!createTableFilter(settings)(table)) return {type: 'nothing', why: `${name} is not captured`}
  if (settings.filters.tableInclude === null) return changed(EXCLUDE, [...elements(scope, EXCLUDE), escaped(name)])
  const {own, others} = entriesOf(name, scope, INCLUDE)
  if (others.length > 0) {
    return {
      type: 'refused',
      why: `${quoted(others)} of ${INCLUDE} matches ${name} among others; write a pattern there that does not, e.g. (?!${escaped(name)}$)…`,
    }
  }
  if (own.length === 0) return {type: 'refused', why: `${INCLUDE} has ${name} by a value that is kept elsewhere`}
  const left = without(elements(scope, INCLUDE), own)
  if (left.length === 0) {
    return {
      type: 'refused',
      why: `${name} is the last of ${INCLUDE}: without it every table would be captured; stop the task instead`,
    }
  }
  return changed(INCLUDE, left)
}

/** Why no list of tables can have it captured; null where one can. */
function hiddenBy(table: TableId, {settings, config}: TableListScope): string | null {
  const name = tableIdText(table)
  if (isSignalTable(settings, table)) return `${name} is the signal table, which is always read`
  if (createDatabaseFilter(settings)(table.database)) return null
  const key = ['database.include.list', 'database.exclude.list'].find(each => (config.get(each) ?? '') !== '')
  if (settings.filters.ignoreBuiltin && /^(?:mysql|performance_schema|sys|information_schema)$/i.test(table.database)) {
    return `${name} belongs to the server itself; table.ignore.builtin=true keeps it out`
  }
  return `${key ?? 'the database filter'}=${String(config.get(key ?? '') ?? '')} keeps the database ${table.database} out; change that first`
}

function elements({written}: TableListScope, key: string): string[] {
  return splitCommaList(String(written.get(key) ?? ''))
}

/** Patterns of a list that match the name: those that mean nothing else, as they are written, and others. */
function entriesOf(name: string, scope: TableListScope, key: string): {own: string[]; others: string[]} {
  const matching = splitCommaList(String(scope.config.get(key) ?? '')).filter(pattern => javaRegex(pattern).test(name))
  const own = new Set(elements(scope, key).filter(pattern => isOnly(pattern, name)))
  return {own: [...own], others: matching.filter(pattern => !isOnly(pattern, name))}
}

/** A dot is hardly ever meant as any character there. */
function isOnly(pattern: string, name: string): boolean {
  const plain = pattern.replace(/\[\.\]/g, '.').replace(/\\([^A-Za-z0-9])/g, '$1')
  return plain.toLowerCase() === name.toLowerCase()
}

function without(list: readonly string[], gone: readonly string[]): string[] {
  return list.filter(element => !gone.includes(element))
}

/** As a regular expression that means this name alone. */
function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\,]/g, '\\$&')
}

function changed(key: string, list: readonly string[]): TableListEdit {
  const value: OptionValue | null = list.length === 0 ? null : list.map(listElement).join(',')
  return {type: 'change', changes: new Map([[key, value]])}
}

/** A comma in an element is written with a backslash. */
function listElement(element: string): string {
  return element.replace(/(?<!\\),/g, '\\,')
}

function quoted(patterns: readonly string[]): string {
  return patterns.map(pattern => `"${pattern}"`).join(', ')
}
