#!/bin/sh
# What `make install` lays down is enough: C and Go programs build and run with pkg-config's word
# alone, with the shared library and with the static one.
set -eu
cd "$(dirname "$0")/../.."
# Always the same place: Go does not notice that pkg-config answers with another.
out=$PWD/target/installed
rm -rf "$out"
CC=${CC:-cc}

make --no-print-directory install PREFIX=/opt/partita DESTDIR="$out/stage"
grep -qx 'prefix=/opt/partita' "$out/stage/opt/partita/lib/pkgconfig/partita.pc"

prefix=$out/usr
make --no-print-directory install PREFIX="$prefix"
# A program that runs keeps the library that it has: a second installation leaves its file alone.
ln "$prefix"/lib/libpartita.so.*.*.* "$out/in-use"
make --no-print-directory install PREFIX="$prefix"
[ "$(stat --format %h "$out/in-use")" -eq 1 ]
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib"

# Words are split on purpose, here and below.
# shellcheck disable=SC2046
$CC tests/c/smoke.c $(pkg-config --cflags --libs partita) -o "$out/shared"
readelf --dynamic "$out/shared" | grep -q 'NEEDED.*\[libpartita\.so\.1\]'
"$out/shared"

# shellcheck disable=SC2046
$CC -static tests/c/smoke.c $(pkg-config --static --cflags --libs partita) -o "$out/static"
env -u LD_LIBRARY_PATH "$out/static"

go -C go build -tags partita_system -o "$out/stock" ./examples/stock
readelf --dynamic "$out/stock" | grep -q 'NEEDED.*\[libpartita\.so\.1\]'
"$out/stock" -quiet -in go/examples/stock/stocks.csv

# shellcheck disable=SC2046
$CC examples/stock.c $(pkg-config --cflags --libs partita) -o "$out/stock-c"
examples/check.sh "$out/stock" "$out/stock-c"

# And as README.md says it, but for the home, which cargo needs, and where the program goes.
block=$(sed -n '/^<!-- run by tests\/tools\/install.sh -->$/,/^```$/ { /^make\|^export\|^cc/p; }' README.md)
[ "$(echo "$block" | wc -l)" -eq 3 ]
block=$(echo "$block" | sed "s| -o stock | -o '$out/stock-readme' |; s| \./stock$| '$out/stock-readme'|; s|\$HOME|$out/home|g")
sh -ec "$block"
