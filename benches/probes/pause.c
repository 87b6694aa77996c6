/*
 * For how long nothing is computed while keys come for the first time, as a C program sees it; and the same when the
 * same messages come again and no table grows, which is what the machine adds by itself.
 *
 *   partita-c            one worker: from one call of the computation to the next one
 *   partita-c, stepped   without threads: each batch that is sent and stepped through
 *   c-table              a table by hand that doubles: each batch
 *
 *     pause KEYS
 */
#define _POSIX_C_SOURCE 200809L

#include "probe.h"
#include "table.h"

/* The longest time between two marks. */
struct gaps {
    int64_t last, longest, last_busy, longest_busy;
};

static void begin(struct gaps *gaps) { *gaps = (struct gaps){.last = 0}; }

/* Ends a gap and begins the next one. The first mark of a thread only begins one. */
static void mark(struct gaps *gaps) {
    int64_t now = now_ns(), busy = thread_ns();
    if (gaps->last != 0) {
        gaps->longest = now - gaps->last > gaps->longest ? now - gaps->last : gaps->longest;
        gaps->longest_busy = busy - gaps->last_busy > gaps->longest_busy ? busy - gaps->last_busy : gaps->longest_busy;
    }
    gaps->last = now;
    gaps->last_busy = busy;
}

static const char *const benches[] = {"growing", "all keys known"};

static void print_gaps(const struct gaps *gaps, const char *bench, const char *system) {
    print_value(bench, system, "longest pause", "ms", (double)gaps->longest / 1e6);
    print_value(bench, system, "longest pause, processor time", "ms", (double)gaps->longest_busy / 1e6);
}

static partita_status update(void *host, partita_run *run) {
    if (run->kind != PARTITA_RUN_DATA) {
        return PARTITA_UNSUPPORTED;
    }
    mark(host);
    take_run(run);
    return PARTITA_OK;
}

static void measure_worker(size_t keys) {
    struct gaps gaps;
    struct probe_options options = {.workers = 1, .run = update, .host = &gaps};
    struct probe probe;
    probe_open(&probe, &options);
    for (size_t pass = 0; pass < 2; pass++) {
        begin(&gaps);
        probe_send(&probe, 0, keys);
        probe_drain(&probe);
        print_gaps(&gaps, benches[pass], "partita-c");
    }
    probe_close(&probe);
}

static partita_status update_plainly(void *host, partita_run *run) {
    (void)host;
    if (run->kind != PARTITA_RUN_DATA) {
        return PARTITA_UNSUPPORTED;
    }
    take_run(run);
    return PARTITA_OK;
}

static void measure_steps(size_t keys) {
    struct gaps gaps;
    struct probe_options options = {.workers = 1, .threads = PARTITA_THREADS_NONE, .run = update_plainly};
    struct probe probe;
    probe_open(&probe, &options);
    for (size_t pass = 0; pass < 2; pass++) {
        begin(&gaps);
        for (size_t sent = 0; sent < keys; sent += BATCH) {
            mark(&gaps);
            probe_send(&probe, sent, keys - sent < BATCH ? keys - sent : BATCH);
            must(partita_app_step(probe.app, UINT64_MAX, NULL) == PARTITA_OK, "step");
        }
        mark(&gaps);
        probe_drain(&probe);
        print_gaps(&gaps, benches[pass], "partita-c, stepped");
    }
    probe_close(&probe);
}

static void measure_table(size_t keys) {
    struct gaps gaps;
    struct table table;
    table_init(&table);
    for (size_t pass = 0; pass < 2; pass++) {
        begin(&gaps);
        for (uint64_t word = 0; word < keys; word++) {
            struct message message = {scattered(word), word};
            if (word % BATCH == 0) {
                mark(&gaps);
            }
            compute(&message, table_state(&table, message.key));
        }
        mark(&gaps);
        print_gaps(&gaps, benches[pass], "c-table");
    }
    table_free(&table);
}

int main(int argc, char **argv) {
    size_t keys;
    must(argc == 2, "read the arguments: expected KEYS");
    keys = read_count(argv[1]);
    measure_worker(keys);
    measure_steps(keys);
    measure_table(keys);
    print_end();
    return 0;
}
