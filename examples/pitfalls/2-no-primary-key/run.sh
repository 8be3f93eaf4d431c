#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../exercises/shared
. "$shared/setup.sh"

say 'A signal table without a primary key.'
run 'sql < shop.sql'
run 'tail -1 shop.sql'
run_failing 'tidemark check shop.json > answer'
run 'grep failed answer'

say 'A task does not start on it, either.'
run_failing 'tidemark run shop.json 2> tidemark.log'
run 'tail -1 tidemark.log'

say 'The statement that it names mends it.'
run 'sql "ALTER TABLE pitfall_2.debezium_signal ADD PRIMARY KEY (id)"'
run 'tidemark check shop.json | grep "signal table:"'
