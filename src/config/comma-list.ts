// Debezium's comma lists: split at commas that no backslash precedes; `\,` stands for a comma, every other escape stays.

/** Trimmed elements; empty ones are left out. */
export function splitCommaList(text: string): string[] {
  const elements: string[] = []
  let element = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\' && at + 1 < text.length) {
      const next = text[++at]!
      element += next === ',' ? ',' : `\\${next}`
    } else if (character === ',') {
      elements.push(element)
      element = ''
    } else {
      element += character
    }
  }
  elements.push(element)
  return elements.map(each => each.trim()).filter(each => each !== '')
}
