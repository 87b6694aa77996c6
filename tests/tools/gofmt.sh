#!/bin/sh
# Every Go file is as gofmt writes it.
set -eu
cd "$(dirname "$0")/../.."
unformatted=$(gofmt -l .ci go benches/go tests)
[ -z "$unformatted" ] || { echo "$unformatted" && exit 1; }
