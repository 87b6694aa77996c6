#!/bin/sh
# The code that documents, doc comments and the header show is compiled and run (tests/shown says how). The
# header's program is C99, and each of its paragraphs is a part of a program that tests run, line by line, apart
# from its indentation.
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

sed -n '/^ \* A PROGRAM$/,/^ \* [B-Z]/ { s/^ \*     //p; s/^ \*$//p; }' include/partita.h |
    is_part_of tests/c/digits.c
"${CC:-cc}" -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -Iinclude \
    -fsyntax-only tests/c/digits.c

go -C tests/shown test -count=1 .
go -C tests/shown build -o ../../target/shown/shown .
# Names of documents have no white space.
# shellcheck disable=SC2046
target/shown/shown $(find . -name '*.md' -not -path './target/*' | sed 's|^\./||' | sort)
