// Kafka's config providers: `${env:NAME}` and `${file:PATH:KEY}` stand for a value kept elsewhere.

import {readFileSync} from 'node:fs'
import type {ConfigProblems} from './problems.ts'
import {parseProperties} from './properties-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ReferenceScope {
  readonly key: string
  readonly value: string
  readonly env: Environment
  readonly problems: ConfigProblems
}

// Kafka's own pattern: ${provider:[path:]key}. Text in braces without a colon is no reference.
const REFERENCE = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

/** `value` with every reference replaced; what was put in is not looked at again, as in Kafka. */
export function resolveReferences({key, value, env, problems}: ReferenceScope): string {
  return value.replace(REFERENCE, (reference, provider: string, path: string | undefined, name: string) => {
    if (provider === 'env') {
      const found = env[name]
      if (found === undefined) problems.add(key, `${reference}: the environment has no variable ${name}; set it`)
      return found ?? ''
    }
    if (provider === 'file') return fromFile({key, reference, path: path ?? '', name, problems})
    problems.add(key, `${reference}: there is no provider ${provider}; use \${env:NAME} or \${file:PATH:KEY}`)
    return ''
  })
}

interface FileReference {
  readonly key: string
  readonly reference: string
  readonly path: string
  readonly name: string
  readonly problems: ConfigProblems
}

function fromFile({key, reference, path, name, problems}: FileReference): string {
  if (path === '') {
    problems.add(key, `${reference}: found no path; wanted \${file:PATH:KEY}`)
    return ''
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    problems.add(key, `${reference}: cannot read ${path} (${code}); name a readable .properties file`)
    return ''
  }
  const property = parseProperties(text).findLast(each => each.key === name)
  if (property === undefined) problems.add(key, `${reference}: ${path} has no key ${name}; add it`)
  return property?.value ?? ''
}
