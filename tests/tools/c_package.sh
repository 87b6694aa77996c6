#!/bin/sh
# The archive for C that `make dist` leaves is enough, wherever it is unpacked: C programs build with the word of
# pkg-config and of CMake alone, with the shared library and with the static one.
set -eu
cd "$(dirname "$0")/../.."
CC=${CC:-cc}
out=$PWD/target/c_package
platform=$(go env GOOS)_$(go env GOARCH)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
program=$PWD/tests/c/smoke.c

ZIG='' .ci/dist.sh "$out" "$platform"
(cd "$out" && sha256sum --check SHA256SUMS)
mkdir "$out/elsewhere"
tar -C "$out/elsewhere" -xf "$out/partita-$version-$(echo "$platform" | tr _ -).tar.gz"
prefix=$(echo "$out/elsewhere"/*)
grep -q 'Apache License' "$prefix/LICENSE"
# The line tables of what was linked tell which crates were, and each has its notice.
crates() {
    grep -aoE "$1"'/[A-Za-z0-9_-]+-[0-9][0-9.]*[0-9]' target/engine/release/libpartita.a | sed 's|.*/||' | sort -u
}
noticed=0
for crate in $(crates 'registry/src/[^/]*') $(crates '/rust/deps'); do
    grep -qE "^(    📦 )?$crate($|,| \(.*\)$)" "$prefix/NOTICES" || { echo "no notice of $crate" && exit 1; }
    noticed=$((noticed + 1))
done
[ $noticed -gt 15 ]
for said in 'crossbeam-channel-.* (MIT OR Apache-2.0)' 'Boost Software License' 'The standard library of rustc'; do
    grep -q "$said" "$prefix/NOTICES"
done

# Words are split on purpose, here and below.
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
# shellcheck disable=SC2046
$CC "$program" $(pkg-config --cflags --libs partita) -o "$out/shared"
readelf --dynamic "$out/shared" | grep -q 'NEEDED.*\[libpartita\.so\.1\]'
LD_LIBRARY_PATH="$prefix/lib" "$out/shared"
# shellcheck disable=SC2046
$CC -static "$program" $(pkg-config --static --cflags --libs partita) -o "$out/static"
"$out/static"

# configure VERSION: for a program that wants this version of Partita.
configure() {
    cmake -S tests/packages/cmake -B "$out/cmake-$1" -D CMAKE_PREFIX_PATH="$prefix" -D SOURCE="$program" -D WANTED="$1"
}

configure "$version"
cmake --build "$out/cmake-$version"
readelf --dynamic "$out/cmake-$version/shared" | grep -q 'NEEDED.*\[libpartita\.so\.1\]'
if readelf --dynamic "$out/cmake-$version/static" | grep libpartita; then exit 1; fi
"$out/cmake-$version/shared"
"$out/cmake-$version/static"
if configure 99 >"$out/said" 2>&1; then exit 1; fi
grep -q "version: $version" "$out/said"

# And as README.md says it.
mkdir "$out/readme"
{
    printf 'cmake_minimum_required(VERSION 3.13)\nproject(readme C)\nadd_executable(stock %s)\n' "$program"
    sed -n '/^```cmake$/,/^```$/ { /^```/!p; }' README.md
} >"$out/readme/CMakeLists.txt"
cmake -S "$out/readme" -B "$out/readme/built" -D CMAKE_PREFIX_PATH="$prefix"
cmake --build "$out/readme/built"
"$out/readme/built/stock"
