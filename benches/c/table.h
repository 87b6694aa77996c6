/* States by key: open addressing, with the state beside its key, doubled when it is half full. */
#ifndef TABLE_H
#define TABLE_H

#include "bench.h"

/* A slot whose state has had no message is free. */
struct slot {
    uint64_t key;
    struct state state;
};

struct table {
    struct slot *slots;
    size_t capacity, len;
    unsigned shift;
};

void table_init(struct table *table);
void table_free(struct table *table);
void table_grow(struct table *table);
void table_visit(const struct table *table, struct outcome *outcome);

static inline size_t table_home(const struct table *table, uint64_t key) {
    return key * UINT64_C(0x9e3779b97f4a7c15) >> table->shift;
}

static inline void table_prefetch(const struct table *table, uint64_t key) {
    __builtin_prefetch(&table->slots[table_home(table, key)], 1);
}

static inline struct slot *table_find(const struct table *table, uint64_t key) {
    size_t at = table_home(table, key);
    while (table->slots[at].state.count != 0 && table->slots[at].key != key) {
        at = (at + 1) & (table->capacity - 1);
    }
    return &table->slots[at];
}

/* The state of a key, which has to be given a message. */
static inline struct state *table_state(struct table *table, uint64_t key) {
    struct slot *slot = table_find(table, key);
    if (slot->state.count == 0) {
        if (2 * ++table->len > table->capacity) {
            table_grow(table);
            slot = table_find(table, key);
        }
        slot->key = key;
    }
    return &slot->state;
}

#endif
