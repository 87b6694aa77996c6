/*
 * What the systems of the benchmark in C have in common: messages, their key, what is computed, and how a system is
 * run. A state remembers its messages in their order: one that is lost, repeated or out of order shows.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { WORKERS = 2, BATCH = 1024 };

struct message {
    uint64_t key, value;
};

struct state {
    uint64_t count, hash;
};

static inline uint64_t partition(const struct message *message) { return message->key; }

static inline void compute(const struct message *message, struct state *state) {
    state->count++;
    state->hash = state->hash * UINT64_C(0x9e3779b97f4a7c15) + message->value;
}

/* The finalizer of SplitMix64. */
static inline uint64_t mix(uint64_t bits) {
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

/* Stands for the final states, in whatever order they were added. */
struct outcome {
    uint64_t states, sum;
};

static inline void outcome_add(struct outcome *outcome, uint64_t key, const struct state *state) {
    outcome->states++;
    outcome->sum += mix(key + mix(state->hash + mix(state->count)));
}

/*
 * One way to run messages. `feed` sends them all from the calling thread, and returns when they are computed; it may
 * be called again. Only `feed` is timed.
 */
struct system {
    const char *name;
    void *(*open)(void);
    void (*feed)(void *run, struct message **messages, size_t len);
    struct outcome (*states)(void *run);
    void (*close)(void *run);
};

extern const struct system direct, pthreads, engine;

/* Ends the program if `what` was not done. */
void must(int done, const char *what);

#endif
