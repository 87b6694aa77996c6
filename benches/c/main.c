/*
 * Keyed state in C, by hand and on Partita: every system runs the same messages, in turn, round by round; the first
 * round warms up. Before the clock starts each key has had one message. Prints a line for each system: its name, and
 * the nanoseconds of each round. Fails if the states of a round are not those of the first one.
 *
 *     bench KEYS MESSAGES ROUNDS
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct system *const systems[] = {&direct, &pthreads, &engine};
enum { SYSTEMS = sizeof systems / sizeof systems[0], ROUNDS_MAX = 1000 };

void must(int done, const char *what) {
    if (!done) {
        fprintf(stderr, "bench: could not %s\n", what);
        exit(1);
    }
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* One message for each key, or `len` that draw their keys uniformly; each an allocation of its own. */
static struct message **make_messages(size_t keys, size_t len, int draw) {
    struct message **messages = malloc(len * sizeof *messages);
    must(messages != NULL, "allocate messages");
    for (size_t i = 0; i < len; i++) {
        uint64_t key = draw ? mix(i ^ UINT64_C(0x5851f42d4c957f2d)) % keys : i;
        messages[i] = malloc(sizeof **messages);
        must(messages[i] != NULL, "allocate messages");
        *messages[i] = (struct message){mix(key + 1), mix(i)};
    }
    return messages;
}

static size_t count(const char *text) {
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    must(*end == '\0' && number > 0, "read the arguments: expected KEYS MESSAGES ROUNDS, numbers from 1 on");
    return number;
}

int main(int argc, char **argv) {
    static int64_t took[SYSTEMS][ROUNDS_MAX + 1];
    struct outcome expected = {0, 0};
    struct message **known, **messages;
    size_t keys, len, rounds;
    must(argc == 4, "read the arguments: expected KEYS MESSAGES ROUNDS");
    keys = count(argv[1]), len = count(argv[2]), rounds = count(argv[3]);
    must(rounds <= ROUNDS_MAX, "count so many rounds");
    known = make_messages(keys, keys, 0);
    messages = make_messages(keys, len, 1);
    for (size_t round = 0; round <= rounds; round++) {
        for (size_t turn = 0; turn < SYSTEMS; turn++) {
            size_t at = round == 0 ? turn : (round + turn) % SYSTEMS;
            const struct system *system = systems[at];
            struct outcome outcome;
            void *run = system->open();
            system->feed(run, known, keys);
            took[at][round] = now();
            system->feed(run, messages, len);
            took[at][round] = now() - took[at][round];
            outcome = system->states(run);
            if (round == 0 && turn == 0) {
                expected = outcome;
            }
            must(outcome.states == expected.states && outcome.sum == expected.sum, "get the states expected");
            system->close(run);
        }
    }
    for (size_t i = 0; i < SYSTEMS; i++) {
        printf("%s", systems[i]->name);
        for (size_t round = 1; round <= rounds; round++) {
            printf(" %" PRId64, took[i][round]);
        }
        printf("\n");
    }
    return 0;
}
