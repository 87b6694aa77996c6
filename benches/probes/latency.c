/*
 * One message at a time on an idle engine, from before it is sent to the sink's callback, in C; and what one thread
 * takes to wake another one, there and back, halved.
 *
 *     latency COUNT
 */
#define _POSIX_C_SOURCE 200809L

#include "probe.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

/* What takes the times of messages, and tells that one has come out. */
struct taken {
    int64_t *times, began;
    size_t len;
    sem_t came;
};

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
    }
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void print_percentiles(struct taken *taken, const char *system) {
    static const struct {
        const char *name;
        double part;
    } percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"longest", 1}};
    qsort(taken->times, taken->len, sizeof *taken->times, compare);
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        size_t at = (size_t)(percentiles[i].part * (double)taken->len);
        at = at < taken->len ? at : taken->len - 1;
        print_value("idle", system, percentiles[i].name, "us", (double)taken->times[at] / 1000);
    }
}

static partita_status pass_on(void *host, partita_run *run) {
    (void)host;
    if (run->kind != PARTITA_RUN_DATA) {
        return PARTITA_UNSUPPORTED;
    }
    take_run(run);
    for (size_t i = 0; i < run->len; i++) {
        run->outputs[i] = (partita_output){.value = run->values[i], .from = i};
    }
    run->outputs_len = run->len;
    return PARTITA_OK;
}

static partita_status deliver(void *host, partita_delivery *delivery) {
    struct taken *taken = host;
    taken->times[taken->len++] = now_ns() - taken->began;
    delivery->done = delivery->len;
    sem_post(&taken->came);
    return PARTITA_OK;
}

static void measure_engine(struct taken *taken, size_t count) {
    struct probe_options options = {.workers = WORKERS, .run = pass_on, .deliver = deliver, .host = taken};
    struct probe probe;
    probe_open(&probe, &options);
    for (size_t i = 0; i < count; i++) {
        taken->began = now_ns();
        probe_send(&probe, i % 1000, 1);
        wait_for(&taken->came);
    }
    probe_close(&probe);
}

struct pair {
    sem_t there, back;
    size_t count;
};

static void *answer(void *argument) {
    struct pair *pair = argument;
    for (size_t i = 0; i < pair->count; i++) {
        wait_for(&pair->there);
        sem_post(&pair->back);
    }
    return NULL;
}

static void measure_hand_off(struct taken *taken, size_t count) {
    struct pair pair = {.count = count};
    pthread_t thread;
    sem_init(&pair.there, 0, 0);
    sem_init(&pair.back, 0, 0);
    must(pthread_create(&thread, NULL, answer, &pair) == 0, "start a thread");
    for (size_t i = 0; i < count; i++) {
        int64_t began = now_ns();
        sem_post(&pair.there);
        wait_for(&pair.back);
        taken->times[taken->len++] = (now_ns() - began) / 2;
    }
    pthread_join(thread, NULL);
}

int main(int argc, char **argv) {
    struct taken taken = {0};
    size_t count;
    must(argc == 2, "read the arguments: expected COUNT");
    count = read_count(argv[1]);
    taken.times = malloc(count * sizeof *taken.times);
    must(taken.times != NULL, "allocate times");
    sem_init(&taken.came, 0, 0);
    measure_hand_off(&taken, count);
    print_percentiles(&taken, "c-hand-off");
    taken.len = 0;
    measure_engine(&taken, count);
    print_percentiles(&taken, "partita-c");
    print_end();
    free(taken.times);
    return 0;
}
