#!/bin/sh
# list.sh HEADER: lists the ABI that a header declares, as the C compiler lays it out: a line for each value,
# type, struct, field, function and macro, which ends with the version that brought it if that was not the first.
set -eu
header=$(realpath "$1")
cd "$(dirname "$0")/../../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

awk -f tests/tools/abi/list.awk "$header" >"$out/list.c"
"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$(dirname "$header")" -I. "$out/list.c" -o "$out/list"
"$out/list"
