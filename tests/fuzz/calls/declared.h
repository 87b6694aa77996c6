/* An application as bytes describe it: its threads, partitions, steps and sinks. */
#ifndef DECLARED_H
#define DECLARED_H

#include "callbacks.h"

enum { PIPELINES_MAX = 2, SINKS_MAX = 4, CREW_MAX = 16, BEFORE_MAX = 3 };

typedef struct pipeline {
    partita_pipeline handle;
    partita_sink sinks[SINKS_MAX];
    size_t sinks_len;
    bool queues[SINKS_MAX];
    /* How many stateless steps it begins with, up to the first parallel one. */
    size_t before;
    /* Whether it has a step with a state, and what keys are at the first one. */
    bool stateful;
    uint32_t key_kind;
} pipeline;

static struct {
    partita_app app;
    uint32_t threads;
    bool own_clock, serves, started, polls;
    /* The time of the host's clock. */
    int64_t now_ns;
    pipeline pipelines[PIPELINES_MAX];
    size_t pipelines_len;
    uint32_t steps_len;
    size_t named;
    pthread_t crew[CREW_MAX];
    uint32_t crew_len;
} declared;

/* Callbacks ask for it while the application starts. */
static bool is_started(void) { return __atomic_load_n(&declared.started, __ATOMIC_SEQ_CST); }

static const char *const partition_names[] = {"a", "b", "c"};

static uint32_t partition_kinds[3];

static int64_t tell_time(void *at) {
    CHECK_EQ(((host *)at)->released, 0);
    return __atomic_load_n(&declared.now_ns, __ATOMIC_SEQ_CST);
}

static void declare_app(void) {
    uint8_t threads = next_byte(), sizes = next_byte();
    static const uint32_t kinds[16] = {[13] = PARTITA_THREADS_NONE, [14] = PARTITA_THREADS_ENGINE,
                                       [15] = PARTITA_THREADS_HOST};
    declared.threads = (threads & 15) < 13 ? PARTITA_THREADS_STEPPED : kinds[threads & 15];
    declared.own_clock = declared.threads == PARTITA_THREADS_NONE && threads & 64;
    declared.serves = threads & 64;
    declared.polls = !(threads & 32);
    breaks_contracts = threads & 128;
    declared.pipelines_len = 1 + (sizes >> 7);
    partita_app_options options = {.size = sizeof options,
                                   .name = PARTITA_STR("fuzzed"),
                                   .workers = 1 + (sizes & 3),
                                   .threads = declared.threads,
                                   .run_length = 1 + (sizes >> 2 & 7),
                                   .key_groups = sizes & 64 ? 2 : 0,
                                   .host = new_host((host){0}),
                                   .drop_host = drop_host,
                                   .dead_letters = threads & 16 ? bury : NULL,
                                   .now = declared.own_clock ? tell_time : NULL,
                                   .completed = declared.polls ? NULL : complete};
    if (declared.threads == PARTITA_THREADS_STEPPED) options.seed = next_byte();
    CHECK_OK(partita_app_new(&options, &declared.app, NULL));
}

static void declare_partitions(void) {
    static const uint64_t words[] = {0, 1, 2, 3};
    for (size_t index = 0; index < 3; index++) {
        uint8_t is = next_byte();
        uint32_t kind = partition_kinds[index] = is % 3;
        bool all = kind == PARTITA_KEY_SINGLE || is & 16, owned = is & 32;
        partita_partition_options options = {.size = sizeof options,
                                             .name = str(partition_names[index]),
                                             .key_kind = kind,
                                             .declared = !all,
                                             .word_keys = !all && kind == PARTITA_KEY_WORD ? words : NULL,
                                             .byte_keys = !all && kind == PARTITA_KEY_BYTES ? key_names : NULL,
                                             .keys_len = all ? 0 : 4,
                                             .host = new_host((host){0}),
                                             .drop_host = drop_host,
                                             .build = owned ? NULL : build_parts,
                                             .drop_state = owned ? NULL : drop_parts,
                                             .state_size = owned ? sizeof(part) : 0,
                                             .state_init = owned ? init_part : NULL,
                                             .state_drop = owned ? drop_part : NULL};
        CHECK_OK(partita_app_add_partition(declared.app, &options, NULL));
    }
}

/* A name that no other step has. */
static partita_str step_name(void) {
    static const char names[] = "abcdefghijklmnopqrstuvwxyz";
    CHECK(declared.named < sizeof names - 1);
    return (partita_str){names + declared.named++, 1};
}

/* What a step does when a message fails; mostly it goes on. */
static uint32_t policy_of(uint8_t byte, uint32_t most) {
    return byte % 8 == 0 ? PARTITA_POLICY_STOP : most > 1 && byte % 8 < 4 ? byte % 8 : PARTITA_POLICY_SKIP;
}

static void declare_stateless(pipeline *pipeline, bool *ordered) {
    uint8_t is = next_byte();
    bool parallel = (is & 7) == 7;
    partita_computation_options options = {.size = sizeof options,
                                           .name = step_name(),
                                           .policy = policy_of(is >> 3, 1),
                                           .parallel = parallel,
                                           .host = new_host((host){0}),
                                           .drop_host = drop_host,
                                           .compute = is & 128 ? NULL : compute,
                                           .chain = is & 128 ? chain : NULL,
                                           .drop = drop_messages,
                                           .share = share_messages,
                                           .blocking = parallel && is & 64 ? 1 : 0};
    *ordered &= !parallel;
    CHECK_OK(partita_pipeline_to(pipeline->handle, &options, NULL));
}

