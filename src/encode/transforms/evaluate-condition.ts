// Whether the condition of a filter holds for a record.

import type {Condition, Literal, Operand} from '../../config/transforms/condition.ts'
import type {ConditionFilter} from '../../config/transforms/transform.ts'
import {missingColumn} from './transform-error.ts'
import type {RowSide} from './changed-row.ts'
import type {RecordSubject, TransformedRecord} from './transformed-record.ts'

/** The value is no change event, so nothing can be said of its fields. */
export class NoChangeEvent extends Error {}

/** What a path stands for. An object that is there, a row say, compares as `PRESENT`, which equals nothing. */
type Found = Literal | typeof PRESENT
const PRESENT = Symbol('an object')

/** Throws RowNeeded where it hangs on the row and that is not there; NoChangeEvent. */
export function conditionHolds(filter: ConditionFilter, record: TransformedRecord, subject: RecordSubject): boolean {
  return new Evaluation(filter, record, subject).holds(filter.condition)
}

class Evaluation {
  readonly #filter: ConditionFilter
  readonly #record: TransformedRecord
  readonly #subject: RecordSubject

  constructor(filter: ConditionFilter, record: TransformedRecord, subject: RecordSubject) {
    this.#filter = filter
    this.#record = record
    this.#subject = subject
  }

  holds(condition: Condition): boolean {
    switch (condition.type) {
      case 'constant':
        return condition.value
      case 'and':
        return this.holds(condition.left) && this.holds(condition.right)
      case 'or':
        return this.holds(condition.left) || this.holds(condition.right)
      case 'not':
        return !this.holds(condition.operand)
      case 'in': {
        const found = this.#value(condition.operand)
        return condition.values.some(value => value === found)
      }
      case 'compare': {
        const left = this.#value(condition.left)
        const right = this.#value(condition.right)
        if (condition.operator === '==') return left === right && left !== PRESENT
        if (condition.operator === '!=') return left !== right || left === PRESENT
        return isOrdered(left, right, condition.operator)
      }
    }
  }

  #value(operand: Operand): Found {
    if (operand.type === 'literal') return operand.value
    const [root, ...fields] = operand.path
    if (root === 'topic') return this.#record.topic
    const {value} = this.#record
    switch (value.type) {
      case 'tombstone':
      case 'null':
        return null
      case 'envelope':
        return this.#ofEnvelope(fields)
      case 'row':
        return fields.length === 0 ? PRESENT : this.#ofRow(value, fields[0]!)
      case 'other':
      case 'payload':
        throw new NoChangeEvent('a condition asks for fields of a change event')
    }
  }

  #ofEnvelope([field, inner]: readonly string[]): Found {
    const {kind, table, source} = this.#subject
    if (field === undefined) return PRESENT
    if (field === 'op') return kind
    if (field === 'source') {
      if (inner === undefined) return PRESENT
      if (inner === 'db') return table?.database ?? null
      if (inner === 'table') return table?.table ?? null
      return inner === 'name' ? source : 'mysql'
    }
    const side: RowSide = field === 'before' ? 'before' : 'after'
    const isThere = side === 'before' ? kind === 'u' || kind === 'd' : kind === 'c' || kind === 'r' || kind === 'u'
    if (!isThere) return null
    return inner === undefined ? PRESENT : this.#column(side, inner)
  }

  #ofRow(value: TransformedRecord['value'] & {type: 'row'}, field: string): Found {
    if (field === '__deleted' && value.deleted !== null) return value.deleted
    const added = value.fields.find(({name}) => name === field)
    if (added === undefined) return this.#column(value.side, field)
    return this.#ofEnvelope([...(added.struct === null ? [] : [added.struct]), added.field])
  }

  #column(side: RowSide, column: string): Found {
    const {columns, table, row} = this.#subject
    if (!columns.has(column)) throw missingColumn(this.#filter.name, table, column)
    const json = row.json(side, column)
    const value: unknown = json === null ? null : JSON.parse(json)
    return value === null || typeof value !== 'object' ? (value as Literal) : PRESENT
  }
}

function isOrdered(left: Found, right: Found, operator: '<' | '<=' | '>' | '>='): boolean {
  if (typeof left !== 'number' || typeof right !== 'number') return false
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}
