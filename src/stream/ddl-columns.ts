// Which statements may give a table other columns, or another table its name. Only what certainly does neither is told
// apart: a statement more costs a look at the server, one that was overlooked would give rows wrong names.

const OTHER_OBJECT =
  /^(?:CREATE|ALTER|DROP) (?:VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|USER|ROLE|SERVER|DEFINER|ALGORITHM|SQL|TEMPORARY)\b/
// CREATE INDEX and CREATE UNIQUE INDEX are not among them: a unique index may become the key where there is no other.
const SAME_COLUMNS =
  /^(?:TRUNCATE|ANALYZE|OPTIMIZE|REPAIR|CHECK|FLUSH|GRANT|REVOKE)\b|^CREATE (?:FULLTEXT|SPATIAL|OR)\b/

/** `verb`: the statement's first words, see DdlReading. */
export function mayChangeColumns(verb: string): boolean {
  return !OTHER_OBJECT.test(verb) && !SAME_COLUMNS.test(verb)
}
