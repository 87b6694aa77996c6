#!/bin/sh
# A Go program takes Partita from the modules that `make dist` leaves, and needs no Rust: it builds, and builds
# from its vendor directory; what it cannot be built with is refused in a sentence.
#
#     go_package.sh test          with the default settings
#     go_package.sh static        linked wholly statically
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/go_user.sh
platform=$(go env GOOS)_$(go env GOARCH)

variant=$1

ZIG='' .ci/dist.sh "target/go_package/$variant" "$platform"
user_of "target/go_package/$variant/goproxy"

if [ "$variant" = static ]; then
    builds_and_runs -ldflags '-linkmode=external -extldflags=-static'
    if readelf --dynamic "$user/program" | grep NEEDED; then exit 1; fi
    exit
fi

builds_and_runs
# It got the engine of its platform, and of no other.
[ "$(ls "$user/modules/github.com/partita-stream/partita/go/native")" = "$platform@v$version" ]

if CGO_ENABLED=0 go -C "$user" build -o program . 2>"$user/said"; then exit 1; fi
grep -F 'Partita is linked by cgo: set CGO_ENABLED=1' "$user/said"

go -C "$user" mod tidy
go -C "$user" mod vendor
export GOPROXY=off GOFLAGS=-mod=vendor GOMODCACHE="$user/empty"
builds_and_runs
