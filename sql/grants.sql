-- What the account in database.user needs, and why. `tidemark init` prints this with your names in it.

-- Read the binlog as a replica does.
GRANT REPLICATION SLAVE ON *.* TO 'tidemark'@'%';
-- Ask where the binlog ends and which files there are.
GRANT REPLICATION CLIENT ON *.* TO 'tidemark'@'%';
-- Read the rows of a snapshot and the shape of the tables; one line for each database that is captured.
GRANT SELECT ON `shop`.* TO 'tidemark'@'%';
-- Lock a table for a moment; only for copies by a read view: of tables without a key, by signals of type blocking, and with
-- snapshot.new.tables=parallel. Without it such a table is streamed and never copied.
GRANT LOCK TABLES ON `shop`.* TO 'tidemark'@'%';
-- Write and read the marks of a snapshot; DELETE only for incremental.snapshot.watermarking.strategy=insert_delete.
GRANT SELECT, INSERT, DELETE ON `shop`.`debezium_signal` TO 'tidemark'@'%';
