// `converters`: Debezium's own converters of column values, as configuration. Any other class is refused by name.

import {findOption} from './option-table.ts'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import {javaRegex} from './java-regex.ts'
import {splitCommaList} from './comma-list.ts'

/** What becomes of a column's values: a boolean, 0 or 1, a double, a float, or text whose schema names its character set. */
export type Conversion = 'boolean' | 'int16' | 'double' | 'float' | 'text'

/** Fit for a message between threads. */
export interface ConverterRule {
  readonly converter: string
  readonly conversion: Conversion
  /** Of `database.table.column`; null: every column that `tinyIntOne` lets through. */
  readonly columns: readonly RegExp[] | null
  /** Only tinyint; `1`: only those declared TINYINT(1). Null: any type that can be converted. */
  readonly tinyInt: 'any' | '1' | null
}

const PACKAGES = ['io.debezium.connector.binlog.converters.', 'io.debezium.connector.mysql.converters.']
const TINYINT = 'TinyIntOneToBooleanConverter'
const JDBC_SINK = 'JdbcSinkDataTypesConverter'
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  [TINYINT]: ['type', 'selector', 'length.checker'],
  [JDBC_SINK]: ['type', 'selector.boolean', 'selector.real', 'selector.string', 'treat.real.as.double'],
}

/** In the order of `converters`; the first that takes a column converts it. */
export function converterRules(values: OptionValues, problems: ConfigProblems): ConverterRule[] {
  return values.list('converters').flatMap(name => {
    if (findOption(`${name}.type`) !== null) {
      problems.add('converters', `${name}.type is an option already; give this converter another name`)
      return []
    }
    const options = new ConverterOptions(name, values, problems)
    const type = options.text('type')
    const kind = [TINYINT, JDBC_SINK].find(known => PACKAGES.some(prefix => type === prefix + known))
    if (kind === undefined) {
      const found = type === null ? 'it is missing' : `${type} is not supported`
      const known = [TINYINT, JDBC_SINK].map(each => PACKAGES[0] + each).join(' or ')
      problems.add(`${name}.type`, `${found}; use ${known}, or convert the values downstream and take ${name} out`)
      return []
    }
    options.assertKnown(OPTIONS[kind]!)
    return kind === TINYINT ? [tinyIntRule(options)] : jdbcSinkRules(options)
  })
}

/** The names in `converters`: their options have keys of their own, `<name>.…`. */
export function converterNames(list: string): readonly string[] {
  return splitCommaList(list)
}

function tinyIntRule(options: ConverterOptions): ConverterRule {
  return {
    converter: options.name,
    conversion: 'boolean',
    columns: options.patterns('selector'),
    tinyInt: options.flag('length.checker', true) ? '1' : 'any',
  }
}

function jdbcSinkRules(options: ConverterOptions): ConverterRule[] {
  const real = options.flag('treat.real.as.double', true) ? 'double' : 'float'
  const rules: readonly (readonly [string, Conversion])[] = [
    ['selector.boolean', 'int16'],
    ['selector.real', real],
    ['selector.string', 'text'],
  ]
  return rules.flatMap(([key, conversion]) => {
    const columns = options.patterns(key)
    return columns === null ? [] : [{converter: options.name, conversion, columns, tinyInt: null}]
  })
}

class ConverterOptions {
  readonly name: string
  readonly #values: OptionValues
  readonly #problems: ConfigProblems

  constructor(name: string, values: OptionValues, problems: ConfigProblems) {
    this.name = name
    this.#values = values
    this.#problems = problems
  }

  assertKnown(known: readonly string[]): void {
    for (const key of this.#values.keys()) {
      if (!key.startsWith(`${this.name}.`) || known.includes(key.slice(this.name.length + 1))) continue
      this.#problems.add(key, `there is no such option; wanted one of ${known.join(', ')}`)
    }
  }

  text(option: string): string | null {
    const key = `${this.name}.${option}`
    return this.#values.has(key) ? this.#values.text(key).trim() : null
  }

  flag(option: string, byDefault: boolean): boolean {
    const found = this.text(option)?.toLowerCase() ?? String(byDefault)
    if (found !== 'true' && found !== 'false') {
      this.#problems.add(`${this.name}.${option}`, `found "${found}", wanted true or false`)
    }
    return found === 'true'
  }

  patterns(option: string): readonly RegExp[] | null {
    const list = this.text(option)
    if (list === null) return null
    return splitCommaList(list).flatMap(pattern => {
      try {
        return [javaRegex(pattern)]
      } catch (error) {
        const why = (error as Error).message
        this.#problems.add(`${this.name}.${option}`, `"${pattern}" cannot be used as a regular expression: ${why}`)
        return []
      }
    })
  }
}
