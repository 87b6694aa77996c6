#!/bin/sh
# Names in one line each compiler and each tool that is missing or too old, with the version needed.
set -u
cd "$(dirname "$0")/../.."
status=0

complain() {
    echo "partita needs $1" >&2
    status=1
}

# at_least FOUND NEEDED
at_least() {
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# need NAME NEEDED FOUND
need() {
    if [ -z "$3" ]; then
        complain "$1 $2 or newer, and found none"
    elif ! at_least "$3" "$2"; then
        complain "$1 $2 or newer, and found $3"
    fi
}

knows_c17() {
    printf '#include <stdint.h>\nint64_t word;\n' |
        $CC -std=c17 -fsyntax-only -x c - 2>/dev/null
}

rust_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
go_needed=$(sed -n 's/^go //p' go/go.mod)
CC=${CC:-cc}

need Rust "$rust_needed" "$(rustc --version 2>/dev/null | cut -d ' ' -f 2)"
need Cargo "$rust_needed" "$(cargo --version 2>/dev/null | cut -d ' ' -f 2)"
need Go "$go_needed" "$(go env GOVERSION 2>/dev/null | sed 's/^go//; s/ .*//')"
knows_c17 || complain "a C compiler for C17 (gcc 8, clang 6 or newer) with its headers, and '$CC' is none"
for tool in ld ar nm objcopy readelf; do
    need "$tool of GNU binutils" 2.29 \
        "$($tool --version 2>/dev/null | sed -n '1s/^GNU .* \([0-9][0-9.]*\).*/\1/p')"
done
exit $status
