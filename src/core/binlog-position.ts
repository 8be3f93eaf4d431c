// A place in the binlog of one server: file name and byte offset.

export interface BinlogPosition {
  readonly file: string
  readonly pos: number
}

/**
 * Negative, zero or positive as `a` lies before, at or behind `b`.
 * File names of one server differ only in their number, which grows a digit after 999999, so the shorter name is older.
 */
export function compareBinlogPositions(a: BinlogPosition, b: BinlogPosition): number {
  if (a.file !== b.file) {
    if (a.file.length !== b.file.length) return a.file.length - b.file.length
    return a.file < b.file ? -1 : 1
  }
  return a.pos - b.pos
}

export function binlogPositionText(position: BinlogPosition): string {
  return `${position.file}:${position.pos}`
}
