/*
 * Keeps the balances of accounts. One booking at a time is put into a buffer, which sends them on together;
 * a stateless step leaves out those of nothing; a step with a state adds up. A booking that would
 * overdraw its account is tried once more, in case money is on its way, and then puts the account
 * in quarantine: what else is booked on it is a dead letter, until it is released.
 *
 *     cc -o accounts examples/accounts.c $(pkg-config --cflags --libs partita) && ./accounts
 */

#include "partita.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ACCOUNTS = 100 };

/* A message: 32 bits of account, 32 bits of amount. It needs no memory, so nobody need take it back. */
static partita_value booking(uint32_t account, int32_t amount) {
    return (partita_value){.word = (uint64_t)account << 32 | (uint32_t)amount};
}

static int32_t amount_of(partita_value booking) { return (int32_t)(uint32_t)booking.word; }

/* Ends the program unless a call went well. */
static void must(partita_status status, const char *what) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "accounts: %s: %.*s\n", what, (int)name.len, name.ptr);
    exit(1);
}

/* Passes a booking on, unless it is one of nothing. */
static int32_t leave_out_nothing(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)state;
    if (amount_of(data) == 0) return 0;
    return partita_emit(emitter, data) == PARTITA_OK ? 0 : PARTITA_COMPUTE_FAILED;
}

static uint64_t account_of(void *host, partita_value data) {
    (void)host;
    return data.word >> 32;
}

static int32_t book(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    int64_t *balance = state.ptr;
    if (*balance + amount_of(data) < 0) {
        partita_emitter_fail(emitter, (partita_str)PARTITA_STR("the account would be overdrawn"));
        return PARTITA_COMPUTE_FAILED;
    }
    *balance += amount_of(data);
    return PARTITA_CHANGED;
}

static void declare(partita_app *app, partita_buffer *buffer) {
    partita_app_options options = {.size = sizeof options, .name = PARTITA_STR("accounts")};
    partita_partition_options balances = {.size = sizeof balances,
                                          .name = PARTITA_STR("balances"),
                                          .key_kind = PARTITA_KEY_WORD,
                                          .state_size = sizeof(int64_t)};
    partita_source_options source = {.size = sizeof source};
    partita_computation_options something = {
        .size = sizeof something, .name = PARTITA_STR("something"), .compute = leave_out_nothing};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("book"),
                                 .partition = PARTITA_STR("balances"),
                                 .policy = PARTITA_POLICY_QUARANTINE,
                                 .retries = 1,
                                 .retry_pause_ns = 1000 * 1000,
                                 .word_key = account_of,
                                 .compute = book};
    partita_buffer_options together = {.size = sizeof together, .messages = 64};
    partita_pipeline pipeline;
    must(partita_app_new(&options, app, NULL), "the application");
    must(partita_app_add_partition(*app, &balances, NULL), "the partition");
    must(partita_app_add_pipeline(*app, (partita_str)PARTITA_STR("bookings"), &pipeline, NULL), "the pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL), "the source");
    must(partita_pipeline_to(pipeline, &something, NULL), "the step without a state");
    must(partita_pipeline_to_state_partition(pipeline, &step, NULL), "the step with a state");
    must(partita_pipeline_done(pipeline, NULL), "the end");
    must(partita_app_start(*app, NULL), "the start");
    must(partita_buffer_new(pipeline, &together, buffer, NULL), "the buffer");
}

/* Puts one booking into the buffer, and leaves it to that when it goes on. */
static void put(partita_buffer buffer, uint32_t account, int32_t amount) {
    partita_value value = booking(account, amount);
    size_t accepted;
    must(partita_buffer_send(buffer, &value, 1, NULL, &accepted), "sending");
}

/* Prints the balance of each account, in ascending order. */
static void print_balances(partita_app app) {
    static uint64_t keys[ACCOUNTS];
    static partita_value states[ACCOUNTS];
    partita_parts parts = {.size = sizeof parts, .capacity = ACCOUNTS, .word_keys = keys, .states = states};
    partita_reader reader;
    size_t len;
    must(partita_reader_new(app, (partita_str)PARTITA_STR("balances"), &reader, NULL), "the reader");
    must(partita_reader_next(reader, &parts, &len), "reading");
    for (uint64_t account = 0; account < ACCOUNTS; account++) {
        for (size_t i = 0; i < len; i++) {
            if (keys[i] == account) printf("account %" PRIu64 " has %" PRId64 "\n", account, *(int64_t *)states[i].ptr);
        }
    }
    must(partita_reader_free(reader), "the reader");
}

/* Prints which accounts are in quarantine, and releases them. */
static void release_all(partita_app app) {
    partita_str balances = PARTITA_STR("balances");
    uint64_t keys[ACCOUNTS];
    partita_parts parts = {.size = sizeof parts, .capacity = ACCOUNTS, .word_keys = keys};
    partita_reader reader;
    size_t len;
    must(partita_quarantine_reader_new(app, balances, &reader, NULL), "the reader");
    must(partita_reader_next(reader, &parts, &len), "reading");
    must(partita_reader_free(reader), "the reader");
    for (size_t i = 0; i < len; i++) {
        printf("account %" PRIu64 " was in quarantine\n", keys[i]);
        must(partita_quarantine_release(app, balances, keys[i], (partita_bytes){NULL, 0}, NULL), "releasing");
    }
}

int main(void) {
    partita_app app;
    partita_buffer buffer;
    declare(&app, &buffer);
    put(buffer, 1, 50);
    put(buffer, 2, 20);
    put(buffer, 2, 0);
    put(buffer, 1, -70);
    put(buffer, 1, 30);
    put(buffer, 2, 5);
    must(partita_app_drain(app, NULL, NULL), "draining");
    print_balances(app);
    release_all(app);
    put(buffer, 1, 30);
    put(buffer, 1, -70);
    must(partita_app_drain(app, NULL, NULL), "draining");
    print_balances(app);
    partita_metrics metrics = {.size = sizeof metrics};
    must(partita_app_metrics(app, &metrics), "the metrics");
    printf("%" PRIu64 " failed, %" PRIu64 " came in quarantine\n", metrics.dead[PARTITA_DEAD_COMPUTE],
           metrics.dead[PARTITA_DEAD_QUARANTINED]);
    must(partita_app_close(app, NULL, NULL), "closing");
    must(partita_app_free(app), "freeing");
    return 0;
}
