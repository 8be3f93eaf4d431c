#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../shared
. "$shared/setup.sh"

say 'A table with 20,000 orders, a task, and a copy that takes some seconds.'
run 'sql < shop.sql'
run 'tidemark init shop.json --apply'
start 'tidemark run shop.json 2> tidemark.log'
run 'tidemark signal shop.json execute-snapshot exercise_3.orders --id whole --max-rows-per-second 3000'
await percent 20

say 'Stop it.'
run 'tidemark signal shop.json stop-snapshot exercise_3.orders --id enough'
await ended enough
run 'tidemark status shop.json'

say 'Up to which key has everything been copied?'
run "last=\$(tidemark status shop.json --json | node -p 'JSON.parse(fs.readFileSync(0)).snapshot.tables[0].key')"
run 'echo "$last"'

say 'Not all: the proof fails.'
run_failing 'tidemark verify shop.json'

say 'The rest, and nothing but the rest.'
run 'tidemark signal shop.json execute-snapshot exercise_3.orders --id rest --where "id > $last"'
await ended rest
run "grep -c '\"op\":\"r\"' events.jsonl"
run 'tidemark verify shop.json'
