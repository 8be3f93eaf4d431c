// A CloudFormation template as far as a test can know it without AWS: its parameters' defaults in the place of what refers to them.

import {parse} from 'yaml'
import type {ScalarTag} from 'yaml'

export interface Template {
  readonly Parameters: Readonly<Record<string, {readonly Type: string; readonly Default?: string | number}>>
  readonly Resources: Readonly<
    Record<string, {readonly Type: string; readonly Properties: Readonly<Record<string, unknown>>}>
  >
  readonly Outputs: Readonly<Record<string, {readonly Value: unknown}>>
}

/** Throws for a tag of another function, and for a name that nothing in the template has. */
export function resolveTemplate(text: string, given: Readonly<Record<string, string>>): Template {
  const names = parse(text, {customTags: ['!Ref', '!Sub'].map(tag => scalarTag(tag, value => value))}) as Template
  const valueOf = (name: string): string => {
    const value = given[name] ?? names.Parameters[name]?.Default ?? (name in names.Resources ? name : undefined)
    if (value === undefined) throw new Error(`${name} is no parameter with a value, and no resource`)
    return String(value)
  }
  const sub = (value: string): string => value.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => valueOf(name))
  return parse(text, {strict: true, customTags: [scalarTag('!Ref', valueOf), scalarTag('!Sub', sub)]}) as Template
}

function scalarTag(tag: string, resolve: (value: string) => string): ScalarTag {
  return {tag, resolve}
}
