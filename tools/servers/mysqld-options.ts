/** Options that Tidemark needs, and some that make a server small and quick to start. */
export const defaultMysqldOptions: readonly string[] = [
  '--server-id=1',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-row-metadata=FULL',
  '--mysqlx=OFF',
  '--secure-file-priv=',
  '--local-infile=ON',
  '--innodb-buffer-pool-size=512M',
  '--innodb-redo-log-capacity=256M',
  // The redo log reaches the system with each commit and the disk once a second. A killed server loses nothing by that,
  // only a machine that loses power would; the binlog keeps its default (sync_binlog=1), which Tidemark checks.
  '--innodb-flush-log-at-trx-commit=2',
]
