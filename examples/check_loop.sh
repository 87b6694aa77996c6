#!/bin/sh
# Checks the event loop in C: its sums are those of awk, also for more input than fits into it at once and
# for input that comes bit by bit.
#
#     examples/check_loop.sh C_PROGRAM
set -eu
loop=$1
tmp=${TMPDIR:-/tmp}/loop-check.$$
(umask 077 && mkdir "$tmp")
trap 'rm -rf "$tmp"' EXIT

awk 'BEGIN { for (i = 0; i < 20000; i++) print "name" (i * 7919) % 97, i % 13 - 4 }' >"$tmp/in"
awk '{ sums[$1] += $2 } END { for (name in sums) print name, sums[name] }' "$tmp/in" | LC_ALL=C sort >"$tmp/want"

"$loop" <"$tmp/in" >"$tmp/out"
cmp "$tmp/want" "$tmp/out"
awk '{ print; if (NR % 100 == 0) fflush() }' "$tmp/in" | "$loop" >"$tmp/out"
cmp "$tmp/want" "$tmp/out"

# Nothing, no end of the last line, and lines that are none.
"$loop" </dev/null >"$tmp/out"
cmp /dev/null "$tmp/out"
printf 'pears 2\napples 3\npears 5' | "$loop" >"$tmp/out"
printf 'apples 3\npears 7\n' | cmp - "$tmp/out"
status=0
printf 'pears\npears 2 3\n\npears 4\n%0200d 1\n' 0 | "$loop" >"$tmp/out" 2>"$tmp/err" || status=$?
[ "$status" -eq 1 ]
printf 'pears 4\n' | cmp - "$tmp/out"
printf 'loop: malformed lines left out: 4\n' | cmp - "$tmp/err"
