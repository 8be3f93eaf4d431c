// Kinds of records in the spill store. Of the events, those of an open transaction may be in the table's read view or not.

export const ROW = 0
export const UPSERT_SHOWN = 1
export const UPSERT_OPEN = 2
export const DELETE_SHOWN = 3
export const DELETE_OPEN = 4
/** Without its delete, which compaction took: nobody knows its place, so it may be shown or not. */
export const TOMBSTONE = 5
export const TRUNCATE_SHOWN = 6
export const TRUNCATE_OPEN = 7
/** Of a table without a key: its record's key is the row. */
export const ADD_SHOWN = 8
export const ADD_OPEN = 9
export const REMOVE_SHOWN = 10
export const REMOVE_OPEN = 11
