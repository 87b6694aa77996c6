#!/bin/sh
# Both libraries export the functions that the header declares, and nothing else.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p target/symbols

# Comments are gone after the preprocessor; a type of function is declared as (*name)(.
"${CC:-cc}" -E -P include/partita.h | grep -oE '(^|[ *])partita_[a-z0-9_]+\(' |
    tr -d ' *(' | sort >target/symbols/header
nm --dynamic --defined-only target/dist/libpartita.so | awk '{ print $NF }' |
    sort >target/symbols/shared
nm --extern-only --defined-only target/dist/libpartita.a | awk 'NF == 3 { print $3 }' |
    sort >target/symbols/static

test -s target/symbols/header
diff -u target/symbols/header target/symbols/shared
diff -u target/symbols/header target/symbols/static
readelf --dynamic target/dist/libpartita.so | grep -q 'NODELETE'

# Nor do they say where they were built.
for library in target/dist/libpartita.a target/dist/libpartita.so; do
    if grep -aF -e "$PWD/" -e "${CARGO_HOME:-$HOME/.cargo}/" $library; then exit 1; fi
done
