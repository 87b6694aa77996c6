#!/bin/sh
# Without the engine, Go says what to do.
set -eu
cd "$(dirname "$0")/../.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -Rp go "$tree"
rm "$tree"/go/partita/internal/bundled/*.syso "$tree"/go/partita/internal/bundled/made.h
if go -C "$tree/go" build ./partita 2>"$tree/said"; then
    echo "Go builds the package without the engine" && exit 1
fi
grep 'the engine is not built: run make' "$tree/said"
