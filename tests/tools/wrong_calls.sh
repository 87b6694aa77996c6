#!/bin/sh
# wrong_calls.sh HEADER: prints what tests/c/wrong_calls.c knows of the functions of this header.
set -eu
cd "$(dirname "$0")/../.."
exec awk -v goods=tests/c/wrong_world.h -f tests/tools/wrong_calls.awk "$1"
