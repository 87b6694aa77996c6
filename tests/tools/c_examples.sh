#!/bin/sh
# c_examples.sh VARIANT: the stock example in C, built as build_c.sh says, and the one in Go print
# what they must.
set -eu
cd "$(dirname "$0")/../.."
tests/tools/build_c.sh "$1" examples/stock.c
examples/check.sh target/examples/stock "target/c/$1/stock"
