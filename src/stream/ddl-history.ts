// Statements that stand in the binlog ahead of the stream: whether one of them may have changed a table's columns. Each
// stretch is read once, whichever tables are asked about.

import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import type {TableId} from '../core/table-id.ts'
import {mayChangeColumns} from './ddl-columns.ts'
import {mayTouch, readDdl} from './ddl.ts'
import type {BinlogStatement, SchemaSource} from './schema-source.ts'

export class DdlHistory {
  readonly #source: SchemaSource
  #stretch: {readonly from: BinlogPosition; readonly to: BinlogPosition} | null = null
  #statements: readonly BinlogStatement[] = []

  constructor(source: SchemaSource) {
    this.#source = source
  }

  /** Another server's binlog has other places. */
  forget(): void {
    this.#stretch = null
    this.#statements = []
  }

  /**
   * The first statement behind `after` and up to `to` that may have given the table other columns. `begin`: where the
   * transaction that holds `after` begins.
   */
  async changeBetween(
    table: TableId,
    {begin, after, to}: {readonly begin: BinlogPosition; readonly after: BinlogPosition; readonly to: BinlogPosition},
  ): Promise<BinlogPosition | null> {
    await this.#know(begin, to)
    const found = this.#statements.find(
      statement =>
        compareBinlogPositions(statement, after) > 0 &&
        compareBinlogPositions(statement, to) < 0 &&
        mayTouch(readDdl(statement.sql), statement.database, table),
    )
    return found ?? null
  }

  async #know(from: BinlogPosition, to: BinlogPosition): Promise<void> {
    const known = this.#stretch
    const goesOn =
      known !== null && compareBinlogPositions(from, known.from) >= 0 && compareBinlogPositions(from, known.to) <= 0
    if (!goesOn) {
      this.#statements = await this.#read(from, to)
      this.#stretch = {from, to}
      return
    }
    const isLonger = compareBinlogPositions(to, known.to) > 0
    const more = isLonger ? await this.#read(known.to, to) : []
    // The stream does not go back: what lies before it is of no more use.
    const ahead = this.#statements.filter(statement => compareBinlogPositions(statement, from) >= 0)
    this.#statements = [...ahead, ...more]
    this.#stretch = {from, to: isLonger ? to : known.to}
  }

  async #read(from: BinlogPosition, to: BinlogPosition): Promise<readonly BinlogStatement[]> {
    if (compareBinlogPositions(from, to) >= 0) return []
    return await this.#source.statements(from, to, sql => mayChangeColumns(readDdl(sql).verb))
  }
}
