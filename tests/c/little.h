/* A little application that tests change in one place: words are counted by key and passed on to a
 * queue. It counts what the engine holds of the host's. */
#ifndef LITTLE_H
#define LITTLE_H

#include "check.h"

typedef struct little {
    /* What a test changes; zero is the default, of workers one. */
    uint32_t workers, threads, policy, run_length, blocking;
    uint64_t credits, capacity;
    size_t stack_size;
    partita_partition_fn keys;
    /* If set, there is a second step, "again", with this partition function. */
    partita_partition_fn again;
    partita_run_fn run;
    partita_compute_fn compute;
    partita_build_fn build;
    partita_state_init_fn state_init;
    partita_sink_fn deliver;
    partita_dead_letters_fn dead_letters;
    partita_completed_fn completed;
    partita_answer_fn answer;
    partita_drop_fn drop, drop_state;
    partita_drop_host_fn drop_host;
    partita_park_fn park;
    partita_unpark_fn unpark;
    bool declared;
    /* With PARTITA_THREADS_HOST: no worker enters. */
    bool unattended;
    /* What it is made of. */
    partita_app app;
    partita_pipeline pipeline;
    partita_sink sink;
    partita_sender sender;
    crew crew;
    /* How many values the engine holds, and how many hosts were released. */
    counter held, released;
    /* Free for the test. */
    counter first, second;
    partita_status answers[32];
} little;

enum { LITTLE_KEYS = 8 };

static inline uint64_t little_hosts(const little *little) { return little->again ? 6 : 5; }

#define LITTLE(...)                                                                                  \
    {.held = COUNTER, .released = COUNTER, .first = COUNTER, .second = COUNTER, __VA_ARGS__}

static inline void little_given(little *little, uint64_t values) { counter_add(&little->held, values); }

static inline void little_back(little *little, uint64_t values) { counter_add(&little->held, -values); }

static inline void little_drop(void *host, const partita_value *values, size_t len) {
    (void)values;
    little_back(host, len);
}

static inline void little_release(void *host) { counter_add(&((little *)host)->released, 1); }

static inline uint64_t little_key(void *host, partita_value data) {
    (void)host;
    return data.word % LITTLE_KEYS;
}

static inline int32_t little_count(void *host, partita_value data, partita_value state,
                                   partita_emitter *emitter) {
    (void)host;
    ++*(uint64_t *)state.ptr;
    return partita_emit(emitter, data) == PARTITA_OK ? PARTITA_CHANGED : PARTITA_COMPUTE_FAILED;
}

static inline uint32_t little_workers(const little *little) {
    return little->workers ? little->workers : 1;
}

static inline partita_app_options little_app(little *little, const char *name) {
    return (partita_app_options){.size = sizeof(partita_app_options),
                                 .name = str(name),
                                 .workers = little_workers(little),
                                 .threads = little->threads,
                                 .run_length = little->run_length,
                                 .stack_size = little->stack_size,
                                 .host = little,
                                 .drop_host = little->drop_host ? little->drop_host : little_release,
                                 .dead_letters = little->dead_letters,
                                 .completed = little->completed,
                                 .park = little->park,
                                 .unpark = little->unpark};
}

static inline partita_partition_options little_partition(little *little, const char *name) {
    static const uint64_t keys[LITTLE_KEYS] = {0, 1, 2, 3, 4, 5, 6, 7};
    return (partita_partition_options){.size = sizeof(partita_partition_options),
                                       .name = str(name),
                                       .declared = little->declared,
                                       .word_keys = little->declared ? keys : NULL,
                                       .keys_len = little->declared ? LITTLE_KEYS : 0,
                                       .host = little,
                                       .drop_host = little_release,
                                       .build = little->build,
                                       .drop_state = little->drop_state,
                                       .state_size = little->build ? 0 : sizeof(uint64_t),
                                       .state_init = little->state_init};
}

static inline partita_source_options little_source(little *little) {
    return (partita_source_options){.size = sizeof(partita_source_options),
                                    .credits = little->credits,
                                    .host = little,
                                    .drop_host = little_release,
                                    .drop = little->drop ? little->drop : little_drop};
}

