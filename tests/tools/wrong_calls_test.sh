#!/bin/sh
# wrong_calls.sh covers a function that is new in the header, or fails and names it.
set -eu
cd "$(dirname "$0")/../.."
folder=target/c/wrong_calls_test
mkdir -p $folder

# with LINES: the header with these lines before its first function.
with() {
    awk -v lines="$1" '{ print } /^extern "C"/ { getline; print; print lines }' include/partita.h >$folder/partita.h
    tests/tools/wrong_calls.sh $folder/partita.h
}

# has LINES WORDS: what is generated for them has these words.
has() {
    with "$1" >$folder/generated
    grep -qF "$2" $folder/generated || { echo "expected '$2' for: $1" && exit 1; }
}

# fails LINES WORDS: it fails, and says these words.
fails() {
    if said=$(with "$1" 2>&1 >$folder/generated); then echo "expected it to fail: $1" && exit 1; fi
    case $said in
    *"$2"*) ;;
    *) echo "expected '$2', got '$said', for: $1" && exit 1 ;;
    esac
}

has 'partita_status partita_new_one(struct partita_app app, uint64_t number);' \
    'return partita_new_one((partita_app){of[0].word}, (uint64_t)of[1].word);'
has '/** Fails with `PARTITA_BUSY`, as `partita_cancel_free` does. */
partita_status partita_new_one(struct partita_app app);' \
    '0 | ANSWER(PARTITA_BUSY) | ANSWER(PARTITA_INVALID_HANDLE)}'
fails 'partita_status partita_new_one(double number);' \
    'partita_new_one has `double number`, and nobody knows which wrong values there are of that'
fails 'partita_status partita_new_one(const struct partita_frames *frames);' \
    'partita_new_one has `const struct partita_frames *frames`'
fails 'double partita_new_one(struct partita_app app);' 'partita_new_one answers `double`'
fails 'partita_status partita_new_one(const struct partita_decode *decode);' \
    'partita_decode is given to functions, and nobody knows a good one: write good_partita_decode'

# Every function that the libraries export is there.
tests/tools/wrong_calls.sh include/partita.h | sed -n 's/^    {"\(partita_[a-z_]*\)", arguments_of.*/\1/p' |
    sort >$folder/called
sort target/dist/exports | diff -u - $folder/called
