#!/bin/sh
# planted.sh sanitized|valgrind: the tool catches a planted bug, and says which. Without that, its
# silence about the other programs would mean nothing.
set -eu
cd "$(dirname "$0")/../.."
variant=$1
tests/tools/build_c.sh static tests/c/planted.c
tests/tools/build_c.sh "$variant" tests/c/planted.c

# caught BUG WORDS: the program with that bug fails under the tool, with these words, and only there.
caught() {
    "target/c/static/planted" "$1"
    if report=$("target/c/$variant/planted" "$1" 2>&1); then
        echo "$variant: the planted bug '$1' was not noticed" && exit 1
    fi
    case $report in
    *"$2"*) echo "$variant: the planted bug '$1' was caught" ;;
    *) echo "$variant: the planted bug '$1' was not named: $report" && exit 1 ;;
    esac
}

case $variant in
sanitized)
    caught overflow heap-buffer-overflow
    caught leak LeakSanitizer
    caught undefined "signed integer overflow"
    caught never-dropped LeakSanitizer
    caught used-after-close heap-use-after-free
    ;;
valgrind)
    caught overflow "Invalid write"
    caught leak "definitely lost"
    caught never-dropped "definitely lost"
    caught used-after-close "Invalid read"
    ;;
esac