static inline partita_step_options little_step(little *little, const char *name, const char *partition) {
    return (partita_step_options){.size = sizeof(partita_step_options),
                                  .name = str(name),
                                  .partition = str(partition),
                                  .policy = little->policy,
                                  .host = little,
                                  .drop_host = little_release,
                                  .keys = little->keys,
                                  .word_key = little->keys ? NULL : little_key,
                                  .run = little->run,
                                  .compute = little->run       ? NULL
                                             : little->compute ? little->compute
                                                               : little_count,
                                  .drop = little->drop ? little->drop : little_drop,
                                  .blocking = little->blocking};
}

static inline partita_sink_options little_sink(little *little, const char *name) {
    return (partita_sink_options){.size = sizeof(partita_sink_options),
                                  .name = str(name),
                                  .policy = little->policy,
                                  .host = little,
                                  .drop_host = little_release,
                                  .deliver = little->deliver,
                                  .capacity = little->capacity,
                                  .answer = little->answer};
}

/* Declares it: application "little", partition "counts", pipeline "words", step "count", sink "out". */
static inline void little_declare(little *little) {
    partita_app_options app = little_app(little, "little");
    partita_partition_options partition = little_partition(little, "counts");
    partita_source_options source = little_source(little);
    partita_step_options step = little_step(little, "count", "counts");
    partita_sink_options sink = little_sink(little, "out");
    CHECK_OK(partita_app_new(&app, &little->app, NULL));
    CHECK_OK(partita_app_add_partition(little->app, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(little->app, str("words"), &little->pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little->pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(little->pipeline, &step, NULL));
    if (little->again) {
        step.name = str("again"), step.keys = little->again, step.word_key = NULL;
        step.run = NULL, step.compute = little_count;
        CHECK_OK(partita_pipeline_to_state_partition(little->pipeline, &step, NULL));
    }
    CHECK_OK(partita_pipeline_to_sink(little->pipeline, &sink, &little->sink, NULL));
}

/* Declares and starts it, with workers of the host's if it asks for them. */
static inline void little_start(little *little) {
    little_declare(little);
    CHECK_OK(partita_app_start(little->app, NULL));
    CHECK_OK(partita_sender_new(little->pipeline, &little->sender, NULL));
    if (little->threads == PARTITA_THREADS_HOST && !little->unattended) {
        crew_enter(&little->crew, little->app, little_workers(little));
    }
}

/* Sends so many words, from 0 on, and tells what the call answers. All that is not accepted is not
 * held. */
static inline partita_status little_send_until(little *little, size_t count, const partita_wait *wait,
                                               size_t *accepted) {
    partita_value *values = malloc((count ? count : 1) * sizeof *values);
    CHECK(values != NULL);
    for (size_t index = 0; index < count; index++) values[index] = word(index);
    little_given(little, count);
    *accepted = 0;
    partita_status status = partita_send(little->sender, values, count, wait, accepted);
    little_back(little, count - *accepted);
    free(values);
    return status;
}

static inline void little_send(little *little, size_t count) {
    size_t accepted;
    CHECK_OK(little_send_until(little, count, &soon, &accepted));
    CHECK_EQ(accepted, count);
}

/* Polls until so many have come. */
static inline void little_poll(little *little, size_t count) {
    while (count > 0) {
        partita_value values[64];
        size_t len = 0;
        CHECK_OK(partita_sink_poll(little->sink, values, count < 64 ? count : 64, &soon, &len));
        CHECK(len > 0);
        little_back(little, len);
        count -= len;
    }
}

/* Closes and frees it; everything has come back, and every host was released once. */
static inline void little_finish(little *little) {
    CHECK_OK(partita_app_close(little->app, &soon, NULL));
    if (little->threads == PARTITA_THREADS_HOST && !little->unattended) crew_leave(&little->crew);
    CHECK_EQ(counter_read(&little->released), little_hosts(little));
    finish(little->app);
    CHECK_EQ(counter_read(&little->held), 0);
    CHECK_EQ(counter_read(&little->released), little_hosts(little));
}

/* It still does what it is for. */
static inline void little_works(little *little) {
    partita_metrics before = metrics_of(little->app);
    little_send(little, 100);
    if (little->deliver == NULL && little->answer == NULL) little_poll(little, 100);
    CHECK_OK(partita_app_drain(little->app, &soon, NULL));
    partita_metrics after = metrics_of(little->app);
    CHECK_EQ(after.sent - before.sent, 100);
    CHECK_EQ(after.computed - before.computed, 100);
    CHECK_EQ(after.delivered - before.delivered, 100);
}

#endif
