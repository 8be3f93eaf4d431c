// Rows of texts, one below the other, for people.

/** Each column as wide as its widest text; those of `right` end at their right edge. */
export function textColumns(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string[] {
  const widths = rows[0]!.map((_, index) => Math.max(...rows.map(row => row[index]!.length)))
  return rows.map(row => {
    const cells = row.map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
