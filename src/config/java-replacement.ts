// Java's Matcher.replaceFirst for names that match as a whole: what RegexRouter and ByLogicalTableRouter do to a topic's
// name. Data only, so that it can be handed to a worker.

import {javaRegex} from './java-regex.ts'

/** Text, or a group of the match. */
export type ReplacementPart = string | {readonly group: number | string}

export interface NameRewrite {
  /** Names that it matches in full are rewritten. */
  readonly whole: RegExp
  /** What is replaced then: Java looks for the first match anew, and that may end before the name does. */
  readonly first: RegExp
  readonly replacement: readonly ReplacementPart[]
}

/** With case, as Java has it by default. Throws a SyntaxError that says what cannot be done. */
export function nameRewrite(regex: string, replacement: string): NameRewrite {
  const first = javaRegex(regex, {caseSensitive: true, anywhere: true})
  return {whole: javaRegex(regex, {caseSensitive: true}), first, replacement: replacementParts(replacement, first)}
}

/** The new name, or null where the name does not match in full. */
export function rewriteName(name: string, {whole, first, replacement}: NameRewrite): string | null {
  const match = whole.test(name) ? first.exec(name) : null
  if (match === null) return null
  const parts = replacement.map(part => (typeof part === 'string' ? part : (groupText(match, part.group) ?? '')))
  return name.slice(0, match.index) + parts.join('') + name.slice(match.index + match[0].length)
}

function groupText(match: RegExpExecArray, group: number | string): string | undefined {
  return typeof group === 'number' ? match[group] : match.groups?.[group]
}

/** `$1`, `${name}` and `\` before a character that stands for itself. */
function replacementParts(text: string, regex: RegExp): ReplacementPart[] {
  // With an empty alternative it matches anything, and the match lists all groups there are.
  const groups = new RegExp(`${regex.source}|`).exec('')!
  const names = Object.keys(groups.groups ?? {})
  const count = groups.length - 1
  const parts: ReplacementPart[] = []
  for (let at = 0; at < text.length;) {
    const character = text[at]!
    if (character === '\\') {
      const next = text[at + 1]
      if (next === undefined) throw new SyntaxError('it ends in a backslash')
      parts.push(next)
      at += 2
    } else if (character !== '$') {
      parts.push(character)
      at++
    } else {
      const [found, group] = groupReference(text.slice(at), {names, count})
      parts.push({group})
      at += found
    }
  }
  return parts
}

/** How long the reference at the beginning is, and its group. */
function groupReference(
  text: string,
  {names, count}: {readonly names: readonly string[]; readonly count: number},
): [number, number | string] {
  const name = /^\$\{([a-zA-Z][a-zA-Z0-9]*)\}/.exec(text)?.[1]
  if (name !== undefined) {
    if (!names.includes(name)) throw new SyntaxError(`the regular expression has no group named ${name}`)
    return [name.length + 3, name]
  }
  const digits = /^\$(\d+)/.exec(text)?.[1]
  if (digits === undefined) {
    throw new SyntaxError('a $ begins a reference to a group, as $1; write \\$ for the character itself')
  }
  if (Number(digits[0]) > count) throw new SyntaxError(`the regular expression has no group ${digits[0]}`)
  // As in Java: a further digit belongs to the number as long as there is such a group.
  let length = 1
  while (length < digits.length && Number(digits.slice(0, length + 1)) <= count) length++
  return [length + 1, Number(digits.slice(0, length))]
}
