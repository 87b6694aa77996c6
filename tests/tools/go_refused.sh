#!/bin/sh
# What Go cannot build it refuses in one sentence, which says why.
set -eu
cd "$(dirname "$0")/../.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# refused SENTENCE SETTING...: the only error, with these settings of the environment, is this one.
refused() {
    sentence=$1
    shift
    echo "$*"
    if env "$@" go -C "$tree/go" build ./partita ./partita/partitatest >"$tree/said" 2>&1; then
        echo "Go builds the package" && exit 1
    fi
    cat "$tree/said"
    [ "$(grep -cE '^[^ ]+:[0-9]+:[0-9]+: ' "$tree/said")" -eq 1 ]
    grep -qF "$sentence" "$tree/said"
}

cp -Rp go "$tree"
refused 'Partita is linked by cgo: set CGO_ENABLED=1' CGO_ENABLED=0
refused 'Partita is linked by cgo: set CGO_ENABLED=1' CGO_ENABLED=0 GOFLAGS=-tags=partita_system
refused 'Partita has no engine for this platform: use -tags partita_system' CGO_ENABLED=0 GOOS=darwin
refused 'Partita has no engine for this platform: use -tags partita_system' CGO_ENABLED=0 GOARCH=riscv64
refused 'Partita has no engine for musl here: use -tags partita_system' CGO_ENABLED=0 GOARCH=arm64 GOFLAGS=-tags=musl
refused 'the tags partita_system and musl exclude each other' GOFLAGS=-tags=partita_system,musl
refused 'the tag musl needs a C compiler for musl, and this one is for glibc' GOFLAGS=-tags=musl

rm "$tree"/go/native/*/*.syso "$tree"/go/native/*/made.h
refused 'is not built: run make' GOFLAGS=
