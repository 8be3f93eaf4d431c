// Sections of documents between `<!-- NAME: begin … -->` and `<!-- NAME: end -->`. Pure.

/** What stands between the marks, without the blank lines around it. Throws where a mark is missing. */
export function sectionOf(text: string, name: string): string {
  return find(text, name).body.trim()
}

/** The text with another body between the marks. */
export function withSection(text: string, name: string, body: string): string {
  const {head, tail} = find(text, name)
  return `${head}\n\n${body.trim()}\n\n${tail}`
}

function find(text: string, name: string): {head: string; body: string; tail: string} {
  const parts = new RegExp(
    `^([\\s\\S]*?<!-- ${name}: begin.*? -->)\\n([\\s\\S]*?)(<!-- ${name}: end -->[\\s\\S]*)$`,
  ).exec(text)
  if (parts === null)
    throw new Error(`no section "${name}": a line <!-- ${name}: begin --> or <!-- ${name}: end --> is missing`)
  return {head: parts[1]!, body: parts[2]!, tail: parts[3]!}
}
