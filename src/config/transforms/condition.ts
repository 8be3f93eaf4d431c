// The condition of io.debezium.transforms.Filter: as much of Groovy and JavaScript as nearly everybody writes, in which
// both mean the same. There is no script engine behind it: what is not understood is refused with its place.

export type Literal = string | number | boolean | null

export type Operand =
  | {readonly type: 'literal'; readonly value: Literal}
  /** `topic`, or `value` and the fields behind it. */
  | {readonly type: 'path'; readonly path: readonly string[]; readonly at: number}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Condition =
  | {readonly type: 'and' | 'or'; readonly left: Condition; readonly right: Condition}
  | {readonly type: 'not'; readonly operand: Condition}
  | {readonly type: 'constant'; readonly value: boolean}
  | {readonly type: 'compare'; readonly operator: Comparison; readonly left: Operand; readonly right: Operand}
  | {readonly type: 'in'; readonly operand: Operand; readonly values: readonly Literal[]}

/** All paths of a condition. */
export function conditionPaths(condition: Condition): (Operand & {readonly type: 'path'})[] {
  switch (condition.type) {
    case 'and':
    case 'or':
      return [...conditionPaths(condition.left), ...conditionPaths(condition.right)]
    case 'not':
      return conditionPaths(condition.operand)
    case 'constant':
      return []
    case 'compare':
      return [condition.left, condition.right].filter(operand => operand.type === 'path')
    case 'in':
      return condition.operand.type === 'path' ? [condition.operand] : []
  }
}

/** Throws a SyntaxError that names the place and what is understood. */
export function parseCondition(text: string): Condition {
  return new Parser(text).parse()
}

interface Token {
  readonly type: 'name' | 'text' | 'number' | 'symbol' | 'end'
  readonly text: string
  /** In the condition, from 1. */
  readonly at: number
}

const TOKEN = /\s*(?:([A-Za-z_$][\w$]*)|(-?\d+(?:\.\d+)?)|(===|!==|==|!=|<=|>=|&&|\|\||\?\.|[()[\],.!<>])|(['"]))/y
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  ...{'==': '==', '===': '==', '!=': '!=', '!==': '!='},
  ...{'<': '<', '<=': '<=', '>': '>', '>=': '>='},
}
const CONSTANTS: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ['null', null],
  ['true', true],
  ['false', false],
])
/** On a list: whether it has a value. */
const MEMBERSHIP: readonly string[] = ['contains', 'includes']
const UNDERSTOOD =
  'understood are topic, value.op, value.source.…, value.before.…, value.after.…, texts, numbers, null, true, false, ' +
  '== != < <= > >=, && || !, in […], […].contains(…) and parentheses'

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokens(text)
  }

  parse(): Condition {
    const condition = this.#or()
    if (this.#next.type !== 'end') throw this.#unexpected()
    return condition
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#took('||')) left = {type: 'or', left, right: this.#and()}
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#took('&&')) left = {type: 'and', left, right: this.#not()}
    return left
  }

  #not(): Condition {
    if (this.#took('!')) return {type: 'not', operand: this.#not()}
    if (!this.#took('(')) return this.#comparison()
    const inner = this.#or()
    this.#require(')')
    return inner
  }

  #comparison(): Condition {
    if (this.#next.text === '[' && this.#next.type === 'symbol') return this.#listMembership()
    const left = this.#operand()
    if (this.#next.type === 'name' && this.#next.text === 'in') {
      this.#at++
      return {type: 'in', operand: left, values: this.#list()}
    }
    const operator = this.#next.type === 'symbol' ? COMPARISONS[this.#next.text] : undefined
    if (operator === undefined) {
      if (left.type === 'literal' && typeof left.value === 'boolean') return {type: 'constant', value: left.value}
      throw this.#unexpected()
    }
    this.#at++
    return {type: 'compare', operator, left, right: this.#operand()}
  }

  /** `['c', 'r'].contains(value.op)` */
  #listMembership(): Condition {
    const values = this.#list()
    this.#require('.')
    if (this.#next.type !== 'name' || !MEMBERSHIP.includes(this.#next.text)) throw this.#unexpected()
    this.#at++
    this.#require('(')
    const operand = this.#operand()
    this.#require(')')
    return {type: 'in', operand, values}
  }

  #list(): Literal[] {
    this.#require('[')
    const values: Literal[] = []
    do {
      const at = this.#at
      const operand = this.#operand()
      if (operand.type !== 'literal') {
        this.#at = at
        throw this.#unexpected()
      }
      values.push(operand.value)
    } while (this.#took(','))
    this.#require(']')
    return values
  }

  #operand(): Operand {
    const {type, text, at} = this.#next
    if (type === 'text') return this.#literal(text)
    if (type === 'number') return this.#literal(Number(text))
    if (type !== 'name') throw this.#unexpected()
    const constant = CONSTANTS.get(text)
    if (constant !== undefined) return this.#literal(constant)
    if (text !== 'value' && text !== 'topic') throw this.#unexpected()
    this.#at++
    const path = [text]
    while (text === 'value' && (this.#took('.') || this.#took('?.'))) {
      const field = this.#next
      if (field.type !== 'name' || this.#tokens[this.#at + 1]!.text === '(') throw this.#unexpected()
      path.push(field.text)
      this.#at++
    }
    return {type: 'path', path, at}
  }

  #literal(value: Literal): Operand {
    this.#at++
    return {type: 'literal', value}
  }

  #took(symbol: string): boolean {
    if (this.#next.type !== 'symbol' || this.#next.text !== symbol) return false
    this.#at++
    return true
  }

  #require(symbol: string): void {
    if (!this.#took(symbol)) throw this.#unexpected()
  }

  #unexpected(): SyntaxError {
    const {type, text, at} = this.#next
    const found = type === 'end' ? 'its end' : `"${text}"`
    return new SyntaxError(`${found} at character ${at} is not understood here; ${UNDERSTOOD}`)
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = []
  const pattern = new RegExp(TOKEN)
  const end = text.trimEnd().length
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null) {
      const at = from + /^\s*/.exec(text.slice(from))![0].length
      throw new SyntaxError(`"${text[at]}" at character ${at + 1} is not understood; ${UNDERSTOOD}`)
    }
    const [whole, name, number, symbol, quote] = match
    const at = from + whole.length - (name ?? number ?? symbol ?? quote)!.length + 1
    if (quote === undefined) {
      const type = name !== undefined ? 'name' : number !== undefined ? 'number' : 'symbol'
      found.push({type, text: (name ?? number ?? symbol)!, at})
      continue
    }
    const {value, length} = quoted(text, at - 1)
    found.push({type: 'text', text: value, at})
    pattern.lastIndex = at - 1 + length
  }
  found.push({type: 'end', text: '', at: end + 1})
  return found
}

/** A text between quotes of one kind; a backslash stands before a quote or another backslash. */
function quoted(text: string, start: number): {value: string; length: number} {
  const quote = text[start]!
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!
    if (character === quote) return {value, length: at + 1 - start}
    if (character === '$' && quote === '"') {
      throw new SyntaxError(`"$" at character ${at + 1} begins an insertion in Groovy; write the text in single quotes`)
    }
    if (character !== '\\') {
      value += character
      continue
    }
    const next = text[++at]
    if (next !== '\\' && next !== "'" && next !== '"') {
      throw new SyntaxError(`"\\${next ?? ''}" at character ${at} is not understood in a text`)
    }
    value += next
  }
  throw new SyntaxError(`the text at character ${start + 1} is not closed`)
}
