#!/bin/sh
# sequences.sh VARIANT: the sequences of calls that are kept, and random ones for some seconds, in a program that is
# built as build_c.sh says.
set -eu
cd "$(dirname "$0")/../.."
tests/tools/build_c.sh "$1" tests/fuzz/calls/replay.c
exec "target/c/$1/replay" tests/fuzz/corpus/calls -seconds 5
