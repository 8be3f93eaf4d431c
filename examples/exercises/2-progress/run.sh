#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../shared
. "$shared/setup.sh"

say 'A table with 20,000 orders, and a task.'
run 'sql < shop.sql'
run 'tidemark init shop.json --apply'
start 'tidemark run shop.json 2> tidemark.log'

say 'A copy that takes some seconds: 1,000 rows a second at most.'
run 'tidemark signal shop.json execute-snapshot exercise_2.orders --id slow-copy --max-rows-per-second 1000'
await percent 15

say 'How far is it?'
run 'tidemark status shop.json'

say 'The same for programs.'
run 'tidemark status shop.json --json > status.json'
run 'node -p "JSON.stringify(require(\"./status.json\").snapshot.tables[0], null, 2)"'

say 'When will it end? Two looks and a division.'
run 'predict'

say 'What the log said meanwhile, and what it says at the end.'
await ended slow-copy
run "grep -o '\"msg\":\"chunk progress\"' tidemark.log | sort -u"
run "grep '\"msg\":\"table done\"' tidemark.log"

say 'What was told to whoever listens to notifications, in order.'
run "pick type < notifications.jsonl | uniq"
run "tail -1 notifications.jsonl"
