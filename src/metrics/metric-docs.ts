// The table of metrics as docs/metrics.md shows it.

import {METRICS} from './metric-table.ts'

export function metricTableMarkdown(): string {
  const rows = METRICS.map(({name, type, labels, help}) => {
    const shown = labels.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`
  })
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n') + '\n'
}
