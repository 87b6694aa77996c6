#!/bin/sh
# Every Go file is as gofmt writes it.
set -eu
cd "$(dirname "$0")/../.."
unformatted=$(gofmt -l go benches/go packaging tests)
[ -z "$unformatted" ] || { echo "$unformatted" && exit 1; }
