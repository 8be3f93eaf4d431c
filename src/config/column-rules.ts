// column.*: which columns come out, and which of them shortened or masked. Keys are never changed by these.

import {getHashes} from 'node:crypto'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'

export type ColumnMapping =
  | {readonly type: 'truncate'; readonly length: number}
  | {readonly type: 'mask'; readonly length: number}
  /** `serialized`: of the text as Java serializes it (version 1 of the option), else of its UTF-8 bytes (v2). */
  | {readonly type: 'hash'; readonly algorithm: string; readonly salt: string; readonly serialized: boolean}

export interface ColumnMappingRule {
  /** Of `database.table.column`. */
  readonly columns: readonly RegExp[]
  readonly mapping: ColumnMapping
}

/** Fit for a message between threads. */
export interface ColumnRules {
  /** Of `database.table.column`; null: not given. Never both. */
  readonly include: readonly RegExp[] | null
  readonly exclude: readonly RegExp[] | null
  /** The first that matches counts. */
  readonly mappings: readonly ColumnMappingRule[]
}

export const NO_COLUMN_RULES: ColumnRules = {include: null, exclude: null, mappings: []}

const TRUNCATE = /^column\.truncate\.to\.(\d+)\.chars$/
const MASK = /^column\.mask\.with\.(\d+)\.chars$/
const HASH = /^column\.mask\.hash\.(v2\.)?(.+?)\.with\.salt\.(.+)$/

export function columnRules(values: OptionValues, problems: ConfigProblems): ColumnRules {
  const include = values.patterns('column.include.list')
  const exclude = values.patterns('column.exclude.list')
  if (include !== null && exclude !== null) {
    problems.add('column.exclude.list', 'found beside column.include.list; wanted one of the two')
  }
  return {include, exclude, mappings: mappingRules(values, problems)}
}

/** In Debezium's order: shortened, masked, hashed. */
function mappingRules(values: OptionValues, problems: ConfigProblems): ColumnMappingRule[] {
  const rules: {rank: number; rule: ColumnMappingRule}[] = []
  for (const key of values.keys()) {
    if (!/^column\.(truncate|mask)\./.test(key)) continue
    const mapping = mappingOf(key, problems)
    const columns = values.patterns(key)
    if (mapping !== null && columns !== null) rules.push({rank: RANK[mapping.type], rule: {columns, mapping}})
  }
  return rules.sort((a, b) => a.rank - b.rank).map(({rule}) => rule)
}

const RANK: Readonly<Record<ColumnMapping['type'], number>> = {truncate: 0, mask: 1, hash: 2}

function mappingOf(key: string, problems: ConfigProblems): ColumnMapping | null {
  const truncate = TRUNCATE.exec(key)
  if (truncate !== null) {
    const length = Number(truncate[1])
    if (length >= 1) return {type: 'truncate', length}
    problems.add(key, 'found a length of 0, wanted 1 or more; to show nothing, use column.mask.with.0.chars')
    return null
  }
  const mask = MASK.exec(key)
  if (mask !== null) return {type: 'mask', length: Number(mask[1])}
  const hash = HASH.exec(key)
  if (hash !== null) {
    const algorithm = nodeAlgorithm(hash[2]!)
    if (algorithm !== null) return {type: 'hash', algorithm, salt: hash[3]!, serialized: hash[1] === undefined}
    problems.add(key, `there is no hash algorithm "${hash[2]}"; wanted one of SHA-256, SHA-512, SHA-1, MD5, SHA3-256 …`)
    return null
  }
  problems.add(
    key,
    'wanted column.truncate.to.N.chars, column.mask.with.N.chars, or column.mask.hash.[v2.]ALGORITHM.with.salt.SALT',
  )
  return null
}

/** Java's SHA-256 is OpenSSL's sha256; SHA3-256 is sha3-256. */
function nodeAlgorithm(name: string): string | null {
  const wanted = [name.toLowerCase(), name.toLowerCase().replace(/^sha-/, 'sha').replaceAll('/', '-')]
  return getHashes().find(known => wanted.includes(known.toLowerCase())) ?? null
}
