#!/bin/sh
# The C programs, and sequences of calls, under ThreadSanitizer. It has to see how threads meet, so the engine and
# Rust's standard library are built for it: a stable toolchain cannot do that, and to silence what it would say of a
# standard library that it does not see would silence what it is for. Where there is no nightly toolchain with
# rust-src this says so, and nothing is looked for.
set -eu
cd "$(dirname "$0")/../.."
toolchain=${TSAN_TOOLCHAIN:-nightly}
sysroot=$(rustc "+$toolchain" --print sysroot 2>/dev/null) || sysroot=
host=$(rustc -vV | sed -n 's/^host: //p')

if [ ! -d "$sysroot/lib/rustlib/src/rust/library" ]; then
    echo "NOT CHECKED: data races, which takes the toolchain '$toolchain' with rust-src" \
        "(rustup component add rust-src --toolchain $toolchain)"
    exit 0
fi

RUSTFLAGS="-Zsanitizer=thread" cargo "+$toolchain" rustc --locked --release --lib --crate-type staticlib \
    -Zbuild-std=std,panic_unwind --target "$host" --target-dir target/tsan
export TSAN_ENGINE="$PWD/target/tsan/$host/release/libpartita.a"
TSAN_RUNTIME=$(echo "$sysroot/lib/rustlib/$host/lib"/librustc-*_rt.tsan.a)
export TSAN_RUNTIME
for script in planted c_programs scarce sequences; do tests/tools/$script.sh threads; done
