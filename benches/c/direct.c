/* One loop and one table on one core. It prefetches what it will need. */
#include "table.h"

#include <stdlib.h>

enum { AHEAD = 12 };

static void *open_direct(void) {
    struct table *table = malloc(sizeof *table);
    must(table != NULL, "allocate a table");
    table_init(table);
    return table;
}

static void feed(void *run, struct message **messages, size_t len) {
    struct table *table = run;
    for (size_t i = 0; i < len; i++) {
        if (i + AHEAD < len) {
            table_prefetch(table, partition(messages[i + AHEAD]));
        }
        compute(messages[i], table_state(table, partition(messages[i])));
    }
}

static struct outcome states(void *run) {
    struct outcome outcome = {0, 0};
    table_visit(run, &outcome);
    return outcome;
}

static void close_direct(void *run) {
    table_free(run);
    free(run);
}

const struct system direct = {"c-direct", open_direct, feed, states, close_direct};
