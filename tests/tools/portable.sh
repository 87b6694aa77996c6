#!/bin/sh
# With zig, the shared library needs no glibc newer than 2.28, and works.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/target/portable
platform=$(go env GOOS)_$(go env GOARCH)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)

.ci/dist.sh "$out" "$platform"
tar -C "$out" -xf "$out/partita-$version-$(echo "$platform" | tr _ -).tar.gz"
lib=$(echo "$out"/partita-*/lib)
newest=$(readelf --version-info "$lib/libpartita.so" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
echo "libpartita.so needs $newest"
[ "$(printf '%s\n' "$newest" GLIBC_2.28 | sort -V | tail -n 1)" = GLIBC_2.28 ]
nm --dynamic --defined-only "$lib/libpartita.so" | awk '{ print $NF }' | sort >"$out/exports"
sort target/dist/exports | diff - "$out/exports"
readelf --dynamic "$lib/libpartita.so" | grep -q 'NODELETE'

for name in smoke callbacks life tcp; do
    "${CC:-cc}" -pthread -Iinclude "tests/c/$name.c" -L"$lib" -lpartita -lm -o "$out/$name"
    LD_LIBRARY_PATH=$lib "$out/$name"
done
