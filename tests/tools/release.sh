#!/bin/sh
# What `make dist` left in target/packages is there for every platform, and works: the C programs of the tests with
# the library for musl and, in qemu, with that for arm64; a Go program on glibc, on musl and on arm64. A compiler for
# the wrong C library is refused in a sentence.
set -eu
cd "$(dirname "$0")/../.."
status=0
need() {
    command -v "$1" >/dev/null || { echo "make check-dist needs $1 (Debian: $2)" && status=1; }
}
need qemu-aarch64-static qemu-user-static
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
.ci/zig.sh version >/dev/null 2>&1 || { echo "make check-dist needs zig (pip install ziglang)" && status=1; }
[ -f target/packages/SHA256SUMS ] || { echo "make check-dist needs what make dist makes" && status=1; }
[ $status -eq 0 ] || exit 1

. tests/tools/go_user.sh
(cd target/packages && sha256sum --check SHA256SUMS)
user_of target/packages/goproxy

rm -rf target/released
for platform in linux-amd64 linux-amd64-musl linux-arm64; do
    mkdir -p target/released/$platform
    tar -C target/released/$platform --strip-components=1 -xf "target/packages/partita-$version-$platform.tar.gz"
    cmp include/partita.h target/released/$platform/include/partita.h
done
tests/tools/c_programs.sh musl
tests/tools/c_programs.sh arm64

builds_and_runs

# As in build_c.sh: zig has to be told of its unwinder.
export CC="$PWD/.ci/zig.sh cc -target x86_64-linux-musl" CGO_LDFLAGS=-lunwind
builds_and_runs -tags musl
if go -C "$user" build -o program . 2>"$user/said"; then exit 1; fi
grep -F 'for musl, build with -tags musl' "$user/said"

unset CGO_LDFLAGS
export CC=aarch64-linux-gnu-gcc GOARCH=arm64 RUN=qemu-aarch64-static
builds_and_runs -ldflags '-linkmode=external -extldflags=-static'
