#!/bin/sh
# record.sh records a version once, with what is new in it, and nothing that breaks programs of an older one.
set -eu
cd "$(dirname "$0")/../../.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tests/tools"
cp -R include Cargo.toml "$tree"
cp -R tests/abi "$tree/tests"
cp -R tests/tools/abi "$tree/tests/tools"
cp tests/abi/0.1/partita.h "$tree/include"
cd "$tree"
find tests/abi/* -maxdepth 0 ! -name 0.0 ! -name 0.1 -exec rm -r {} +

# version X.Y.Z, add WORDS: what Cargo.toml says, and a function more in the header.
version() {
    sed -i "s/^version = .*/version = \"$1\"/" Cargo.toml
}
add() {
    sed -i "/^partita_status partita_app_stop(/i /** $1 */ \\
partita_status partita_app_more(struct partita_app app);" include/partita.h
}

# refused WORDS: it says them, and leaves everything as it was.
refused() {
    find tests/abi -type f -exec cksum {} + | sort >before
    if tests/tools/abi/record.sh >said 2>&1; then echo "it recorded; expected: $1" && exit 1; fi
    cat said
    grep -qF "$1" said
    find tests/abi -type f -exec cksum {} + | sort | diff before -
}

version 0.1.7
refused 'tests/abi/0.1 is recorded already'
version 0.2.0
add 'Does more.'
refused 'added: function partita_app_more: its comment must say `since 0.2`'
cp tests/abi/0.1/partita.h include
add 'Does more, since 0.2.'
sed -i 's/^#define PARTITA_BUSY .*/#define PARTITA_BUSY 33/' include/partita.h
refused 'changed: value PARTITA_BUSY: 14 -> 33'
cp tests/abi/0.1/partita.h include
add 'Does more, since 0.2.'
tests/tools/abi/record.sh
cmp include/partita.h tests/abi/0.2/partita.h
grep -qx 'function partita_app_more: partita_status (struct partita_app app), since 0.2' tests/abi/0.2/list

# From then on it is as old as the others, and the next version has more.
version 0.10.0
sed -i '/Does more/d; /partita_app_more/d' include/partita.h
refused 'removed: function partita_app_more: partita_status (struct partita_app app), since 0.2'
add 'Does more, since 0.2.'
tests/tools/abi/record.sh
tests/tools/abi/compare.sh include/partita.h 0.10
[ "$(ls tests/abi | wc -l)" -eq 4 ]
