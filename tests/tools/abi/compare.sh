#!/bin/sh
# compare.sh [HEADER VERSION RECORD]: prints a line for all of a header's ABI that has changed since it was recorded,
# or is new and does not say since which version. Without arguments: include/partita.h, the version in Cargo.toml, and
# the newest record.
set -eu
header=$(realpath "${1:-$(dirname "$0")/../../../include/partita.h}")
cd "$(dirname "$0")/../../.."
version=${2:-$(sed -n 's/^version = "\([0-9]*\.[0-9]*\)\..*"$/\1/p' Cargo.toml)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

record=${3:-$(printf '%s\n' tests/abi/* | sort -V | tail -n 1)}
tests/tools/abi/list.sh "$header" >"$out/list"
awk -v recorded_version="${record##*/}" -v version="$version" -f tests/tools/abi/compare.awk \
    "$record/list" "$out/list"
