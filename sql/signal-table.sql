-- The table through which Tidemark gets signals, and into which it writes the marks of its snapshots.
-- Every insert reaches Tidemark through the binlog, in order with the changes of your tables.
CREATE TABLE debezium_signal (id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL);
