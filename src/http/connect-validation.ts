// The option table as Connect shows a plugin's, and what is wrong with a configuration in the form of its validation.

import type {Option} from '../config/option.ts'
import {findOption, OPTION_GROUPS} from '../config/option-table.ts'

const TYPES: Readonly<Record<Option['type'], string>> = {
  string: 'STRING',
  integer: 'LONG',
  boolean: 'BOOLEAN',
  list: 'LIST',
  patterns: 'LIST',
  secret: 'PASSWORD',
}

/** Every key that means something here; families of keys stand for none of their own. */
export function definitions() {
  return OPTION_GROUPS.flatMap(({title, options}) =>
    options
      .filter(({key, status}) => status === 'supported' && !key.includes('*'))
      .map((option, order) => definitionOf(option, option.key, {group: title, order})),
  )
}

function definitionOf(option: Option | null, name: string, place: {readonly group: string; readonly order: number}) {
  return {
    name,
    type: TYPES[option?.type ?? 'string'],
    required: option?.required === true,
    default_value: option?.default == null ? null : String(option.default),
    importance: option?.required === true ? 'HIGH' : 'MEDIUM',
    documentation: option?.description ?? '',
    group: place.group,
    width: 'MEDIUM',
    display_name: name,
    dependents: [],
    order: place.order,
  }
}

/** Null where the text is no object. `problems` are `key: what`. */
export function configInfos(plugin: string, text: string, problems: readonly string[]) {
  const given = membersOf(text)
  if (given === null) return null
  const errors = new Map<string, string[]>()
  for (const problem of problems) {
    const [, key = '', what = problem] = /^(\S+): (.*)$/s.exec(problem) ?? []
    errors.set(key, [...(errors.get(key) ?? []), what])
  }
  const known = definitions()
  const names = new Set(known.map(({name}) => name))
  const others = [...new Set([...given.keys(), ...errors.keys()])].filter(key => !names.has(key))
  const all = [...known, ...others.map((key, order) => definitionOf(findOption(key), key, {group: OTHERS, order}))]
  return {
    name: plugin,
    error_count: [...errors.values()].flat().length,
    groups: [...new Set(all.map(({group}) => group))],
    configs: all.map(definition => {
      const {name, type} = definition
      const value = given.get(name) ?? definition.default_value
      const shown = type === 'PASSWORD' && value !== null ? '[hidden]' : value
      return {
        definition,
        value: {name, value: shown, recommended_values: [], errors: errors.get(name) ?? [], visible: true},
      }
    }),
  }
}

const OTHERS = 'Others'

function membersOf(text: string): Map<string, string> | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return new Map(
      Object.entries(value).flatMap(([key, member]) =>
        ['string', 'number', 'boolean'].includes(typeof member) ? [[key, String(member)]] : [],
      ),
    )
  } catch {
    return null
  }
}
