#!/bin/sh
# Checks the two stock programs against each other and against a table made without Partita.
#
#     examples/check.sh GO_PROGRAM C_PROGRAM
#
# Each failed check is printed with what was expected and what came. The last line counts the
# checks. The exit status is 0 if all passed, 1 if one failed, 2 if the check could not be made.

LC_ALL=C
export LC_ALL

if [ $# -ne 2 ]; then
    echo "Usage: $0 GO_PROGRAM C_PROGRAM" >&2
    exit 2
fi

# Absolute paths: the checks run in the top directory of the project.
go_program=$1
c_program=$2
case $go_program in /*) ;; *) go_program=$PWD/$go_program ;; esac
case $c_program in /*) ;; *) c_program=$PWD/$c_program ;; esac
for program in "$go_program" "$c_program"; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then
        echo "$0: $program is not a program" >&2
        exit 2
    fi
done
cd "$(dirname "$0")/.." || exit 2
csv=go/examples/stock/stocks.csv
expected=examples/expected

tmp=${TMPDIR:-/tmp}/stock-check.$$
(umask 077 && mkdir "$tmp") || exit 2
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT PIPE TERM

passed=0
failed=0

# pass, fail TEXT: count one check.
pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAILED: $language: $1"
}

# same WHAT EXPECTED_FILE FILE: two files must be equal.
same() {
    if cmp -s "$2" "$3"; then
        pass
    else
        fail "$1; < is what was expected, > is what came:"
        diff "$2" "$3" | sed 's/^/    /'
    fi
}

# run STATUS FLAG...: runs the program with standard input $tmp/in; the exit status must be STATUS.
# What it printed is then in $tmp/out and $tmp/err.
run() {
    want=$1
    shift
    if command -v timeout >/dev/null 2>&1; then
        timeout 120 "$program" "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
    else
        "$program" "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
    fi
    got=$?
    if [ "$got" -eq "$want" ]; then
        pass
    else
        fail "\"$*\": expected exit status $want, got $got; it said:"
        head -n 20 "$tmp/err" | sed 's/^/    /'
    fi
}

# output WHAT: standard output must be $tmp/want.
output() {
    same "$1: standard output" "$tmp/want" "$tmp/out"
}

# silent WHAT: nothing may come on standard error.
silent() {
    same "$1: standard error" /dev/null "$tmp/err"
}

# says WHAT LINE...: standard error must be these lines.
says() {
    what=$1
    shift
    printf '%s\n' "$@" >"$tmp/want.err"
    same "$what: standard error" "$tmp/want.err" "$tmp/err"
}

# tables TABLE [TABLE]: prints what a quiet run must print; the second table is that of the second
# form, if it is another one.
tables() {
    echo 'one state object'
    cat "$1"
    echo
    echo 'one part per symbol'
    cat "${2:-$1}"
}

# without_rates MESSAGES: checks the rate lines of both forms and takes them out of $tmp/out.
without_rates() {
    rates=$(grep -c "^$1 messages in [0-9][0-9]*\.[0-9][0-9][0-9] s, [0-9][0-9]* messages/s\$" "$tmp/out")
    if [ "$rates" -eq 2 ]; then
        pass
    else
        fail "expected 2 lines that say $1 messages, got $rates in:"
        sed 's/^/    /' "$tmp/out"
    fi
    grep -v ' messages/s$' "$tmp/out" >"$tmp/out.tables"
    mv "$tmp/out.tables" "$tmp/out"
}

# The committed table is what awk makes of the committed prices.
language=awk
awk -f $expected/table.awk $csv >"$tmp/table"
same "the table of $csv" $expected/table.txt "$tmp/table"

# A table without prices, and a longer input.
head -n 1 $expected/table.txt >"$tmp/empty"
awk 'BEGIN {
    split("MSFT AMZN IBM GOOG AAPL", symbols, " ")
    x = 1
    for (i = 1; i <= 20000; i++) {
        x = (x * 1103 + 12345) % 65536
        printf "%s,day %d,%.2f\n", symbols[x % 5 + 1], i, x / 100
    }
}' >"$tmp/long.csv"
awk -f $expected/table.awk "$tmp/long.csv" >"$tmp/long"

check_program() {
    : >"$tmp/in"

    # The prices that come with it.
    tables $expected/table.txt >"$tmp/want"
    run 0 -quiet
    output 'default input, quiet'
    silent 'default input, quiet'
    run 0
    silent 'default input'
    without_rates 560
    output 'default input'
    run 0 -in $csv -workers 1 -quiet
    output 'one worker'
    run 0 -workers 3 -work 1us -quiet
    output 'three workers that do work'
    silent 'three workers that do work'

    # Again and again.
    run 0 -repeat 3 -quiet
    output 'repeat 3, quiet'
    silent 'repeat 3, quiet'
    run 0 -repeat 3
    without_rates 1680
    output 'repeat 3'

    # Standard input: the same prices, with CR LF, without the header, and through a pipe.
    cp $csv "$tmp/in"
    run 0 -in - -quiet
    output 'standard input'
    awk '{ printf "%s\r\n", $0 }' $csv >"$tmp/in"
    run 0 -in - -quiet
    output 'CR LF'
    silent 'CR LF'
    sed 1d $csv >"$tmp/in"
    run 0 -in - -quiet
    output 'no header'
    silent 'no header'
    cat $csv | "$program" -in - -quiet >"$tmp/out" 2>"$tmp/err"
    output 'a pipe'

    # More than fits into one batch, or into the engine at once.
    tables "$tmp/long" >"$tmp/want"
    run 0 -in "$tmp/long.csv" -quiet
    output 'a long input'
    run 0 -in "$tmp/long.csv" -repeat 3
    without_rates 60000
    output 'a long input, repeat 3'

    # Nothing.
    tables "$tmp/empty" >"$tmp/want"
    : >"$tmp/in"
    run 0 -in - -quiet
    output 'empty input'
    silent 'empty input'
    run 0 -in - -repeat 3
    without_rates 0
    output 'empty input, repeat 3'
    printf 'symbol,date,price' >"$tmp/in"
    run 0 -in - -quiet
    output 'only a header'
    silent 'only a header'

    # Some declared symbols never come; the last line has no end.
    printf 'IBM,x,1\nMSFT,x,2\nIBM,x,3' >"$tmp/in"
    printf '%s\n' 'symbol      price' 'IBM          3.00' 'MSFT         2.00' >"$tmp/table"
    tables "$tmp/table" >"$tmp/want"
    run 0 -in - -quiet
    output 'two symbols'

    # Malformed lines.
    long=$(awk 'BEGIN { for (i = 0; i < 4097; i++) printf "x" }')
    printf '%s\n' 'symbol,date,price' 'IBM,x,1' 'IBM,x' 'IBM,x,1,2' '' 'GOOGL,x,5' 'BR.B,x,5' \
        ',x,5' 'IBM,,5' 'IBM,x,dear' 'IBM,x,NaN' 'IBM,x,Inf' 'IBM,x,-5' 'IBM,x,0x10' 'IBM,x, 5' \
        'IBM,x,1e999' 'IBM,x,' "$long" 'symbol,date,price' 'IBM,x,2.5e1' >"$tmp/in"
    printf '%s\n' 'symbol      price' 'IBM         25.00' >"$tmp/table"
    tables "$tmp/table" >"$tmp/want"
    symbol='expected a symbol of one to four ASCII letters, got'
    price='expected a price, as 39.81, not negative, got'
    run 1 -in - -quiet -repeat 2
    output 'malformed lines'
    says 'malformed lines' \
        'stock: line 3: expected 3 fields (symbol,date,price), got 2' \
        'stock: line 4: expected 3 fields (symbol,date,price), got 4' \
        'stock: line 5: expected 3 fields (symbol,date,price), got 1' \
        "stock: line 6: $symbol \"GOOGL\"" \
        "stock: line 7: $symbol \"BR.B\"" \
        "stock: line 8: $symbol \"\"" \
        'stock: line 9: expected a date, got nothing' \
        "stock: line 10: $price \"dear\"" \
        "stock: line 11: $price \"NaN\"" \
        "stock: line 12: $price \"Inf\"" \
        "stock: line 13: $price \"-5\"" \
        "stock: line 14: $price \"0x10\"" \
        "stock: line 15: $price \" 5\"" \
        "stock: line 16: $price \"1e999\"" \
        "stock: line 17: $price \"\"" \
        'stock: line 18: expected a line of at most 4096 bytes, got more' \
        "stock: line 19: $symbol \"symbol\"" \
        'stock: malformed lines left out: 17'
    awk -f $expected/table.awk "$tmp/in" >"$tmp/awk"
    same 'malformed lines: the table of awk' "$tmp/table" "$tmp/awk"

    # Symbols that were not declared: dead letters, but not in the form that takes all.
    printf '%s\n' 'TSLA,x,7' 'IBM,x,1' 'F,x,8' 'TSLA,x,9' 'ibm,x,10' >"$tmp/in"
    printf '%s\n' 'symbol      price' 'F            8.00' 'IBM          1.00' \
        'TSLA         9.00' 'ibm         10.00' >"$tmp/table"
    printf '%s\n' 'symbol      price' 'IBM          1.00' 'dead letters' \
        'symbol      count  reason' 'F               2  symbol not declared' \
        'TSLA            4  symbol not declared' 'ibm             2  symbol not declared' \
        >"$tmp/table.dead"
    tables "$tmp/table" "$tmp/table.dead" >"$tmp/want"
    run 0 -in - -repeat 2 -quiet
    output 'undeclared symbols'
    silent 'undeclared symbols'
    run 0 -in - -repeat 2
    without_rates 10
    output 'undeclared symbols, with rates'

    # Wrong use.
    run 2 -wrong
    run 2 -repeat 0
    run 2 -repeat many
    run 2 -workers -1
    run 2 -work soon
    run 2 -in
    run 2 $csv
    run 3 -in "$tmp/none.csv"
    run 3 -in .
}

language=Go
program=$go_program
check_program
language=C
program=$c_program
check_program

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
