// char, varchar and the texts. A SELECT brings utf8mb4 whatever the column's character set; a row image brings the
// column's own bytes. Where both are UTF-8 they are copied.

import type {ColumnShape} from '../../core/table-shape.ts'
import {charsetWriter} from './charset.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {writeJsonString} from '../json-bytes.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'

export function textFamily(column: ColumnShape): ColumnFamily {
  const write = charsetWriter(column.charset ?? 'utf8mb4', column.name)
  return {
    fromText: writeJsonString,
    image: (type, metadata) => {
      const prefix = lengthPrefixBytes(column, type, metadata)
      return (source, start, end, out) => {
        const stop = valueEnd(source, start, end, prefix)
        write(source, start + prefix, stop, out)
        return stop
      }
    },
  }
}
