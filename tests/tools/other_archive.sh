#!/bin/sh
# libpartita.a links beside another Rust static library built with fat LTO: in C in either order, and in Go.
set -eu
cd "$(dirname "$0")/../.."
out=target/other_archive
engine=target/dist/libpartita.a
other=$out/libother.a
mkdir -p $out
rustc --edition 2024 --crate-type staticlib -O -C lto=fat -C codegen-units=1 \
    tests/c/other_archive/other.rs -o $other

for order in "$engine $other" "$other $engine"; do
    # Words are split on purpose.
    # shellcheck disable=SC2086
    "${CC:-cc}" -pthread -Iinclude tests/c/other_archive/main.c $order -o $out/main
    $out/main
done

# And in one Go program: somebody's module, with the modules of this tree.
user=$out/user
rm -rf $user
mkdir $user
cp tests/packages/beside/main.go $user
cd $user
go mod init example.com/user
for module in ../../../go ../../../go/native/*; do
    path=github.com/partita-stream/partita/${module#../../../}
    go mod edit -require "$path@v0.0.0" -replace "$path=$module"
done
export GOPROXY=off GOFLAGS=-mod=mod CGO_LDFLAGS="$PWD/../libother.a"
go build -o program .
./program
