// The labels of an ENUM or SET out of information_schema's COLUMN_TYPE, e.g. enum('a','it''s'). The server writes a
// quote twice and escapes backslash, NUL, newline and carriage return with a backslash; everything else stands as it is.

const ESCAPED: Readonly<Record<string, string>> = {'0': '\0', n: '\n', r: '\r'}

/** Labels in definition order. */
export function parseLabels(columnType: string): string[] {
  const labels: string[] = []
  let at = columnType.indexOf("'")
  while (at !== -1 && at < columnType.length) {
    const {label, end} = readLabel(columnType, at + 1)
    labels.push(label)
    at = columnType.indexOf("'", end)
  }
  return labels
}

function readLabel(text: string, start: number): {label: string; end: number} {
  let label = ''
  for (let at = start; at < text.length; at++) {
    const character = text[at]!
    if (character === "'") {
      if (text[at + 1] !== "'") return {label, end: at + 1}
      label += "'"
      at++
    } else if (character === '\\') {
      at++
      const escaped = text[at] ?? ''
      label += ESCAPED[escaped] ?? escaped
    } else {
      label += character
    }
  }
  return {label, end: text.length}
}
