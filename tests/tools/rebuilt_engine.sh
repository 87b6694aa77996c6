#!/bin/sh
# Go notices a rebuilt engine, and a build leaves the tree clean: in a copy of the tree, a Go program
# prints the engine's version; the version is changed, the engine built again, and the program prints
# the new one.
set -eu
cd "$(dirname "$0")/../.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
changed=99.88.77

# What was built is copied too: the first version costs nothing, and the second only its own crate.
copy() {
    for entry in *; do
        [ "$entry" = target ] || cp -Rp "$entry" "$tree"
    done
    mkdir "$tree/target"
    cp -Rp target/engine target/dist "$tree/target"
    cd "$tree"
    mkdir go/partita/internal/version
    cp tests/tools/version.go go/partita/internal/version/main.go
}

# All files but those that are built, with their checksums.
files() {
    find . -path ./target -prune -o -type f ! -name "*.syso" -exec cksum {} + | sort
}

version() {
    go -C go run ./partita/internal/version
}

# change_version FILE: in Cargo.toml and Cargo.lock the version follows the crate's name.
change_version() {
    sed -i "/^name = \"partita\"\$/{n;s/\".*\"/\"$changed\"/}" "$1"
}

copy
before=$(version)
change_version Cargo.toml
change_version Cargo.lock
files >target/files
make --no-print-directory build
after=$(version)
echo "Go saw $before, and after the change $after"
[ "$before" != "$changed" ] && [ "$after" = "$changed" ]
files | cmp target/files -
