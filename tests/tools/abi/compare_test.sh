#!/bin/sh
# compare.sh says nothing of the recorded header, and of each planted change what it breaks, in one line.
set -eu
cd "$(dirname "$0")/../../.."
record=tests/abi/0.1
recorded=0.1
next=0.2
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT

# passes, says LINE...: what compare.sh says of the planted header, in this version.
passes() {
    if ! tests/tools/abi/compare.sh "$planted/partita.h" "$next" "$record" >"$planted/said"; then
        cat "$planted/said" && exit 1
    fi
    [ ! -s "$planted/said" ]
}
says() {
    if tests/tools/abi/compare.sh "$planted/partita.h" "$next" "$record" >"$planted/said"; then
        echo "no change was seen; expected: $1" && exit 1
    fi
    printf '%s\n' "$@" >"$planted/expected"
    diff -u "$planted/expected" "$planted/said"
}

# plant SCRIPT: a header with that change, which sed makes.
plant() {
    printf '%s\n' "$1"
    sed "$1" "$record/partita.h" >"$planted/partita.h"
    ! cmp -s "$record/partita.h" "$planted/partita.h"
}

# add WORDS DECLARATION: a header with that declaration, and these words as its comment.
add() {
    plant "/^partita_status partita_app_stop(/{i /** $1 */
i $2
}"
}

cp "$record/partita.h" "$planted"
passes

# What breaks programs.
app='struct partita_app app'
plant '/^partita_status partita_app_stop(/d'
says "removed: function partita_app_stop: partita_status ($app)"
plant '/^#define PARTITA_BUSY /d'
says 'removed: value PARTITA_BUSY: 14'
plant '/^  uint64_t seed;$/d'
says 'changed: struct partita_app_options: size 120, align 8 -> size 112, align 8' \
    'removed: field partita_app_options.seed: uint64_t, offset 96, size 8' \
    'changed: field partita_app_options.completed: partita_completed_fn, offset 104, size 8 -> partita_completed_fn, offset 96, size 8' \
    'changed: field partita_app_options.log: partita_log_fn, offset 112, size 8 -> partita_log_fn, offset 104, size 8'
plant 's/^\(partita_status partita_app_stop(.*\));$/\1, uint32_t now);/'
says "changed: function partita_app_stop: partita_status ($app) -> partita_status ($app, uint32_t now)"
plant 's/^\(partita_status partita_app_run_worker(.*\)$/uint32_t partita_app_run_worker(struct partita_app app,/'
says "changed: function partita_app_run_worker: partita_status ($app, uint32_t index) -> uint32_t ($app, uint32_t index)"
plant 's/^\(typedef int64_t (\*partita_now_fn)(void \*host\));$/\1, int64_t zone);/'
says 'changed: type partita_now_fn: int64_t (*)(void *host) -> int64_t (*)(void *host, int64_t zone)'
plant 's/^#define PARTITA_TIMEOUT .*/#define PARTITA_TIMEOUT 99/'
says 'changed: value PARTITA_TIMEOUT: 8 -> 99'
plant 's/^#define PARTITA_ABI .*/#define PARTITA_ABI 2/'
says 'changed: value PARTITA_ABI: 1 -> 2'
plant 's/^#define PARTITA_DEAD_REASONS .*/#define PARTITA_DEAD_REASONS 8/'
says 'changed: value PARTITA_DEAD_REASONS: 9 -> 8'
plant 's/^  uint64_t messages;$/  int64_t messages;/'
says 'changed: field partita_buffer_options.messages: uint64_t, offset 8, size 8 -> int64_t, offset 8, size 8'
plant 's/^  uint64_t messages;$/  uint64_t number;/'
says 'removed: field partita_buffer_options.messages: uint64_t, offset 8, size 8' \
    "added: field partita_buffer_options.number: it lies in what programs of $recorded may leave unset: uint64_t, offset 8, size 8" \
    "added: field partita_buffer_options.number: its comment must say \`since $next\`"
plant 's/^#define PARTITA_STR(literal).*/#define PARTITA_STR(literal) {(literal), sizeof(literal)}/'
says 'changed: macro PARTITA_STR(literal): {(literal), sizeof(literal) - 1} -> {(literal), sizeof(literal)}'

# A struct grows at its end, behind all of what programs have, and only if it tells its size.
plant "/^} partita_app_options;\$/i /** Since $next: the newest. */ \\
uint64_t newest;"
passes
plant '/^} partita_app_options;$/i uint64_t newest;'
says "added: field partita_app_options.newest: its comment must say \`since $next\`"
plant "/^} partita_run;\$/i /** Since $next. */ \\
uint32_t newest;"
says "added: field partita_run.newest: it lies in what programs of $recorded may leave unset: uint32_t, offset 140, size 4, since $next"
plant "/^} partita_dead_letter;\$/i /** Since $next. */ \\
uint64_t newest;"
passes
plant "/^} partita_output;\$/i /** Since $next. */ \\
uint64_t newest;"
says 'changed: struct partita_output: size 16, align 8 -> size 24, align 8'

# What is new says since when.
more="partita_status partita_app_more($app);"
add 'Does more.' "$more"
says "added: function partita_app_more: its comment must say \`since $next\`"
add "Does more, since $recorded." "$more"
says "added: function partita_app_more: its comment must say \`since $next\`"
add "Does more, since $next." "$more"
passes
add "Since $next." '#define PARTITA_MORE 25'
passes
add 'More.' '#define PARTITA_MORE 25'
says "added: value PARTITA_MORE: its comment must say \`since $next\`"
add "Since $next." 'typedef struct partita_more {\
  uint64_t id;\
} partita_more;'
passes
add "Since $next." 'typedef void (*partita_more_fn)(void *host);'
passes
plant 's/^#define PARTITA_DEAD_REASONS .*/#define PARTITA_DEAD_REASONS 10/'
passes

# And not before the version is raised.
next=$recorded
add "Does more, since $next." "$more"
says "added: function partita_app_more: $recorded is recorded, so raise the version in Cargo.toml"
