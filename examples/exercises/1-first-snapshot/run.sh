#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../shared
. "$shared/setup.sh"

say 'A table with 1,000 orders, and an account that may do nothing yet.'
run 'sql < shop.sql'

say 'What the account needs, and the signal table: first to read, then to run as an administrator.'
run 'tidemark init shop.json'
run 'tidemark init shop.json | sql'

say 'Is everything as it must be?'
run 'tidemark check shop.json'

say 'The task; then a change, which comes through at once.'
start 'tidemark run shop.json 2> tidemark.log'
run "sql \"UPDATE exercise_1.orders SET status = 'shipped' WHERE id = 7\""

say 'The other orders were there before. The signal that has them copied:'
run 'cat first-copy.sql'
run 'sql < first-copy.sql'
await ended first-copy

say 'Every order is a read event, and the stream went on.'
run "grep -c '\"op\":\"r\"' events.jsonl"
run "grep -c '\"op\":\"u\"' events.jsonl"
run 'tidemark status shop.json'

say 'The proof: the events folded by key are the table.'
run 'tidemark verify shop.json'
