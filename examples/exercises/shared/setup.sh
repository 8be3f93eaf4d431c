# Sourced by the scripts of the exercises and the pitfalls: where the servers are, the small programs of bin/, a folder
# for what comes out, and how a script shows its commands. By hand, in the folder of an exercise or a pitfall:
#   . "${PWD%/*/*}/exercises/shared/setup.sh"
case $- in
  *i*) here=$PWD shared=$PWD/../../exercises/shared ;; # Not those of the exercise before, in the same terminal.
esac
shared=$(cd "$shared" && pwd)

# From TIDEMARK_TEST_MYSQL, TIDEMARK_TEST_REPLICA and TIDEMARK_TEST_KAFKA, as `npm run servers` prints them.
exports=$(node "$shared/servers.mjs")
eval "$exports"
PATH="$shared/bin:$PATH"
export PATH

# Everything happens in out/, so that an exercise leaves no trace beside what is in git.
out=${EXERCISE_OUT:-$here/out}
mkdir -p "$out"
for file in "$here"/*.json "$here"/*.sql "$here"/*.txt; do
  [ ! -f "$file" ] || cp "$file" "$out"
done
cd "$out"
rm -f events.jsonl notifications.jsonl tidemark.log ./*.state ./*.state.lock

# A command as one would type it, and what it says. The script ends where it fails.
run() {
  printf '$ %s\n' "$1"
  eval "$1" 2>&1
}

# A command that is there to fail: its exit code is part of what one should see.
run_failing() {
  printf '$ %s\n' "$1"
  code=0
  eval "$1" 2>&1 || code=$?
  printf 'exit code %s\n' "$code"
  [ "$code" -ne 0 ]
}

say() {
  printf '\n# %s\n' "$1"
}

# The task, which one would run in a terminal of its own.
task=
start() {
  printf '$ %s &\n' "$1"
  eval "exec $1" &
  task=$!
  await streaming
}

# As Ctrl-C does. By hand it is the task that was begun with `&`.
stop() {
  [ -n "$task" ] || task=$(jobs -p)
  if [ -n "$task" ]; then
    # Without quotes: by hand there may be several.
    kill $task 2>/dev/null || true
    wait $task || true
    task=
  fi
}
trap stop EXIT
# A Ctrl-C by hand must not end the terminal.
case $- in
  *i*) ;;
  *)
    trap 'exit 130' INT
    trap 'exit 143' TERM
    ;;
esac

# Until the task's /status says so: `streaming`, `percent 10`, `ended ID-OF-THE-SIGNAL`.
await() {
  node "$shared/await-status.mjs" "$@"
}

# Until the replica has executed all that the primary has by now.
replicated() {
  executed=$(sql 'SELECT @@GLOBAL.gtid_executed' | tail -n +2)
  sql --replica "DO WAIT_FOR_EXECUTED_GTID_SET('$executed', 60)"
}
