#include "table.h"

#include <stdlib.h>

void table_init(struct table *table) {
    table->capacity = 1024;
    table->shift = 64 - 10;
    table->len = 0;
    table->slots = calloc(table->capacity, sizeof *table->slots);
    must(table->slots != NULL, "allocate a table");
}

void table_free(struct table *table) { free(table->slots); }

void table_grow(struct table *table) {
    struct table old = *table;
    table->capacity *= 2;
    table->shift--;
    table->slots = calloc(table->capacity, sizeof *table->slots);
    must(table->slots != NULL, "allocate a table");
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].state.count != 0) {
            *table_find(table, old.slots[i].key) = old.slots[i];
        }
    }
    free(old.slots);
}

void table_visit(const struct table *table, struct outcome *outcome) {
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].state.count != 0) {
            outcome_add(outcome, table->slots[i].key, &table->slots[i].state);
        }
    }
}
