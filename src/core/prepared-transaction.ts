// An XA transaction that is prepared: its name, and where its rows stand in the binlog.

export interface PreparedTransaction {
  /** `X'global id',X'branch',format`. */
  readonly xid: string
  /** GTID under which it was prepared; '' and 0 without GTIDs. */
  readonly sid: string
  readonly gno: number
  /** Where it begins. */
  readonly file: string
  readonly pos: number
}
