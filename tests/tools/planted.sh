#!/bin/sh
# planted.sh static|sanitized|valgrind|threads: what looks for bugs catches a planted one, and says which. Without that,
# its silence about the other programs would mean nothing.
set -eu
cd "$(dirname "$0")/../.."
variant=$1

# fails_saying WORDS COMMAND...: it fails, and says these words.
fails_saying() {
    words=$1
    shift
    if report=$("$@" 2>&1); then
        echo "$variant: a planted bug was not noticed: $*" && exit 1
    fi
    case $report in
    *"$words"*) echo "$variant: a planted bug was caught: $words" ;;
    *) echo "$variant: a planted bug was not named: $*: $report" && exit 1 ;;
    esac
}

# caught BUG WORDS: the program with that bug fails under the tool, with these words, and only there.
caught() {
    target/c/static/planted "$1"
    fails_saying "$2" "target/c/$variant/planted" "$1"
}

# called BUG WORDS: calling a library that has that bug wrongly finds it.
called() {
    fails_saying "$2" env PLANTED="$1" "target/c/$variant/planted_calls"
}

# sequences BUG WORDS: random sequences of calls of a library that has that bug find it.
sequences() {
    fails_saying "$2" env PLANTED="$1" "target/c/$variant/planted_sequences" -seconds 60 -limit 2
}

for program in planted planted_calls planted_sequences; do
    for built in static "$variant"; do tests/tools/build_c.sh "$built" "tests/c/$program.c"; done
done

case $variant in
static)
    called written "it was refused, and wrote something"
    called undocumented "its documentation does not say that it answers: PARTITA_NOT_FOUND"
    called lenient "its documentation does not say that NULL will do: PARTITA_OK"
    called demanding "its documentation says that NULL will do: PARTITA_INVALID_ARGUMENT"
    called kept "expected 0"
    sequences lost "objects.messages[index].held is"
    sequences twice "not so: message->held > 0"
    sequences shared "&part->busy, 1, __ATOMIC_SEQ_CST) is 1"
    sequences disordered "not so: message.number + 1 >= *last"
    sequences untold "objects.reported[token] is 0: expected 1"
    sequences stuck "it takes too long"
    ;;
sanitized)
    caught overflow heap-buffer-overflow
    caught leak LeakSanitizer
    caught undefined "signed integer overflow"
    caught never-dropped LeakSanitizer
    caught used-after-close heap-use-after-free
    called believed heap-use-after-free
    sequences believed heap-use-after-free
    ;;
threads)
    caught race "data race"
    called raced "data race"
    sequences raced "data race"
    ;;
valgrind)
    caught overflow "Invalid write"
    caught leak "definitely lost"
    caught never-dropped "definitely lost"
    caught used-after-close "Invalid read"
    called believed "Invalid write"
    sequences believed "Invalid write"
    ;;
esac
