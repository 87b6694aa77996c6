#!/bin/sh
# group.sh NAME COMMAND...: runs a group of tests. Prints `ok NAME`, or what the command printed and
# `FAILED NAME`. A group that takes longer than PARTITA_GROUP_SECONDS is ended, and has failed. What a group could not
# look at, it says in a line that begins with `NOT CHECKED`, which is printed in any case.
set -u
name=$1
shift
log=target/groups/$name.log
mkdir -p target/groups
started=$(date +%s)

timeout --kill-after=10 "${PARTITA_GROUP_SECONDS:-900}" "$@" >"$log" 2>&1 </dev/null &
# timeout has a process group of its own, which an interrupt from the terminal does not reach.
trap 'kill $!; exit 130' INT TERM
wait $!
status=$?

took="$(($(date +%s) - started)) s"
if [ $status -eq 0 ]; then
    echo "ok $name ($took)"
    sed -n '/^NOT CHECKED/s/^/    /p' "$log"
else
    sed 's/^/    /' "$log"
    echo "FAILED $name (status $status, $took)"
fi
exit $status
