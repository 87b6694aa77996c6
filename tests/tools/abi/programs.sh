#!/bin/sh
# A record's list is that of its header. What is built with that header runs with the library of today, static and
# shared: what names every function of that version, and the programs of it and of all before, which are kept beside
# their headers. These are built with the header of today, too.
set -eu
cd "$(dirname "$0")/../../.."
dist=$PWD/target/dist
out=target/abi
mkdir -p "$out"

# runs HEADERS SOURCE: built with these headers and either library, it succeeds.
runs() {
    for library in "$dist/libpartita.a" "-L$dist -Wl,-rpath,$dist -lpartita"; do
        # Words are split on purpose: some of these hold several arguments.
        # shellcheck disable=SC2086
        "${CC:-cc}" -g -O1 -std=gnu11 -Wall -Wextra -Wpedantic -Werror -pthread "-I$1" "$2" $library -lm -ldl \
            -o "$out/program" && timeout 60 "$out/program" || return 1
    done
}

# naming_all LIST: a program that fails unless each function of the list is there.
naming_all() {
    printf '#include <partita.h>\n\ntypedef void (*any)(void);\nstatic const any all[] = {\n'
    sed -n 's/^function \([a-z0-9_]*\): .*/    (any)\1,/p' "$1"
    printf '};\n\nint main(void) {\n    for (size_t i = 0; i < sizeof all / sizeof *all; i++)\n'
    printf '        if (all[i] == NULL) return 1;\n    return 0;\n}\n'
}

# A list has every function that the libraries export.
tests/tools/abi/list.sh include/partita.h | sed -n 's/^function \([a-z0-9_]*\): .*/\1/p' | sort >"$out/functions"
sort "$dist/exports" | diff -u - "$out/functions"

programs=
for record in $(printf '%s\n' tests/abi/* | sort -V); do
    echo "$record"
    tests/tools/abi/list.sh "$record/partita.h" | diff -u "$record/list" -
    naming_all "$record/list" >"$out/all.c"
    [ ! -e "$record/program.c" ] || programs="$programs $record/program.c"
    for program in "$out/all.c" $programs; do runs "$record" "$program"; done
done
for program in $programs; do runs include "$program"; done

# Neither would run with a library that it does not fit.
sed 's/^#define PARTITA_RUN_DATA 0$/#define PARTITA_RUN_DATA 1/' tests/abi/0.0/partita.h >"$out/partita.h"
if runs "$out" tests/abi/0.0/program.c; then exit 1; fi
sed 's/partita_app_stop(/partita_app_halt(/' tests/abi/0.1/partita.h >"$out/partita.h"
naming_all tests/abi/0.1/list | sed 's/partita_app_stop,/partita_app_halt,/' >"$out/halt.c"
if runs "$out" "$out/halt.c"; then exit 1; fi
