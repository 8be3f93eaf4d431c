// Every kind of statement that may change a table, each on tables of its own, and what has to be said of it.

/** A statement with what it needs before it; `name` is its table, names beside it begin with `name`. */
export interface DdlKind {
  readonly what: string
  readonly setUp: (name: string) => string
  readonly statements: (name: string, database: string) => string
  /** The statement changes rows of `name` without row events. */
  readonly diverges: boolean
  /** … and rows of before may be gone: ghosts, where no truncate event resets the topic. */
  readonly ghosts?: boolean
  /** Behind the statement there is no table `name`. */
  readonly goes?: boolean
  /** The server refuses it. */
  readonly fails?: boolean
}

const ROWS = 60
const COLUMNS = "id INT NOT NULL, note VARCHAR(20) NOT NULL DEFAULT '', amount INT NOT NULL DEFAULT 1"

export function rows(name: string, from = 1, to = ROWS): string {
  return `INSERT INTO ${name} (id, note) WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
    SELECT i, CONCAT('row ', i) FROM n;`
}

function table(name: string): string {
  return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id)); ${rows(name)}`
}

function partitioned(name: string): string {
  return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id)) PARTITION BY RANGE (id)
    (PARTITION p0 VALUES LESS THAN (21), PARTITION p1 VALUES LESS THAN (41), PARTITION p2 VALUES LESS THAN (100)); ${rows(name)}`
}

/** ALTER TABLE `name` … */
function alter(clauses: string, more: Partial<DdlKind> = {}): DdlKind {
  return {
    what: `ALTER TABLE … ${clauses}`,
    setUp: table,
    statements: name => `ALTER TABLE ${name} ${clauses}`,
    diverges: true,
    ...more,
  }
}

export const DDL_KINDS: readonly DdlKind[] = [
  alter("ADD COLUMN more VARCHAR(5) NOT NULL DEFAULT 'x'"),
  alter('ADD COLUMN more INT FIRST, ALGORITHM=INSTANT'),
  alter('DROP COLUMN amount'),
  alter('RENAME COLUMN note TO remark'),
  alter('CHANGE note remark VARCHAR(60) NOT NULL FIRST'),
  alter('MODIFY COLUMN amount VARCHAR(12)'),
  alter('ADD COLUMN twice INT AS (amount * 2) STORED'),
  alter('CONVERT TO CHARACTER SET latin1'),
  alter('RENAME COLUMN id TO pk', {ghosts: true}),
  alter('DROP PRIMARY KEY, ADD PRIMARY KEY (amount, id)', {ghosts: true}),
  alter('ENGINE=InnoDB', {diverges: false}),
  alter("ALTER COLUMN amount SET DEFAULT 5, COMMENT='DROP COLUMN amount', ADD INDEX (amount)", {diverges: false}),
  alter('ADD COLUMN note INT', {diverges: false, fails: true}),
  alter('DROP PARTITION p1', {setUp: partitioned, ghosts: true}),
  alter('TRUNCATE PARTITION p0, p2', {setUp: partitioned, ghosts: true}),
  alter('REORGANIZE PARTITION p0, p1 INTO (PARTITION p0 VALUES LESS THAN (41))', {setUp: partitioned, diverges: false}),
  alter('REMOVE PARTITIONING', {setUp: partitioned, diverges: false}),
  {
    what: 'EXCHANGE PARTITION',
    setUp: name =>
      `${partitioned(name)} CREATE TABLE ${name}_part (${COLUMNS}, PRIMARY KEY (id)); ${rows(`${name}_part`, 25, 35)}`,
    statements: name => `ALTER TABLE ${name} EXCHANGE PARTITION p1 WITH TABLE ${name}_part`,
    diverges: true,
    ghosts: true,
  },
  {
    what: 'TRUNCATE',
    setUp: table,
    statements: name => `TRUNCATE /* all of it */ ${name}; ${rows(name, 50, 70)}`,
    diverges: true,
    ghosts: true,
  },
  {
    what: 'DROP and re-CREATE',
    setUp: table,
    statements: name =>
      `DROP TABLE \`${name}\`; CREATE TABLE ${name} (${COLUMNS}, more INT, PRIMARY KEY (id)); ${rows(name, 50, 70)}`,
    diverges: true,
    ghosts: true,
  },
  {
    what: 'DROP, of several tables',
    setUp: name => `${table(name)} ${table(`${name}_too`)}`,
    statements: name => `DROP TABLE IF EXISTS nothing, ${name}, ${name}_too`,
    diverges: true,
    goes: true,
  },
  {
    what: 'RENAME TABLE',
    setUp: table,
    statements: name => `RENAME TABLE ${name} TO ${name}_new`,
    diverges: true,
    goes: true,
  },
  {
    what: 'ALTER TABLE … RENAME, with odd quoting and comments',
    setUp: table,
    statements: (name, database) =>
      `/* by me */ alter table \`${database}\` . \`${name}\` rename -- so\n as ${name}_new # !`,
    diverges: true,
    goes: true,
  },
  {
    what: 'RENAME TABLE, three ways',
    setUp: name =>
      `${table(name)} CREATE TABLE ${name}_b (${COLUMNS}, more INT, PRIMARY KEY (id)); ${rows(`${name}_b`, 30, 80)}`,
    statements: name => `RENAME TABLE ${name} TO ${name}_tmp, ${name}_b TO ${name}, ${name}_tmp TO ${name}_b`,
    diverges: true,
    ghosts: true,
  },
  {
    what: 'RENAME TABLE into another database and another table back',
    setUp: name => `${table(name)} CREATE TABLE outside.${name} LIKE ${name}; ${rows(`outside.${name}`, 30, 80)}`,
    statements: name => `RENAME TABLE ${name} TO outside.${name}_old, outside.${name} TO ${name}`,
    diverges: true,
    ghosts: true,
  },
  {
    // Since MySQL 9.6 the server itself carries cascades out, and logs them.
    what: 'a foreign key that cascades',
    setUp: name => `CREATE TABLE ${name}_parent (id INT PRIMARY KEY); INSERT INTO ${name}_parent VALUES (1), (2), (3);
      ${table(name)} UPDATE ${name} SET amount = id % 3 + 1;
      ALTER TABLE ${name} ADD FOREIGN KEY (amount) REFERENCES ${name}_parent (id) ON DELETE CASCADE ON UPDATE CASCADE`,
    statements: name => `DELETE FROM ${name}_parent WHERE id = 1; UPDATE ${name}_parent SET id = 20 WHERE id = 2`,
    diverges: false,
  },
  {
    what: 'DDL in other tables, a view, an index, and one like it',
    setUp: name => `${table(name)} CREATE TABLE ${name}_other (id INT PRIMARY KEY)`,
    statements: name => `ALTER TABLE ${name}_other ADD COLUMN ${name} INT, ADD INDEX (${name});
      CREATE OR REPLACE VIEW ${name}_view AS SELECT * FROM ${name}; CREATE INDEX ${name}_i ON ${name} (note);
      CREATE TABLE ${name}_like LIKE ${name}; CREATE TABLE ${name}_select SELECT * FROM ${name};
      ALTER TABLE ${name}_select ADD PRIMARY KEY (id); ANALYZE TABLE ${name}; DROP VIEW ${name}_view`,
    diverges: false,
  },
]
