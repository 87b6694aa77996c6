#!/bin/sh
# toolchain.sh names what is too old or missing, each in one line with the version needed.
set -eu
cd "$(dirname "$0")/../.."
fakes=$(mktemp -d)
trap 'rm -rf "$fakes"' EXIT

# fake NAME ANSWER: a program that prints this, whatever it is asked.
fake() {
    printf '#!/bin/sh\necho "%s"\n' "$2" >"$fakes/$1"
    chmod +x "$fakes/$1"
}

# complaints FOUND: how many lines end like this, when the fakes come first?
complaints() {
    PATH="$fakes:$PATH" CC="$fakes/no-compiler" tests/tools/toolchain.sh 2>"$fakes/said" && exit 1
    cat "$fakes/said"
    [ "$(wc -l <"$fakes/said")" -eq 9 ]
    [ "$(grep -cE " [0-9.]+ or newer, and found $1\$" "$fakes/said")" -eq 8 ]
    grep -q "C compiler for C17 .* '$fakes/no-compiler' is none" "$fakes/said"
}

tests/tools/toolchain.sh
fake rustc 'rustc 1.9.0 (0123456 2016-05-18)'
fake cargo 'cargo 1.9.0 (0123456 2016-05-18)'
fake go go1.9.0
fake ld 'GNU ld version 1.9.0-17.el9'
for name in ar nm objcopy readelf; do fake $name "GNU $name (GNU Binutils for Debian 12) 1.9.0"; done
complaints 1.9.0
for name in rustc cargo go ar nm objcopy readelf; do fake $name ''; done
fake ld 'LLD 15.0.0 (compatible with GNU linkers)'
complaints none
