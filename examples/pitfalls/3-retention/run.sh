#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../exercises/shared
. "$shared/setup.sh"

say 'A server that keeps its binlog for ten minutes.'
run 'sql < shop.sql'
kept=$(sql 'SELECT @@GLOBAL.binlog_expire_logs_seconds' | tail -n 1)
run 'sql "SET GLOBAL binlog_expire_logs_seconds = 600"'
run 'tidemark check shop.json | grep -A1 "binlog retention"'

say 'What a copy of these tables needs.'
run 'tidemark plan shop.json | grep -A1 binlogs'

say 'What comes of it: the task was away, and what it had not read is gone.'
start 'tidemark run shop.json 2> tidemark.log'
stop
run 'sql "INSERT INTO pitfall_3.orders (total) VALUES (2.50); FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY"'
run_failing 'tidemark check shop.json > answer'
run 'grep failed answer'
run_failing 'tidemark run shop.json 2> tidemark.log'
run 'tail -1 tidemark.log'

say 'The retention as it was before.'
run 'sql "SET GLOBAL binlog_expire_logs_seconds = $kept"'
