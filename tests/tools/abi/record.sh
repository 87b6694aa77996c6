#!/bin/sh
# Records the ABI of the version in Cargo.toml in tests/abi: its header, and the list of what that declares. What is
# recorded stays as it is; what breaks programs of it is not recorded.
set -eu
cd "$(dirname "$0")/../../.."
version=$(sed -n 's/^version = "\([0-9]*\.[0-9]*\)\..*"$/\1/p' Cargo.toml)
record=tests/abi/$version
if [ -e "$record" ]; then
    echo "$record is recorded already: raise the version in Cargo.toml" >&2 && exit 1
fi
[ -z "$(ls tests/abi 2>/dev/null)" ] || tests/tools/abi/compare.sh
mkdir -p "$record"
cp include/partita.h "$record"
tests/tools/abi/list.sh include/partita.h >"$record/list"
echo "recorded $record"
