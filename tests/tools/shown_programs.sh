#!/bin/sh
# The programs that the README and the header show are parts of programs that tests run: each
# paragraph is there, line by line, apart from its indentation. The header's is C99.
set -eu
cd "$(dirname "$0")/../.."

# is_part_of PROGRAM: each paragraph of standard input is. What is in parentheses is not code.
is_part_of() {
    awk -v program="$1" '
    function line_of(text) { sub(/^[ \t]+/, "", text); return text "\n" }
    function compare() {
        if (paragraph != "" && !index(whole, "\n" paragraph)) {
            printf "this is no part of %s:\n%s", program, paragraph
            failed = 1
        }
        if (paragraph != "") compared++
        paragraph = ""
    }
    BEGIN {
        whole = "\n"
        while ((getline text <program) > 0) whole = whole line_of(text)
    }
    /^[ \t]*(\(|$)/ { compare(); next }
    { paragraph = paragraph line_of($0) }
    END { compare(); exit failed || !compared }'
}

awk '/^```/ { go = /^```go$/; print ""; next } go' README.md | is_part_of go/partita/readme_example_test.go

sed -n '/^ \* A PROGRAM$/,/^ \* [B-Z]/ { s/^ \*     //p; s/^ \*$//p; }' include/partita.h |
    is_part_of tests/c/digits.c
"${CC:-cc}" -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -Iinclude \
    -fsyntax-only tests/c/digits.c
