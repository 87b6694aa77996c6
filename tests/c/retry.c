/* Messages that fail are tried again, before their policy says what becomes of them. */
#include "check.h"

#include <stdatomic.h>

enum { MOST = 64, MS = 1000000 };

/* Messages are numbers: the key is the tens, and how often one fails is set before. */
typedef struct program {
    uint32_t policy, retries, blocking;
    uint64_t pause_ns;
    /* How often the sink fails on each number, and building the state of each key. */
    uint32_t fails[100], fails_at_sink[100], unbuilt[10];
    partita_app app;
    partita_pipeline pipeline;
    partita_sender sender;
    /* What was computed and delivered, by key; and when each number was last tried. */
    uint64_t computed[10][MOST], delivered[MOST];
    atomic_size_t computed_len[10], delivered_len;
    int64_t tried_ns[100];
    counter tries, emitted_back;
} program;

#define PROGRAM(...) {.tries = COUNTER, .emitted_back = COUNTER, __VA_ARGS__}

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static uint64_t tens(void *host, partita_value data) {
    (void)host;
    return data.word / 10;
}

/* Tells whether a number fails once more, and that it is not tried too early. */
static bool fails_again(program *program, uint32_t fails[static 100], uint64_t number) {
    int64_t now = now_ns();
    if (program->tried_ns[number] != 0) CHECK(now - program->tried_ns[number] >= (int64_t)program->pause_ns);
    program->tried_ns[number] = now;
    counter_add(&program->tries, 1);
    if (fails[number] > 0) return fails[number]--;
    program->tried_ns[number] = 0;
    return false;
}

static int32_t compute(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    program *program = host;
    uint64_t key = data.word / 10;
    ++*(int *)state.ptr;
    CHECK_OK(partita_emit(emitter, word(1000 + data.word)));
    if (fails_again(program, program->fails, data.word)) {
        CHECK_OK(partita_emitter_fail(emitter, str("not yet")));
        return PARTITA_COMPUTE_FAILED;
    }
    program->computed[key][program->computed_len[key]++] = data.word;
    return PARTITA_CHANGED;
}

static partita_status deliver(void *host, partita_delivery *delivery) {
    program *program = host;
    for (; delivery->done < delivery->len; delivery->done++) {
        uint64_t number = delivery->values[delivery->done].word - 1000;
        if (fails_again(program, program->fails_at_sink, number)) return PARTITA_FAILED;
        program->delivered[program->delivered_len++] = number;
    }
    return PARTITA_OK;
}

static partita_status build(void *host, partita_build *build) {
    program *program = host;
    for (; build->done < build->len; build->done++) {
        uint64_t key = build->word_keys[build->done];
        if (program->unbuilt[key] > 0) {
            program->unbuilt[key]--;
            return PARTITA_FAILED;
        }
        build->states[build->done].ptr = calloc(1, sizeof(int));
    }
    return PARTITA_OK;
}

static void drop_states(void *host, const partita_value *states, size_t len) {
    (void)host;
    for (size_t index = 0; index < len; index++) free(states[index].ptr);
}

static void drop_outputs(void *host, const partita_value *values, size_t len) {
    (void)values;
    counter_add(&((program *)host)->emitted_back, len);
}

static partita_status declare(program *program, uint32_t sink_retries, partita_error *error) {
    partita_app_options options = {.size = sizeof options, .name = str("retry"), .workers = 2};
    CHECK_OK(partita_app_new(&options, &program->app, NULL));
    partita_partition_options counts = {.size = sizeof counts, .name = str("counts"), .host = program,
                                        .build = build, .drop_state = drop_states};
    CHECK_OK(partita_app_add_partition(program->app, &counts, NULL));
    CHECK_OK(partita_app_add_pipeline(program->app, str("numbers"), &program->pipeline, NULL));
    partita_source_options source = {.size = sizeof source};
    CHECK_OK(partita_pipeline_from_source(program->pipeline, &source, NULL));
    partita_step_options step = {.size = sizeof step, .name = str("count"), .partition = str("counts"),
                                 .policy = program->policy, .host = program, .word_key = tens,
                                 .compute = compute, .drop = drop_outputs, .blocking = program->blocking,
                                 .retries = program->retries, .retry_pause_ns = program->pause_ns};
    CHECK_OK(partita_pipeline_to_state_partition(program->pipeline, &step, NULL));
    partita_sink_options sink = {.size = sizeof sink, .name = str("out"), .host = program,
                                 .policy = PARTITA_POLICY_SKIP, .deliver = deliver,
                                 .retries = sink_retries,
                                 .retry_pause_ns = sink_retries ? program->pause_ns : 0};
    CHECK_OK(partita_pipeline_to_sink(program->pipeline, &sink, NULL, NULL));
    return partita_app_start(program->app, error);
}

