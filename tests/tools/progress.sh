#!/bin/sh
# The stock examples show on a terminal how far a long run has come, in one line that they erase; if
# they are to be quiet, nothing.
set -eu
cd "$(dirname "$0")/../.."
tests/tools/build_c.sh static examples/stock.c
out=target/progress
rm -rf $out
mkdir -p $out

# on_terminal PROGRAM FLAG...: runs it for more than a second in each form, on a terminal but for
# standard output. What the terminal got is then in $out/terminal; where a line is erased, it ends.
on_terminal() {
    SHELL=/bin/sh timeout 120 script --quiet --return \
        --command "$* -workers 1 -repeat 2 -work 1200us >$out/stdout" /dev/null </dev/null >$out/raw
    sed 's/\r\x1b\[K/\n/g' $out/raw >$out/terminal
}

for program in target/examples/stock target/c/static/stock; do
    echo "$program"
    on_terminal $program
    cat $out/terminal
    for form in 'one state object' 'one part per symbol'; do
        grep -q "^$form: " $out/terminal
    done
    ! grep -vE '^one [a-z ]+: [0-9]+ sent, [0-9]+ computed, [0-9]+ s$' $out/terminal || exit 1
    [ -z "$(tail -c 1 $out/terminal)" ] # the last one is erased, too
    [ "$(grep -c '^1120 messages in ' $out/stdout)" -eq 2 ]

    on_terminal $program -quiet
    [ ! -s $out/terminal ]
done
