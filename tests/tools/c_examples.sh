#!/bin/sh
# c_examples.sh VARIANT: the examples in C, built as build_c.sh says, print what they must; the stock
# example also what the one in Go prints.
set -eu
cd "$(dirname "$0")/../.."
for source in examples/*.c; do tests/tools/build_c.sh "$1" "$source"; done
go -C go test -count=1 ./examples/alphabet -run TheProgram -program "$PWD/target/c/$1/alphabet"
"target/c/$1/accounts" | cmp - examples/expected/accounts.txt
"target/c/$1/acknowledge" | cmp - examples/expected/acknowledge.txt
"target/c/$1/words" | cmp - examples/expected/words.txt
"target/c/$1/rehearsal" | cmp - examples/expected/rehearsal.txt
examples/check_loop.sh "target/c/$1/loop"
examples/check_files.sh "target/c/$1/files"
examples/check.sh target/examples/stock "target/c/$1/stock"
