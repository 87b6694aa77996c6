#!/bin/sh
# A Go program takes Partita from the modules that `make dist` leaves, and needs no Rust.
#
#     go_package.sh test          it builds, and builds from its vendor directory; without cgo it is refused
#     go_package.sh check         it is linked wholly statically; a program of the module is installed; and the tree
#                                 of modules serves as well as the proxy
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/go_user.sh
platform=$(go env GOOS)_$(go env GOARCH)
variant=$1
dist=$PWD/target/go_package/$variant

ZIG='' .ci/dist.sh "$dist" "$platform"
user_of "target/go_package/$variant/goproxy"

if [ "$variant" = check ]; then
    builds_and_runs -ldflags '-linkmode=external -extldflags=-static'
    if readelf --dynamic "$user/program" | grep NEEDED; then exit 1; fi

    GOBIN="$user" go install "github.com/partita-stream/partita/go/examples/word_count@v$version"
    [ -x "$user/word_count" ]

    export GOPROXY=off GOMODCACHE="$user/empty" GOWORK=''
    go -C "$dist/go" list -deps ./partita >/dev/null
    cd "$user"
    rm go.mod go.sum
    go mod init example.com/user
    go work init .
    go work use -r "$dist/go"
    builds_and_runs
    exit
fi

# A build takes the engine of its platform, and no other.
export GOMODCACHE="$user/taken"
builds_and_runs
[ "$(ls "$user/taken/github.com/partita-stream/partita/go/native")" = "$platform@v$version" ]

if CGO_ENABLED=0 go -C "$user" build -o program . 2>"$user/said"; then exit 1; fi
grep -F 'Partita is linked by cgo: set CGO_ENABLED=1' "$user/said"

go -C "$user" mod tidy
go -C "$user" mod vendor
export GOPROXY=off GOFLAGS=-mod=vendor GOMODCACHE="$user/empty"
builds_and_runs
