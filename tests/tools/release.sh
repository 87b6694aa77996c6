#!/bin/sh
# What `make dist` left in target/packages is there for every platform, and works: a Go program built with it runs,
# on glibc as on musl, and for arm64 in qemu. A compiler for the wrong C library is refused in a sentence.
set -eu
cd "$(dirname "$0")/../.."
zig=${ZIG:-zig}
command -v "$zig" >/dev/null || zig="python3 -m ziglang"
. tests/tools/go_user.sh

(cd target/packages && sha256sum --check SHA256SUMS)
user_of target/packages/goproxy
for platform in linux-amd64 linux-amd64-musl linux-arm64; do
    tar -tf "target/packages/partita-$version-$platform.tar.gz" >/dev/null
done

builds_and_runs

# Zig links an unwinder if it is told to; gcc and clang do it unasked.
export CC="$zig cc -target x86_64-linux-musl" CGO_LDFLAGS=-lunwind
builds_and_runs -tags musl
if go -C "$user" build -o program . 2>"$user/said"; then exit 1; fi
grep -F 'for musl, build with -tags musl' "$user/said"

unset CGO_LDFLAGS
export CC=aarch64-linux-gnu-gcc GOARCH=arm64 RUN=qemu-aarch64-static
builds_and_runs -ldflags '-linkmode=external -extldflags=-static'