static void begin(program *program, uint32_t sink_retries) {
    CHECK_OK(declare(program, sink_retries, NULL));
    CHECK_OK(partita_sender_new(program->pipeline, &program->sender, NULL));
}

static void send_numbers(program *program, const uint64_t *numbers, size_t count) {
    partita_value values[MOST];
    size_t accepted = 0;
    for (size_t index = 0; index < count; index++) values[index] = word(numbers[index]);
    CHECK_OK(partita_send(program->sender, values, count, &soon, &accepted));
}

static uint64_t dead(program *program, int reason) { return metrics_of(program->app).dead[reason]; }

/* Messages of key 1 wait behind 12, which fails twice; those of key 2 do not. */
static void a_key_keeps_its_order_and_others_go_on(uint32_t blocking) {
    program program = PROGRAM(.retries = 3, .pause_ns = 20 * MS, .blocking = blocking);
    program.fails[12] = 2, program.fails[14] = 3, program.fails[23] = 1;
    static const uint64_t numbers[] = {11, 12, 21, 13, 22, 14, 15, 23, 24};
    begin(&program, 0);
    send_numbers(&program, numbers, 9);
    partita_wait moment = wait_ms(1);
    CHECK_STATUS(partita_app_drain(program.app, &moment, NULL), PARTITA_TIMEOUT);
    CHECK_EQ(metrics_of(program.app).in_flight >= 3, 1);
    CHECK_OK(partita_app_drain(program.app, &soon, NULL));
    CHECK_EQ(program.computed_len[1], 5);
    CHECK_EQ(program.computed_len[2], 4);
    for (uint64_t index = 0; index < 5; index++) CHECK_EQ(program.computed[1][index], 11 + index);
    for (uint64_t index = 0; index < 4; index++) CHECK_EQ(program.computed[2][index], 21 + index);
    partita_metrics metrics = metrics_of(program.app);
    CHECK_EQ(metrics.computed, 9);
    CHECK_EQ(metrics.delivered, 9);
    CHECK_EQ(metrics.dead[PARTITA_DEAD_COMPUTE], 0);
    /* What a failed call emitted is taken back. */
    CHECK_EQ(counter_read(&program.emitted_back), 6);
    finish(program.app);
}

static int count_of_key(program *program, uint64_t key) {
    partita_reader reader;
    uint64_t keys[10];
    partita_value states[10];
    partita_parts parts = {.size = sizeof parts, .capacity = 10, .word_keys = keys, .states = states};
    size_t len = 0;
    int count = -1;
    CHECK_OK(partita_reader_new(program->app, str("counts"), &reader, NULL));
    do {
        CHECK_OK(partita_reader_next(reader, &parts, &len));
        for (size_t index = 0; index < len; index++)
            if (keys[index] == key) count = *(int *)states[index].ptr;
    } while (len > 0);
    CHECK_OK(partita_reader_free(reader));
    return count;
}

/* 12 fails once more than it may. The state keeps what the tries did to it, except under reset. */
static void after_the_retries_the_policy_decides(void) {
    static const struct {
        uint32_t policy;
        uint64_t computed, quarantined;
        int count;
    } cases[] = {{PARTITA_POLICY_SKIP, 2, 0, 1 + 3 + 1},
                 {PARTITA_POLICY_RESET, 2, 0, 1},
                 {PARTITA_POLICY_QUARANTINE, 1, 1, 1 + 3}};
    static const uint64_t numbers[] = {11, 12, 13};
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
        program program = PROGRAM(.policy = cases[index].policy, .retries = 2);
        program.fails[12] = 3;
        begin(&program, 0);
        send_numbers(&program, numbers, 3);
        CHECK_OK(partita_app_drain(program.app, &soon, NULL));
        CHECK_EQ(dead(&program, PARTITA_DEAD_COMPUTE), 1);
        CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), cases[index].quarantined);
        CHECK_EQ(program.computed_len[1], cases[index].computed);
        CHECK_EQ(count_of_key(&program, 1), cases[index].count);
        finish(program.app);
    }
    program program = PROGRAM(.policy = PARTITA_POLICY_STOP, .retries = 2);
    partita_error error;
    program.fails[12] = 3;
    begin(&program, 0);
    send_numbers(&program, numbers, 3);
    CHECK_REFUSED(partita_app_wait(program.app, &soon, &error), error, PARTITA_FAILED,
                  "the computation failed for key 1: not yet");
    CHECK_EQ(program.fails[12], 0);
    finish(program.app);
}

