#!/bin/sh
# c_programs.sh VARIANT: builds each program of tests/c as build_c.sh says; each runs and succeeds.
set -eu
cd "$(dirname "$0")/../.."
variant=$1
failed=

for source in tests/c/*.c; do
    name=$(basename "$source" .c)
    case $name in planted*) continue ;; esac
    # The runtime of ThreadSanitizer does not promise that the child of a process with threads goes on.
    case $variant-$name in threads-fork) continue ;; esac
    echo "$name"
    tests/tools/build_c.sh "$variant" "$source"
    timeout 120 "target/c/$variant/$name" || failed="$failed $name"
done
[ -z "$failed" ] || { echo "failed:$failed" && exit 1; }
