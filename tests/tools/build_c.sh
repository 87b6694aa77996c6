#!/bin/sh
# build_c.sh VARIANT SOURCE: builds a C program as target/c/VARIANT/NAME. What is generated from the header for
# it lies in the same folder. LINKED is what it is linked with besides.
#   static     with libpartita.a
#   shared     with libpartita.so
#   sanitized  with libpartita.a, under the address and undefined-behaviour sanitizers
#   valgrind   with libpartita.a; NAME runs it under valgrind. "Possibly lost" is no failure: Rust's handle of the
#              main thread is known by an address inside of it.
#   threads    with an engine and a Rust standard library that ThreadSanitizer watches as well, and its runtime:
#              thread_sanitizer.sh sets where they are
#   musl       with the libpartita.a for musl that `make dist` made, wholly statically
#   arm64      with the libpartita.so for arm64 that `make dist` made; NAME runs it in qemu
set -eu
cd "$(dirname "$0")/../.."
variant=$1
source=$2
dist=$PWD/target/dist
folder=$PWD/target/c/$variant
program=$folder/$(basename "$source" .c)

flags='' linked='' run=''
compiler=${CC:-cc}
libraries=$dist/libpartita.a
# release.sh unpacks them there.
released=$PWD/target/released
case $variant in
static) ;;
shared) libraries="-L$dist -Wl,-rpath,$dist -lpartita" ;;
sanitized)
    flags="-fsanitize=address,undefined -fno-sanitize-recover=all"
    linked=$flags
    ;;
valgrind)
    run="valgrind --quiet --fair-sched=yes --leak-check=full --error-exitcode=99"
    run="$run --show-leak-kinds=definite --errors-for-leak-kinds=definite"
    ;;
threads)
    flags=-fsanitize=thread
    # The compiler's own runtime knows less than Rust's code calls.
    libraries="$TSAN_ENGINE -Wl,--whole-archive $TSAN_RUNTIME -Wl,--no-whole-archive -Wl,--export-dynamic"
    libraries="$libraries -no-pie -lm -ldl"
    ;;
musl)
    # Zig links an unwinder if it is told to; gcc and clang do it unasked.
    compiler="$PWD/.ci/zig.sh cc -target x86_64-linux-musl -static"
    libraries="$released/linux-amd64-musl/lib/libpartita.a -lunwind"
    ;;
arm64)
    compiler=aarch64-linux-gnu-gcc
    libraries="-L$released/linux-arm64/lib -Wl,-rpath,$released/linux-arm64/lib -lpartita"
    run="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
    ;;
*) echo "build_c.sh: no variant '$variant'" >&2 && exit 2 ;;
esac

mkdir -p "$folder"
tests/tools/wrong_calls.sh include/partita.h >"$folder/wrong_calls.h"
# Words are split on purpose: each of these holds several arguments.
# shellcheck disable=SC2086
$compiler -g -O1 -Wall -Wextra -Wpedantic -Werror -pthread -Iinclude -I"$folder" $flags \
    -c "$source" -o "$program.o"
# shellcheck disable=SC2086
$compiler -pthread $linked ${LINKED:-} "$program.o" $libraries -o "$program.bin"
printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$run" "$program.bin" >"$program"
chmod +x "$program"