static void declare_stateful(pipeline *pipeline, bool *ordered) {
    uint8_t is = next_byte(), more = next_byte();
    if (declared.steps_len == STEPS_MAX) return;
    size_t partition = is % 3;
    uint32_t kind = partition_kinds[partition];
    bool many = is & 8, retries = (more & 3) == 3;
    host *host = new_host((struct host){.step = declared.steps_len++, .ordered = *ordered, .key_kind = kind});
    partita_step_options options = {.size = sizeof options,
                                    .name = step_name(),
                                    .partition = str(partition_names[partition]),
                                    .policy = policy_of(is >> 4, 3),
                                    .host = host,
                                    .drop_host = drop_host,
                                    .keys = many && kind != PARTITA_KEY_SINGLE ? find_keys : NULL,
                                    .word_key = !many && kind == PARTITA_KEY_WORD ? find_word : NULL,
                                    .byte_key = !many && kind == PARTITA_KEY_BYTES ? find_bytes : NULL,
                                    .run = more & 4 ? run : NULL,
                                    .compute = more & 4 ? NULL : compute,
                                    .drop = drop_messages,
                                    .share = share_messages,
                                    .chain = more & 8 && many && kind != PARTITA_KEY_SINGLE ? chain : NULL,
                                    .blocking = (more & 48) == 48 ? 1 : 0,
                                    .retries = retries ? 1 + (more >> 6) : 0,
                                    .retry_pause_ns = retries && more & 64 ? 1000 : 0};
    CHECK_OK(partita_pipeline_to_state_partition(pipeline->handle, &options, NULL));
    if (!pipeline->stateful) pipeline->key_kind = kind;
    pipeline->stateful = true;
    /* All keys meet there: which came first is not told of one of them. */
    *ordered &= kind != PARTITA_KEY_SINGLE;
}

static void declare_sink(pipeline *pipeline, size_t index) {
    static const char *const names[] = {"x", "y", "z", "w"};
    uint8_t is = next_byte();
    bool queue = is & 3, answers = !queue && is & 4 && index == 0;
    partita_sink_options options = {.size = sizeof options,
                                    .name = str(names[index]),
                                    .policy = policy_of(is >> 4, 1),
                                    .host = new_host((host){0}),
                                    .drop_host = drop_host,
                                    .deliver = queue || answers ? NULL : deliver,
                                    .capacity = queue ? 1 + (is >> 4) : 0,
                                    .answer = answers ? answer : NULL,
                                    .retries = !queue && (is & 8) ? 1 : 0};
    pipeline->queues[index] = queue;
    CHECK_OK(partita_pipeline_to_sink(pipeline->handle, &options, &pipeline->sinks[index], NULL));
}

static void declare_pipeline(size_t index) {
    static const char *const names[] = {"p", "q"};
    pipeline *pipeline = &declared.pipelines[index];
    uint8_t credits = next_byte(), steps = next_byte();
    bool ordered = true;
    partita_source_options source = {.size = sizeof source,
                                     .credits = 1 + credits % 32,
                                     .host = new_host((host){0}),
                                     .drop_host = drop_host,
                                     .drop = drop_messages,
                                     .share = share_messages};
    CHECK_OK(partita_app_add_pipeline(declared.app, str(names[index]), &pipeline->handle, NULL));
    CHECK_OK(partita_pipeline_from_source(pipeline->handle, &source, NULL));
    for (int step = steps & 3; step > 0; step--) {
        declare_stateless(pipeline, &ordered);
        pipeline->before += ordered;
    }
    for (int step = steps >> 2 & 3; step > 0; step--) declare_stateful(pipeline, &ordered);
    if (steps & 16) declare_stateless(pipeline, &ordered);
    pipeline->sinks_len = steps >> 5 & 3;
    if (pipeline->sinks_len == 0) CHECK_OK(partita_pipeline_done(pipeline->handle, NULL));
    for (size_t sink = 0; sink < pipeline->sinks_len; sink++) declare_sink(pipeline, sink);
}

static void declare(void) {
    memset(&declared, 0, sizeof declared);
    declare_app();
    declare_partitions();
    for (size_t index = 0; index < declared.pipelines_len; index++) declare_pipeline(index);
}

/* ---- threads of the host's ---- */

/* A thread that enters may come too late. */
static bool came_in_time(partita_status status) {
    if (status == PARTITA_CLOSED || status == PARTITA_INVALID_HANDLE) return false;
    CHECK_OK(status);
    return true;
}

static void *work(void *argument) {
    came_in_time(partita_app_run_worker(declared.app, (uint32_t)(uintptr_t)argument));
    return NULL;
}

static void *serve(void *argument) {
    partita_run *run = NULL;
    partita_status answer = PARTITA_OK;
    for (;;) {
        partita_status status = partita_app_serve(declared.app, (uint32_t)(uintptr_t)argument, answer, &run);
        if (!came_in_time(status) || run == NULL) return NULL;
        serves_run = true;
        answer = compute_run(run->outputs[0].value.ptr, run);
        serves_run = false;
    }
}

static void start_app(void) {
    partita_status status = partita_app_start(declared.app, NULL);
    CHECK(status == PARTITA_OK || status == PARTITA_ALREADY_STARTED || status == PARTITA_INVALID_TOPOLOGY);
    if (status != PARTITA_OK) return;
    __atomic_store_n(&declared.started, true, __ATOMIC_SEQ_CST);
    if (declared.threads != PARTITA_THREADS_HOST) return;
    CHECK_OK(partita_app_thread_count(declared.app, &declared.crew_len));
    CHECK(declared.crew_len <= CREW_MAX);
    for (uint32_t index = 0; index < declared.crew_len; index++) {
        declared.crew[index] = start(declared.serves ? serve : work, (void *)(uintptr_t)index);
    }
}

#endif
