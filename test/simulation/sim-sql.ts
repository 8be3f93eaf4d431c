// The few statements that the engine sends, carried out on the simulated server's rows: chunks, maximum keys, cuts of
// ranges, and marks. Read word by word; what is not understood is an error of the simulation.

import {invariant, TidemarkError} from '../../src/core/tidemark-error.ts'
import type {TableSet} from './sim-mysql.ts'
import type {SimRow} from './sim-tables.ts'

type Value = number | string | null

const SELECT =
  /^SELECT (?<list>.+) FROM `d`\.`(?<table>\w+)`(?: WHERE (?<where>.+))? ORDER BY (?<order>.+) LIMIT (?<limit>\d+)(?: OFFSET (?<offset>\d+))?$/
const TOKEN = /`(\w+)`|(-?\d+)|(>=|<=|[<>=()])|\b(AND|OR)\b|(\w+)/g

/** The table that a SELECT reads. */
export function tableOf(sql: string): string {
  return parts(sql)['table']!
}

/** Rows as lists of values, as they are visible now. Rejects an unknown column as MySQL does. */
export function select(tables: TableSet, sql: string): Value[][] {
  const {list = '', table = '', where, order = '', limit, offset = '0'} = parts(sql)
  const known = new Set(tables.definition(table).columns.map(({name}) => name))
  const names = list.split(', ').map(item => item.replaceAll('`', ''))
  const missing = names.find(name => !known.has(name))
  if (missing !== undefined) {
    throw new TidemarkError('TIDEMARK_MYSQL_ERROR', `Unknown column '${missing}' in 'field list'`)
  }
  const matches = where === undefined ? () => true : condition(where)
  const keys = order.split(', ').map(item => {
    const [name = '', direction] = item.replaceAll('`', '').split(' ')
    return {name, sign: direction === 'DESC' ? -1 : 1}
  })
  const rows = [...tables.rows(table).values()].filter(matches).sort((a, b) => {
    for (const {name, sign} of keys) {
      const difference = Number(a[name]) - Number(b[name])
      if (difference !== 0) return difference * sign
    }
    return 0
  })
  return rows.slice(Number(offset), Number(offset) + Number(limit)).map(row => names.map(name => row[name] ?? null))
}

function parts(sql: string): Record<string, string | undefined> {
  const match = SELECT.exec(sql)
  invariant(match?.groups !== undefined, `the simulated server does not know this statement: ${sql}`)
  return match.groups
}

type Predicate = (row: SimRow) => boolean

/** `a > 1 AND (a > 1 OR (a = 1 AND b > 2))`: comparisons of a column with a number, AND, OR and parentheses. */
export function condition(text: string): Predicate {
  const tokens = [...text.matchAll(TOKEN)].map(match => match[0].replaceAll('`', ''))
  let at = 0
  const either = (): Predicate => {
    const choices = [all()]
    while (tokens[at] === 'OR') {
      at++
      choices.push(all())
    }
    return row => choices.some(choice => choice(row))
  }
  const all = (): Predicate => {
    const wanted = [one()]
    while (tokens[at] === 'AND') {
      at++
      wanted.push(one())
    }
    return row => wanted.every(each => each(row))
  }
  const one = (): Predicate => {
    if (tokens[at] === '(') {
      at++
      const inner = either()
      invariant(tokens[at++] === ')', `a parenthesis of ${text} is not closed`)
      return inner
    }
    const [name = '', operator = '', number = ''] = tokens.slice(at, at + 3)
    at += 3
    return row => compare(Number(row[name]), operator, Number(number))
  }
  const whole = either()
  invariant(at === tokens.length, `the simulated server does not understand ${text}`)
  return whole
}

function compare(left: number, operator: string, right: number): boolean {
  switch (operator) {
    case '>':
      return left > right
    case '<':
      return left < right
    case '>=':
      return left >= right
    case '<=':
      return left <= right
    case '=':
      return left === right
    default:
      throw new Error(`the simulated server does not know the operator ${operator}`)
  }
}

/** The row of an INSERT into the signal table, or the id of a DELETE. */
export function readMark(sql: string, values: readonly string[]): {insert: SimRow} | {deleteId: string} {
  const [id = '', type = '', data = ''] = values
  if (sql === 'INSERT INTO `d`.`signal` VALUES (?, ?, ?)') return {insert: {id, type, data}}
  if (sql === 'DELETE FROM `d`.`signal` WHERE `id` = ?') return {deleteId: id}
  throw new Error(`the simulated server does not know this statement: ${sql}`)
}
