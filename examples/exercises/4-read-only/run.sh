#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../shared
. "$shared/setup.sh"

say 'A table with 1,000 orders on the primary. The replica takes no writes from anybody.'
run 'sql < shop.sql'
run 'sql --replica "SELECT @@super_read_only, @@replica_preserve_commit_order, @@gtid_mode"'
replicated

say 'No signal table: the marks are sets of executed GTIDs, and the signals come by Kafka.'
run 'export SIGNAL_TOPIC=signals-$$'
run 'kafka-topics --bootstrap-server "$KAFKA" --create --topic "$SIGNAL_TOPIC" --partitions 1'
run 'tidemark check shop.json'
run 'sql --replica "SELECT @@gtid_executed" > executed-before'
start 'tidemark run shop.json 2> tidemark.log'

say 'The key of the message is the topic.prefix: others in the topic are for others.'
run 'cat signal.txt'
run 'kafka-console-producer --bootstrap-server "$KAFKA" --topic "$SIGNAL_TOPIC" --property parse.key=true --property "key.separator=|" < signal.txt'
await ended by-hand
run "grep -c '\"op\":\"r\"' events.jsonl"
run 'tidemark status shop.json'

say 'Nothing was written: the replica has executed what it had before.'
run 'sql --replica "SELECT @@gtid_executed" | diff executed-before - && echo equal'
run 'tidemark verify shop.json'
