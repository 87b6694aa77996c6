#!/bin/sh
# header.sh LANGUAGE STANDARD...: the header compiles alone, in each standard, without a warning.
set -eu
cd "$(dirname "$0")/../.."
language=$1
shift
compiler=${CC:-cc}
[ "$language" = c ] || compiler=${CXX:-c++}

for standard; do
    echo "$standard"
    printf '#include <partita.h>\n' |
        "$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -Iinclude \
            -fsyntax-only -x "$language" -
done
