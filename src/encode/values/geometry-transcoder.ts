// Spatial columns: the server stores four bytes of SRID and then WKB (well-known binary), on both entrances the same.
// Debezium's structs: `wkb` and `srid`, and for a POINT column its coordinates before them.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {writeBase64} from './base64.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {writeDouble} from './float-transcoder.ts'
import {malformedImage, MYSQL_TYPE, readUintLe} from './image-bytes.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'

const SRID_BYTES = 4
/** Byte order, type, x, y. */
const POINT_BYTES = 21
const LITTLE_ENDIAN = 1
const POINT = 1

/** An SRID of 0, which is the plane without units, is null as in Debezium. */
export function geometryFamily(column: ColumnShape): ColumnFamily {
  const write = column.type === 'point' ? writePoint : writeGeometry
  return {
    fromText: write,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.GEOMETRY) throw layoutMismatch(column, type)
      const prefix = lengthPrefixBytes(column, type, metadata)
      return (source, start, end, out) => {
        const stop = valueEnd(source, start, end, prefix)
        write(source, start + prefix, stop, out)
        return stop
      }
    },
  }
}

function writeGeometry(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.writeAscii('{"wkb":')
  writeWkbAndSrid(source, start, end, out)
}

function writePoint(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const wkb = start + SRID_BYTES
  if (end - wkb !== POINT_BYTES || source[wkb] !== LITTLE_ENDIAN || readUintLe(source, wkb + 1, 4) !== POINT) {
    throw malformedImage('a point that is not stored as one')
  }
  out.writeAscii('{"x":')
  writeDouble(source.readDoubleLE(wkb + 5), out)
  out.writeAscii(',"y":')
  writeDouble(source.readDoubleLE(wkb + 13), out)
  out.writeAscii(',"wkb":')
  writeWkbAndSrid(source, start, end, out)
}

function writeWkbAndSrid(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (end - start <= SRID_BYTES) throw malformedImage('a geometry without content')
  writeBase64(source, start + SRID_BYTES, end, 0, out)
  out.writeAscii(',"srid":')
  const srid = readUintLe(source, start, SRID_BYTES)
  if (srid === 0) out.writeAscii('null}')
  else {
    out.writeInteger(srid)
    out.writeAscii('}')
  }
}
