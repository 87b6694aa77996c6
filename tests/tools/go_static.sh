#!/bin/sh
# A Go program can be linked wholly statically, the engine with it.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p target/examples
go -C go build -ldflags '-linkmode=external -extldflags=-static' \
    -o ../target/examples/stock-static ./examples/stock
if readelf --dynamic target/examples/stock-static | grep NEEDED; then exit 1; fi
target/examples/stock-static -quiet -in go/examples/stock/stocks.csv
