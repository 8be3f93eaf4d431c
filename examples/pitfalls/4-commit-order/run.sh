#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../exercises/shared
. "$shared/setup.sh"

say 'A replica whose four workers commit in any order.'
run 'sql < shop.sql'
run 'sql --replica "STOP REPLICA SQL_THREAD; SET GLOBAL replica_preserve_commit_order = OFF; START REPLICA SQL_THREAD"'
replicated
run_failing 'tidemark check shop.json > answer'
run 'grep -A1 failed answer'

say 'The statement that it names mends it.'
run 'sql --replica "STOP REPLICA SQL_THREAD; SET PERSIST replica_preserve_commit_order = ON; START REPLICA SQL_THREAD;"'
run 'tidemark check shop.json | grep "commit order"'
