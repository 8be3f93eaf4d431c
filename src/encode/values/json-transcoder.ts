// json: the server's text form as a JSON string. A SELECT brings that text; a row image brings the binary form, whose
// text is made here.

import {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {MYSQL_TYPE} from './image-bytes.ts'
import {writeJsonString} from '../json-bytes.ts'
import {writeJsonDocument} from './json-document.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'

/** A buffer that one large document made larger than this is not kept. */
const KEEP_BYTES = 1024 * 1024

let text = new ByteWriter(16 * 1024)

export function jsonFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: writeJsonString,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.JSON) throw layoutMismatch(column, type)
      const prefix = lengthPrefixBytes(column, type, metadata)
      return (source, start, end, out) => {
        const stop = valueEnd(source, start, end, prefix)
        text.clear()
        writeJsonDocument(source, start + prefix, stop, text)
        writeJsonString(text.bytes, 0, text.length, out)
        if (text.bytes.length > KEEP_BYTES) text = new ByteWriter(16 * 1024)
        return stop
      }
    },
  }
}
