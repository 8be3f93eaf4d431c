// Java regular expressions as JavaScript ones. Most are the same in both; what differs is translated, and what JavaScript
// cannot do is refused, never matched in another way.

const WITHOUT_MEANING_HERE = /^\(\?[iu]+\)/
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0B\\f\\r',
}
/** Letters after a backslash that mean the same in both languages (u and x are checked apart). */
const SAME_ESCAPES = 'tnrfdDsSwWbBcux'
const SAME_AS: Readonly<Record<string, string>> = {A: '^', z: '$', Z: '$', h: '[ \\t\\xA0]', a: '\\x07', e: '\\x1B'}

export interface JavaRegexOptions {
  /** As Debezium compiles filters: without case, which is the default here. */
  readonly caseSensitive?: boolean
  /** As Java's `Matcher.find`: a match may lie anywhere in the text. */
  readonly anywhere?: boolean
}

/**
 * A regular expression that matches the whole text, as Java's `Pattern.matches`. Throws a SyntaxError that says what
 * cannot be done.
 */
export function javaRegex(pattern: string, {caseSensitive = false, anywhere = false}: JavaRegexOptions = {}): RegExp {
  const inline = WITHOUT_MEANING_HERE.exec(pattern)
  const ignoreCase = !caseSensitive || inline?.[0].includes('i') === true
  const body = new Translation(inline === null ? pattern : pattern.slice(inline[0].length)).run()
  return new RegExp(anywhere ? body : `^(?:${body})$`, ignoreCase ? 'i' : '')
}

class Translation {
  readonly #pattern: string
  #at = 0
  #out = ''
  /** In a character class. */
  #inClass = false
  /** The last thing written was a quantifier, so that `+` after it is possessive. */
  #afterQuantifier = false

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  run(): string {
    while (this.#at < this.#pattern.length) this.#step()
    if (this.#inClass) throw new SyntaxError('the character class [ is not closed')
    return this.#out
  }

  #step(): void {
    const character = this.#pattern[this.#at]!
    if (character === '\\') this.#escape()
    else if (this.#inClass) this.#classCharacter(character)
    else if (character === '[') this.#openClass()
    else if (character === '(') this.#openGroup()
    else if ('*+?{'.includes(character)) this.#quantifier(character)
    else this.#write(character, 1)
  }

  #write(text: string, consumed: number): void {
    this.#out += text
    this.#at += consumed
    this.#afterQuantifier = false
  }

  #rest(): string {
    return this.#pattern.slice(this.#at)
  }

  #escape(): void {
    const next = this.#pattern[this.#at + 1]
    if (next === undefined) throw new SyntaxError('it ends in a backslash')
    if (next === 'Q') return this.#quotation()
    if (next === 'p' || next === 'P') return this.#property(next === 'P')
    if (next === 'x' && this.#pattern[this.#at + 2] === '{')
      throw new SyntaxError('\\x{…} is not supported; use \\uXXXX')
    if (next === 'k') return this.#write('\\k', 2)
    if (next === '0') throw new SyntaxError('octal escapes are not supported; use \\xHH')
    if (/[a-zA-Z]/.test(next) && !SAME_ESCAPES.includes(next)) {
      const same = SAME_AS[next]
      if (same === undefined || (this.#inClass && next !== 'a' && next !== 'e')) {
        throw new SyntaxError(`\\${next} is not supported`)
      }
      return this.#write(same, 2)
    }
    return this.#write(`\\${next}`, 2)
  }

  #quotation(): void {
    const start = this.#at + 2
    const end = this.#pattern.indexOf('\\E', start)
    const quoted = this.#pattern.slice(start, end === -1 ? undefined : end)
    this.#write(quoted.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'), (end === -1 ? quoted.length : quoted.length + 2) + 2)
  }

  #property(negated: boolean): void {
    const match = /^\\[pP]\{(\w+)\}/.exec(this.#rest())
    const members = match === null ? undefined : POSIX_CLASSES[match[1]!]
    if (match === null || members === undefined || (negated && this.#inClass)) {
      throw new SyntaxError(`${match?.[0] ?? '\\p'} is not supported; write the characters out in [ ]`)
    }
    this.#write(this.#inClass ? members : `[${negated ? '^' : ''}${members}]`, match[0].length)
  }

  #openClass(): void {
    const open = /^\[\^?/.exec(this.#rest())![0]
    this.#inClass = true
    this.#write(open, open.length)
    // A bracket that comes first is a member of the class in Java, and ends it in JavaScript.
    if (this.#pattern[this.#at] === ']') this.#write('\\]', 1)
  }

  #classCharacter(character: string): void {
    if (character === '[')
      throw new SyntaxError('a character class within a class is not supported; write \\[ for a bracket')
    if (this.#rest().startsWith('&&')) throw new SyntaxError('intersections of classes (&&) are not supported')
    if (character === ']') this.#inClass = false
    this.#write(character, 1)
  }

  #openGroup(): void {
    const special = /^\(\?(?::|=|!|<=|<!|<[a-zA-Z][a-zA-Z0-9]*>)?/.exec(this.#rest())
    if (special === null) return this.#write('(', 1)
    if (special[0] === '(?') {
      throw new SyntaxError('atomic groups (?>…) and flags other than a leading (?i) are not supported')
    }
    return this.#write(special[0], special[0].length)
  }

  #quantifier(character: string): void {
    if (this.#afterQuantifier) {
      if (character === '+') throw new SyntaxError('possessive quantifiers (*+, ++, ?+) are not supported')
      if (character === '?') return this.#write('?', 1)
      throw new SyntaxError(`nothing to repeat before ${character}`)
    }
    if (character !== '{') {
      this.#write(character, 1)
    } else {
      const range = /^\{\d+(?:,\d*)?\}/.exec(this.#rest())
      if (range === null) throw new SyntaxError('{ begins a repetition such as {1\\,3}; write \\{ for a brace')
      this.#write(range[0], range[0].length)
    }
    this.#afterQuantifier = true
  }
}