static void a_state_that_cannot_be_built_is_tried_again(void) {
    program program = PROGRAM(.policy = PARTITA_POLICY_SKIP, .retries = 2, .pause_ns = MS);
    program.unbuilt[1] = 2, program.unbuilt[2] = 3;
    static const uint64_t numbers[] = {11, 12, 21, 22};
    begin(&program, 0);
    send_numbers(&program, numbers, 4);
    CHECK_OK(partita_app_drain(program.app, &soon, NULL));
    CHECK_EQ(dead(&program, PARTITA_DEAD_BUILD), 1);
    CHECK_EQ(program.computed_len[1], 2);
    CHECK_EQ(program.computed[1][0], 11);
    CHECK_EQ(program.computed_len[2], 1);
    CHECK_EQ(program.computed[2][0], 22);
    finish(program.app);
}

static void all_of_a_sink_wait_for_a_message_that_failed(void) {
    program program = PROGRAM(.retries = 1, .pause_ns = 2 * MS);
    static const uint64_t numbers[] = {11, 12, 13, 14, 15, 16};
    begin(&program, 2);
    program.fails_at_sink[12] = 2, program.fails_at_sink[14] = 3, program.fails_at_sink[15] = 1;
    send_numbers(&program, numbers, 6);
    CHECK_OK(partita_app_drain(program.app, &soon, NULL));
    static const uint64_t expected[] = {11, 12, 13, 15, 16};
    CHECK_EQ(program.delivered_len, 5);
    for (size_t index = 0; index < 5; index++) CHECK_EQ(program.delivered[index], expected[index]);
    CHECK_EQ(dead(&program, PARTITA_DEAD_SINK), 1);
    finish(program.app);
}

/* What waits for an hour does not hold up the end. */
static void what_waits_is_dropped_at_the_end(void) {
    program program = PROGRAM(.retries = 2, .pause_ns = UINT64_C(3600000000000));
    program.fails[12] = 1;
    static const uint64_t numbers[] = {12, 13, 14, 21};
    begin(&program, 0);
    send_numbers(&program, numbers, 4);
    while (metrics_of(program.app).delivered == 0 || counter_read(&program.emitted_back) == 0)
        nanosleep(&(struct timespec){.tv_nsec = MS}, NULL);
    CHECK_OK(partita_app_close(program.app, &soon, NULL));
    partita_metrics metrics = metrics_of(program.app);
    CHECK_EQ(metrics.dead[PARTITA_DEAD_CLOSED], 3);
    CHECK_EQ(metrics.values_held, 0);
    finish(program.app);
}

static void what_cannot_be_tried_again_is_a_mistake(void) {
    static const struct {
        uint32_t retries;
        uint64_t pause_ns;
        const char *words;
    } cases[] = {
        {PARTITA_RETRIES_MAX + 1, 0, "step 1 \"count\": retries: expected 0 to 1000000, got 1000001"},
        {1, PARTITA_RETRY_PAUSE_MAX_NS + 1, "nanoseconds between retries: expected 0 to 86400000000000"},
        {0, 1, "there is a pause between retries, but no retry: expected one"}};
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
        program program = PROGRAM(.retries = cases[index].retries, .pause_ns = cases[index].pause_ns);
        partita_error error;
        CHECK_REFUSED(declare(&program, 0, &error), error, PARTITA_INVALID_TOPOLOGY, cases[index].words);
        CHECK_OK(partita_app_free(program.app));
    }
    program program = PROGRAM(.retries = 0);
    partita_error error;
    CHECK_REFUSED(declare(&program, PARTITA_RETRIES_MAX + 1, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "sink \"out\": retries: expected 0 to 1000000");
    partita_sink_options queue = {.size = sizeof queue, .name = str("queue"), .retries = 1};
    partita_sink sink;
    CHECK_OK(partita_pipeline_to_sink(program.pipeline, &queue, &sink, NULL));
    CHECK_REFUSED(partita_app_check(program.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "sink \"queue\": it is a queue, which never fails: expected no retries");
    CHECK_OK(partita_app_free(program.app));
}

int main(void) {
    a_key_keeps_its_order_and_others_go_on(0);
    a_key_keeps_its_order_and_others_go_on(4);
    after_the_retries_the_policy_decides();
    a_state_that_cannot_be_built_is_tried_again();
    all_of_a_sink_wait_for_a_message_that_failed();
    what_waits_is_dropped_at_the_end();
    what_cannot_be_tried_again_is_a_mistake();
    return 0;
}
