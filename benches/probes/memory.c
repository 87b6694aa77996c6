/*
 * What one system in C needs in memory: for each known key, its state left out, and for each message in flight; what
 * it allocates for messages of known keys; and the processor time of an idle process. Link it with --wrap for what
 * allocates.
 *
 *     memory SYSTEM KEYS IDLE_MS      (partita-c or c-table)
 */
#define _POSIX_C_SOURCE 200809L

#include "probe.h"
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How many objects were ever allocated. */
static atomic_size_t allocated;

/* ld --wrap calls these instead of what they call. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **memory, size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_posix_memalign(void **memory, size_t align, size_t size);

static void count_one(void) { atomic_fetch_add_explicit(&allocated, 1, memory_order_relaxed); }

void *__wrap_malloc(size_t size) {
    count_one();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    count_one();
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    count_one();
    return __real_realloc(old, size);
}

int __wrap_posix_memalign(void **memory, size_t align, size_t size) {
    count_one();
    return __real_posix_memalign(memory, align, size);
}

/* The resident set, in bytes. */
static double resident(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long total, pages;
    must(file != NULL && fscanf(file, "%llu %llu", &total, &pages) == 2, "read /proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void print_keys(const char *system, double before, size_t keys) {
    double after = resident();
    print_value("known keys", system, "bytes a key", "bytes",
                (after - before) / (double)keys - (double)sizeof(struct state));
    print_value("known keys", system, "resident set", "MiB", after / (1 << 20));
}

/* Holds computations up while it is locked. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static partita_status update(void *host, partita_run *run) {
    (void)host;
    if (run->kind != PARTITA_RUN_DATA) {
        return PARTITA_UNSUPPORTED;
    }
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    take_run(run);
    return PARTITA_OK;
}

/* All credits are used up by messages that none is computed of. */
static void measure_flight(size_t messages) {
    struct probe_options options = {.workers = WORKERS, .run = update, .credits = messages};
    struct probe probe;
    double before;
    probe_open(&probe, &options);
    pthread_mutex_lock(&gate);
    before = resident();
    probe_send(&probe, 0, messages);
    print_value("in flight", "partita-c", "bytes a message", "bytes", (resident() - before) / (double)messages);
    pthread_mutex_unlock(&gate);
    probe_drain(&probe);
    probe_close(&probe);
}

static void sleep_ms(size_t ms) {
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
}

/* What was woken has some time to go to sleep again. */
enum { SETTLING_MS = 100 };

static void measure_idle(size_t idle_ms) {
    int64_t busy, began;
    sleep_ms(SETTLING_MS);
    busy = process_ns(), began = now_ns();
    sleep_ms(idle_ms);
    print_value("idle", "partita-c", "processor time", "us a second",
                (double)(process_ns() - busy) * 1e6 / (double)(now_ns() - began));
}

static void measure_engine(size_t keys, size_t idle_ms) {
    struct probe_options options = {.workers = WORKERS, .run = update};
    struct probe probe;
    double before = resident();
    size_t count;
    probe_open(&probe, &options);
    probe_send(&probe, 0, keys);
    probe_drain(&probe);
    print_keys("partita-c", before, keys);
    count = allocated;
    probe_send(&probe, 0, keys);
    probe_drain(&probe);
    print_value("known keys", "partita-c", "allocations a message", "objects", (double)(allocated - count) / (double)keys);
    measure_idle(idle_ms);
    probe_close(&probe);
}

static void measure_table(size_t keys) {
    double before = resident();
    struct table table;
    table_init(&table);
    for (uint64_t word = 0; word < keys; word++) {
        struct message message = {scattered(word), word};
        compute(&message, table_state(&table, message.key));
    }
    print_keys("c-table", before, keys);
    table_free(&table);
}

int main(int argc, char **argv) {
    size_t keys;
    must(argc == 4, "read the arguments: expected SYSTEM KEYS IDLE_MS");
    keys = read_count(argv[2]);
    if (strcmp(argv[1], "c-table") == 0) {
        measure_table(keys);
    } else {
        must(strcmp(argv[1], "partita-c") == 0, "find such a system");
        measure_engine(keys, read_count(argv[3]));
        measure_flight(keys < 1000000 ? keys : 1000000);
    }
    print_end();
    return 0;
}
