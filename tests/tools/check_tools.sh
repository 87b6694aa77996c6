#!/bin/sh
# Names in one line each tool that `make check` needs beyond `make test` and that is missing. The
# Makefile says in STATICCHECK which one.
set -u
status=0

missing() {
    echo "make check needs $1" >&2
    status=1
}

# compiles LANGUAGE COMPILER FLAGS...: does a whole program build?
compiles() {
    language=$1
    shift
    program=$(mktemp)
    echo 'int main(void) { return 0; }' | "$@" -x "$language" - -o "$program" 2>/dev/null
    answer=$?
    rm -f "$program"
    return $answer
}

CC=${CC:-cc}
CXX=${CXX:-c++}
command -v valgrind >/dev/null || missing "valgrind (Debian: valgrind)"
command -v pkg-config >/dev/null || missing "pkg-config (Debian: pkg-config)"
command -v cmake >/dev/null || missing "cmake (Debian: cmake)"
"${0%/*}/../../.ci/zig.sh" version >/dev/null 2>&1 || missing "zig (pip install ziglang)"
script --version 2>/dev/null | grep -q util-linux || missing "script of util-linux (Debian: bsdutils)"
command -v gofmt >/dev/null || missing "gofmt, which comes with Go"
compiles c++ "$CXX" -std=c++17 || missing "a C++17 compiler, and '$CXX' is none (Debian: g++)"
compiles c "$CC" -fsanitize=address,undefined ||
    missing "the address and undefined-behaviour sanitizers of $CC (Debian: libgcc-12-dev)"
compiles c "$CC" -static || missing "a static C library (Debian: libc6-dev)"
cargo fmt --version >/dev/null 2>&1 || missing "rustfmt (rustup component add rustfmt)"
cargo clippy --version >/dev/null 2>&1 || missing "clippy (rustup component add clippy)"
go run "$STATICCHECK" -version >/dev/null 2>&1 || missing "staticcheck, and cannot run $STATICCHECK"
exit $status
