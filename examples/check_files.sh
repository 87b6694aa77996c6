#!/bin/sh
# Checks the program in C that counts lines of files: its sums are those of awk and wc.
#
#     examples/check_files.sh C_PROGRAM
set -eu
files=$1
tmp=${TMPDIR:-/tmp}/files-check.$$
(umask 077 && mkdir "$tmp")
trap 'rm -rf "$tmp"' EXIT

for i in $(seq 300); do
    case $((i % 3)) in 0) ending=.c ;; 1) ending=.txt ;; *) ending= ;; esac
    seq $((i % 50)) >"$tmp/file-$i$ending"
done
ls -d "$tmp"/file-* >"$tmp/names"
while read -r name; do
    ending=${name##*/}
    case $ending in *.*) ending=${ending##*.} ;; *) ending= ;; esac
    echo "$ending $(wc -l <"$name")"
done <"$tmp/names" | sed 's/^ / /' |
    awk -F ' ' '{ lines = $NF; ending = NF > 1 ? $1 : ""; files[ending]++; sums[ending] += lines }
        END { for (ending in files) print ending, files[ending], sums[ending] }' | LC_ALL=C sort >"$tmp/want"

"$files" <"$tmp/names" | LC_ALL=C sort >"$tmp/out"
cmp "$tmp/want" "$tmp/out"

# Nothing, and a file that is not there.
"$files" </dev/null >"$tmp/out"
cmp /dev/null "$tmp/out"
status=0
printf '%s/file-9.c\n%s/none.c\n' "$tmp" "$tmp" | "$files" >"$tmp/out" 2>"$tmp/err" || status=$?
[ "$status" -eq 1 ]
printf 'c 1 9\n' | cmp - "$tmp/out"
printf 'files: not read: 1\n' | cmp - "$tmp/err"
