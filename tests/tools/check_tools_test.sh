#!/bin/sh
# check_tools.sh is silent if all tools are there, and else names each that is missing in one line.
set -eu
cd "$(dirname "$0")/../.."
fakes=$(mktemp -d)
trap 'rm -rf "$fakes"' EXIT

# check_tools: with the fakes alone, and what the script itself needs.
for tool in mktemp rm grep; do ln -s "$(command -v $tool)" "$fakes/$tool"; done
check_tools() {
    PATH="$fakes" CC=cc CXX=c++ STATICCHECK=staticcheck tests/tools/check_tools.sh \
        </dev/null >/dev/null 2>"$fakes/said"
}

# fake NAME: a program that reads what it is given, says that it is of util-linux, and succeeds.
fake() {
    printf '#!/bin/sh\nwhile read -r line; do :; done\necho util-linux\n' >"$fakes/$1"
    chmod +x "$fakes/$1"
}

# without NAME WORDS...: if this program is missing, there is a line with each of these, and no other.
without() {
    rm "$fakes/$1"
    check_tools && exit 1
    fake "$1"
    shift
    cat "$fakes/said"
    [ "$(wc -l <"$fakes/said")" -eq $# ]
    for words; do grep -q "^make check needs .*$words" "$fakes/said"; done
}

for name in valgrind pkg-config cmake zig script gofmt c++ cc cargo go; do fake $name; done
check_tools
[ ! -s "$fakes/said" ]
without valgrind valgrind
without pkg-config pkg-config
without cmake cmake
without zig zig
without script 'script of util-linux'
without gofmt gofmt
without c++ "C++17 compiler, and 'c++' is none"
without cc 'sanitizers of cc' 'static C library'
without cargo rustfmt clippy
without go 'staticcheck, and cannot run staticcheck'
