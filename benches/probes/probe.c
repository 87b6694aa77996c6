#define _POSIX_C_SOURCE 200809L

#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void must(int done, const char *what) {
    if (!done) {
        fprintf(stderr, "probe: could not %s\n", what);
        exit(1);
    }
}

static partita_status find_keys(void *host, partita_keys *keys) {
    (void)host;
    for (size_t i = 0; i < keys->len; i++) {
        keys->words[i] = scattered(keys->values[i].word);
    }
    keys->done = keys->len;
    return PARTITA_OK;
}

void probe_open(struct probe *probe, const struct probe_options *options) {
    partita_app_options app = {.size = sizeof app,
                               .name = PARTITA_STR("probe"),
                               .workers = options->workers,
                               .threads = options->threads};
    partita_partition_options states = {.size = sizeof states,
                                        .name = PARTITA_STR("states"),
                                        .key_kind = PARTITA_KEY_WORD,
                                        .state_size = sizeof(struct state)};
    partita_source_options source = {.size = sizeof source, .credits = options->credits};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("update"),
                                 .partition = PARTITA_STR("states"),
                                 .host = options->host,
                                 .keys = find_keys,
                                 .run = options->run};
    partita_sink_options sink = {.size = sizeof sink,
                                 .name = PARTITA_STR("out"),
                                 .host = options->host,
                                 .deliver = options->deliver};
    partita_pipeline pipeline;
    must(partita_app_new(&app, &probe->app, NULL) == PARTITA_OK, "make an application");
    must(partita_app_add_partition(probe->app, &states, NULL) == PARTITA_OK, "add a partition");
    must(partita_app_add_pipeline(probe->app, (partita_str)PARTITA_STR("words"), &pipeline, NULL) == PARTITA_OK,
         "add a pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL) == PARTITA_OK, "add a source");
    must(partita_pipeline_to_state_partition(pipeline, &step, NULL) == PARTITA_OK, "add a step");
    if (options->deliver == NULL) {
        must(partita_pipeline_done(pipeline, NULL) == PARTITA_OK, "end the pipeline");
    } else {
        must(partita_pipeline_to_sink(pipeline, &sink, NULL, NULL) == PARTITA_OK, "add a sink");
    }
    must(partita_app_start(probe->app, NULL) == PARTITA_OK, "start");
    must(partita_sender_new(pipeline, &probe->sender, NULL) == PARTITA_OK, "make a sender");
}

void probe_send(struct probe *probe, uint64_t first, size_t len) {
    partita_value values[BATCH];
    while (len > 0) {
        size_t batch = len < BATCH ? len : BATCH, sent = 0, accepted;
        for (size_t i = 0; i < batch; i++) {
            values[i].word = first + i;
        }
        for (; sent < batch; sent += accepted) {
            accepted = 0;
            must(partita_send(probe->sender, values + sent, batch - sent, NULL, &accepted) == PARTITA_OK, "send");
        }
        first += batch;
        len -= batch;
    }
}

void probe_drain(struct probe *probe) { must(partita_app_drain(probe->app, NULL, NULL) == PARTITA_OK, "drain"); }

void probe_close(struct probe *probe) {
    must(partita_app_close(probe->app, NULL, NULL) == PARTITA_OK, "close");
    must(partita_app_free(probe->app) == PARTITA_OK, "free");
}

void take_run(partita_run *run) {
    for (size_t i = 0; i < run->len; i++) {
        struct message message = {run->values[i].word, run->values[i].word};
        compute(&message, run->states[i].ptr);
        run->flags[i] = PARTITA_CHANGED;
    }
    run->done = run->len;
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t thread_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
int64_t process_ns(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

size_t read_count(const char *text) {
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    must(*end == '\0' && number > 0, "read the arguments: expected a number from 1 on");
    return number;
}

static int printed;

void print_value(const char *bench, const char *system, const char *measure, const char *unit, double value) {
    printf("%s{\"bench\":\"%s\",\"system\":\"%s\",\"measure\":\"%s\",\"unit\":\"%s\",\"value\":%.6g}",
           printed++ == 0 ? "[" : ",\n", bench, system, measure, unit, value);
}

void print_end(void) { printf("]\n"); }
