#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../exercises/shared
. "$shared/setup.sh"

say 'The filter lets pitfall_1.orders through, and nothing else; the signal table is in another database.'
run 'sql < shop.sql'
run "grep -E 'include.list|collection' shop.json"

say 'Tidemark reads the signal table whatever the filters say.'
run "tidemark check shop.json | grep 'signal table'"
start 'tidemark run shop.json 2> tidemark.log'
run 'cat first-copy.sql'
run 'sql < first-copy.sql'
await ended first-copy
run "grep -c '\"op\":\"r\"' events.jsonl"
run 'tidemark verify shop.json'
