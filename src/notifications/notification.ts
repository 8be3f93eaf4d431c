// A notification, in the shape of Debezium's: something that happened to a snapshot, or the answer to a signal.

/** The names are those of the record that consumers see. */
export interface Notification {
  /** The signal's id; of a snapshot that no signal asked for, the snapshot's. */
  readonly id: string
  readonly type: string
  readonly aggregate_type: string
  /** Every value is a text. */
  readonly additional_data: Readonly<Record<string, string>>
  /** Milliseconds since 1970, when it happened. */
  readonly timestamp: number
}
