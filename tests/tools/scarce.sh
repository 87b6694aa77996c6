#!/bin/sh
# scarce.sh VARIANT: memory and threads that cannot be had, in a program that is built as build_c.sh says, and that
# stands between the library and what gives them.
set -eu
cd "$(dirname "$0")/../.."
functions=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign,--wrap=pthread_create
LINKED="-Wl,--wrap=$functions" tests/tools/build_c.sh "$1" tests/c/scarce/scarce.c
exec timeout 120 "target/c/$1/scarce"
