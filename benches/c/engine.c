/* Partita's C API: keys and computations for many messages at once, states in memory of the engine. */
#include "bench.h"

#include "partita.h"

#include <stdlib.h>

enum { READ = 256 };

struct run {
    partita_app app;
    partita_sender sender;
};

static partita_status find_keys(void *host, partita_keys *keys) {
    (void)host;
    for (size_t i = 0; i < keys->len; i++) {
        keys->words[i] = partition(keys->values[i].ptr);
    }
    keys->done = keys->len;
    return PARTITA_OK;
}

static partita_status update(void *host, partita_run *run) {
    (void)host;
    if (run->kind != PARTITA_RUN_DATA) {
        return PARTITA_UNSUPPORTED;
    }
    for (size_t i = 0; i < run->len; i++) {
        compute(run->values[i].ptr, run->states[i].ptr);
        run->flags[i] = PARTITA_CHANGED;
    }
    run->done = run->len;
    return PARTITA_OK;
}

static void *open_engine(void) {
    partita_app_options options = {.size = sizeof options, .name = PARTITA_STR("bench"), .workers = WORKERS};
    partita_partition_options states = {.size = sizeof states,
                                        .name = PARTITA_STR("states"),
                                        .key_kind = PARTITA_KEY_WORD,
                                        .state_size = sizeof(struct state)};
    partita_source_options source = {.size = sizeof source};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("update"),
                                 .partition = PARTITA_STR("states"),
                                 .keys = find_keys,
                                 .run = update};
    partita_pipeline pipeline;
    struct run *run = malloc(sizeof *run);
    must(run != NULL, "allocate a run");
    must(partita_app_new(&options, &run->app, NULL) == PARTITA_OK, "make an application");
    must(partita_app_add_partition(run->app, &states, NULL) == PARTITA_OK, "add a partition");
    must(partita_app_add_pipeline(run->app, (partita_str)PARTITA_STR("messages"), &pipeline, NULL) == PARTITA_OK,
         "add a pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL) == PARTITA_OK, "add a source");
    must(partita_pipeline_to_state_partition(pipeline, &step, NULL) == PARTITA_OK, "add a step");
    must(partita_pipeline_done(pipeline, NULL) == PARTITA_OK, "end the pipeline");
    must(partita_app_start(run->app, NULL) == PARTITA_OK, "start");
    must(partita_sender_new(pipeline, &run->sender, NULL) == PARTITA_OK, "make a sender");
    return run;
}

static void feed(void *argument, struct message **messages, size_t len) {
    struct run *run = argument;
    partita_value values[BATCH];
    while (len > 0) {
        size_t batch = len < BATCH ? len : BATCH, sent = 0, accepted;
        for (size_t i = 0; i < batch; i++) {
            values[i].ptr = messages[i];
        }
        for (; sent < batch; sent += accepted) {
            accepted = 0;
            must(partita_send(run->sender, values + sent, batch - sent, NULL, &accepted) == PARTITA_OK, "send");
        }
        messages += batch;
        len -= batch;
    }
    must(partita_app_drain(run->app, NULL, NULL) == PARTITA_OK, "drain");
}

static struct outcome read_states(void *argument) {
    struct run *run = argument;
    struct outcome outcome = {0, 0};
    partita_reader reader;
    uint64_t keys[READ];
    partita_value states[READ];
    partita_parts parts = {.size = sizeof parts, .capacity = READ, .word_keys = keys, .states = states};
    size_t len;
    must(partita_reader_new(run->app, (partita_str)PARTITA_STR("states"), &reader, NULL) == PARTITA_OK, "read");
    do {
        must(partita_reader_next(reader, &parts, &len) == PARTITA_OK, "read");
        for (size_t i = 0; i < len; i++) {
            outcome_add(&outcome, keys[i], states[i].ptr);
        }
    } while (len > 0);
    partita_reader_free(reader);
    return outcome;
}

static void close_engine(void *argument) {
    struct run *run = argument;
    must(partita_app_close(run->app, NULL, NULL) == PARTITA_OK, "close");
    must(partita_app_free(run->app) == PARTITA_OK, "free");
    free(run);
}

const struct system engine = {"partita-c", open_engine, feed, read_states, close_engine};
