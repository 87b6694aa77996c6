#!/bin/sh
# libpartita.a links beside another Rust static library built with fat LTO, in either order.
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
