#!/bin/sh
# The rooms with `unsafe` under Miri, which interprets them and knows what no sanitizer sees: whether a reference
# outlives what it refers to, and memory that is read before it is written. It cannot call C, so the tests in Rust of
# src/ffi run, and one that runs an engine with its threads (for src/engine/cell.rs); none in which a thread says that it
# will not return, since Miri believes that it might. Where there is no toolchain with Miri this says so, and nothing is
# looked for.
set -eu
cd "$(dirname "$0")/../.."
toolchain=${MIRI_TOOLCHAIN:-nightly}

if ! cargo "+$toolchain" miri --version >/dev/null 2>&1; then
    echo "NOT CHECKED: undefined behaviour in Rust, which takes the toolchain '$toolchain' with miri and rust-src" \
        "(rustup component add miri rust-src --toolchain $toolchain)"
    exit 0
fi

# Values are numbers to the engine, and addresses to its hosts: provenance is exposed on purpose.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"
cargo "+$toolchain" miri test --locked --lib --target-dir target/miri -- ffi:: engine::close_tests
