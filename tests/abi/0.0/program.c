/* A program of its time: it is built with the header beside it, knows nothing of what came later, and runs with every
 * later library of the same ABI. It uses each struct that tells its size. */
#include <partita.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                             \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                                 \
        }                                                                                            \
    } while (0)
#define CHECK_IS(call, expected) check_is((call), (expected), #call, __LINE__)
#define CHECK_OK(call) CHECK_IS(call, PARTITA_OK)

static void check_is(partita_status found, partita_status expected, const char *call, int line) {
    if (found == expected) return;
    partita_str name = partita_status_name(found);
    fprintf(stderr, "%s:%d: %s answers %.*s\n", __FILE__, line, call, (int)name.len, name.ptr);
    exit(1);
}

/* A struct that the library fills, with what it must not write to behind it. */
#define FENCED(type)                                                                                 \
    struct {                                                                                         \
        type in;                                                                                     \
        unsigned char fence[256];                                                                    \
    }

static void fence(unsigned char bytes[256]) { memset(bytes, 0xa5, 256); }

static void check_fence(const unsigned char bytes[256]) {
    for (int index = 0; index < 256; index++) CHECK(bytes[index] == 0xa5);
}

static const partita_wait soon = {.size = sizeof(partita_wait), .timeout_ns = 60000000000};
static const partita_wait not_at_all = {.size = sizeof(partita_wait)};

static partita_value word(uint64_t number) { return (partita_value){.word = number}; }

/* What happened; `lock` guards it. */
static struct seen {
    pthread_mutex_t lock;
    uint64_t released, dead, built, dropped, delivered;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(uint64_t *count, uint64_t amount) {
    pthread_mutex_lock(&seen.lock);
    *count += amount;
    pthread_mutex_unlock(&seen.lock);
}

static void release(void *host) {
    (void)host;
    note(&seen.released, 1);
}

static void drop(void *host, const partita_value *values, size_t len) {
    (void)host;
    (void)values;
    (void)len;
}

enum { KEYS = 10, SENT = 1000, SEVENTHS = 142 };

/* ---- the first step: engine-owned states, a message at a time ---- */

static uint64_t last_digit(void *host, partita_value data) {
    (void)host;
    return data.word % KEYS;
}

static partita_status set_up(void *host, void *state) {
    (void)host;
    *(uint64_t *)state = 1000;
    return PARTITA_OK;
}

/* Counts, passes the message on, and fails with multiples of seven. */
static int32_t count(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    if (data.word % 7 == 0) {
        CHECK_OK(partita_emitter_fail(emitter, (partita_str)PARTITA_STR("seven")));
        return PARTITA_COMPUTE_FAILED;
    }
    ++*(uint64_t *)state.ptr;
    CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

/* ---- the second step: states of the host's, keys of bytes, many messages at once ---- */

static partita_status parity(void *host, partita_keys *keys) {
    (void)host;
    CHECK(keys->size >= sizeof *keys);
    static const uint8_t even[] = "even", odd[] = "odd";
    for (; keys->done < keys->len; keys->done++) {
        uint64_t is_odd = keys->values[keys->done].word % 2;
        keys->bytes[keys->done] = is_odd ? (partita_bytes){odd, 3} : (partita_bytes){even, 4};
    }
    return PARTITA_OK;
}

static partita_status build(void *host, partita_build *build) {
    (void)host;
    CHECK(build->size >= sizeof *build);
    for (; build->done < build->len; build->done++) {
        uint64_t *state = calloc(1, sizeof *state);
        CHECK(state != NULL);
        build->states[build->done] = (partita_value){.ptr = state};
        note(&seen.built, 1);
    }
    return PARTITA_OK;
}

static void drop_states(void *host, const partita_value *states, size_t len) {
    (void)host;
    for (size_t index = 0; index < len; index++) free(states[index].ptr);
    note(&seen.dropped, len);
}

/* Adds up, and passes each message on twice. */
static partita_status add(void *host, partita_run *run) {
    (void)host;
    CHECK(run->size >= sizeof *run);
    if (run->kind != PARTITA_RUN_DATA) return PARTITA_UNSUPPORTED;
    for (; run->done < run->len; run->done++) {
        if (run->outputs_len + 2 > run->outputs_capacity) {
            if (run->done > 0) return PARTITA_OK;
            CHECK_OK(partita_run_reserve(run, run->outputs_len + 2));
        }
        *(uint64_t *)run->states[run->done].ptr += run->values[run->done].word;
        run->flags[run->done] = PARTITA_CHANGED;
        for (int twice = 0; twice < 2; twice++) {
            run->outputs[run->outputs_len++] = (partita_output){run->values[run->done], run->done};
        }
    }
    return PARTITA_OK;
}

/* ---- what takes messages ---- */

static partita_status deliver(void *host, partita_delivery *delivery) {
    (void)host;
    CHECK(delivery->size >= sizeof *delivery);
    note(&seen.delivered, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

static partita_status bury(void *host, partita_dead_letters *letters) {
    (void)host;
    CHECK(letters->size >= sizeof *letters && letters->letter_size >= sizeof(partita_dead_letter));
    const char *at = (const char *)letters->letters;
    for (size_t index = 0; index < letters->len; index++, at += letters->letter_size) {
        const partita_dead_letter *letter = (const void *)at;
        CHECK(letter->value.word % 7 == 0 && letter->reason == PARTITA_DEAD_COMPUTE);
        CHECK(letter->has_key == 1 && letter->word_key == letter->value.word % KEYS);
        CHECK(letter->text.len == 5 && memcmp(letter->text.ptr, "seven", 5) == 0);
    }
    note(&seen.dead, letters->len);
    letters->done = letters->len;
    return PARTITA_OK;
}

/* ---- the program ---- */

static partita_app app;
static partita_pipeline pipeline;
static partita_sink queue;

/* Without its pipeline's end there is a mistake to read. */
static void check_mistakes(void) {
    partita_error error = {0};
    CHECK_IS(partita_app_check(app, &error), PARTITA_INVALID_TOPOLOGY);
    size_t len;
    CHECK_OK(partita_error_len(error, &len));
    CHECK(len >= 1);
    FENCED(partita_error_item) item = {.in = {.size = sizeof(partita_error_item)}};
    fence(item.fence);
    CHECK_OK(partita_error_get(error, 0, &item.in));
    check_fence(item.fence);
    CHECK(item.in.code != PARTITA_OK && item.in.message.len > 0 && item.in.path.len > 0);
    char text[64];
    CHECK_OK(partita_error_text(error, text, sizeof text, &len));
    CHECK(len > 0);
    CHECK_OK(partita_error_free(error));
}

static void declare(uint32_t threads) {
    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("old"),
        .workers = 2, .threads = threads, .host = &seen, .drop_host = release, .dead_letters = bury};
    partita_partition_options digits = {.size = sizeof digits, .name = PARTITA_STR("digits"),
        .host = &seen, .drop_host = release, .state_size = sizeof(uint64_t), .state_init = set_up};
    partita_partition_options sums = {.size = sizeof sums, .name = PARTITA_STR("sums"),
        .key_kind = PARTITA_KEY_BYTES, .host = &seen, .drop_host = release, .build = build,
        .drop_state = drop_states};
    partita_source_options source = {.size = sizeof source, .credits = 4 * SENT, .host = &seen,
        .drop_host = release, .drop = drop};
    partita_step_options first = {.size = sizeof first, .name = PARTITA_STR("count"),
        .partition = PARTITA_STR("digits"), .policy = PARTITA_POLICY_SKIP, .host = &seen,
        .drop_host = release, .word_key = last_digit, .compute = count, .drop = drop};
    partita_step_options second = {.size = sizeof second, .name = PARTITA_STR("add"),
        .partition = PARTITA_STR("sums"), .host = &seen, .drop_host = release, .keys = parity,
        .run = add, .drop = drop};
    partita_sink_options polled = {.size = sizeof polled, .name = PARTITA_STR("queue"),
        .host = &seen, .drop_host = release, .capacity = 2 * SENT};
    partita_sink_options called = {.size = sizeof called, .name = PARTITA_STR("callback"),
        .host = &seen, .drop_host = release, .deliver = deliver};
    CHECK_OK(partita_app_new(&app_options, &app, NULL));
    CHECK_OK(partita_app_add_partition(app, &digits, NULL));
    CHECK_OK(partita_app_add_partition(app, &sums, NULL));
    CHECK_OK(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("numbers"), &pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &first, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &second, NULL));
    check_mistakes();
    CHECK_OK(partita_pipeline_to_sink(pipeline, &polled, &queue, NULL));
    CHECK_OK(partita_pipeline_to_sink(pipeline, &called, NULL, NULL));
}

/* Sends 1, 2, ...: half of them alone, half of them in batches with keys. */
static void feed(void) {
    partita_sender sender;
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    partita_value values[SENT];
    uint64_t keys[SENT];
    for (uint64_t index = 0; index < SENT; index++) {
        values[index] = word(index + 1);
        keys[index] = (index + 1) % KEYS;
    }
    size_t accepted;
    CHECK_OK(partita_send(sender, values, SENT / 2, &soon, &accepted));
    CHECK(accepted == SENT / 2);
    partita_batch batch = {.size = sizeof batch, .len = SENT / 2, .values = values + SENT / 2,
        .word_keys = keys + SENT / 2};
    CHECK_OK(partita_send_batch(sender, &batch, &soon, &accepted));
    CHECK(accepted == SENT / 2);
    CHECK_OK(partita_sender_free(sender));
}

static void read_queue(void) {
    for (size_t left = 2 * (SENT - SEVENTHS), len; left > 0; left -= len) {
        partita_value values[100];
        CHECK_OK(partita_sink_poll(queue, values, 100, &soon, &len));
        CHECK(len > 0 && len <= left);
    }
    size_t len;
    partita_value value;
    CHECK_IS(partita_sink_poll(queue, &value, 1, &not_at_all, &len), PARTITA_WOULD_BLOCK);
}

static void read_parts(void) {
    partita_reader reader;
    uint64_t keys[KEYS];
    partita_value states[KEYS];
    uint64_t found = 0, counted = 0;
    CHECK_OK(partita_reader_new(app, (partita_str)PARTITA_STR("digits"), &reader, NULL));
    for (size_t len = 1; len > 0;) {
        partita_parts parts = {.size = sizeof parts, .capacity = KEYS, .word_keys = keys, .states = states};
        CHECK_OK(partita_reader_next(reader, &parts, &len));
        for (size_t index = 0; index < len; index++, found++) counted += *(uint64_t *)states[index].ptr - 1000;
    }
    CHECK_OK(partita_reader_free(reader));
    CHECK(found == KEYS && counted == SENT - SEVENTHS);
}

static void read_counters(void) {
    FENCED(partita_metrics) metrics = {.in = {.size = sizeof(partita_metrics)}};
    FENCED(partita_stage_metrics) stage = {.in = {.size = sizeof(partita_stage_metrics)}};
    fence(metrics.fence);
    fence(stage.fence);
    CHECK_OK(partita_app_metrics(app, &metrics.in));
    CHECK_OK(partita_app_stage(app, 0, &stage.in));
    check_fence(metrics.fence);
    check_fence(stage.fence);
    CHECK(metrics.in.sent == SENT && metrics.in.in_flight == 0 && metrics.in.parts == KEYS + 2);
    CHECK(metrics.in.dead[PARTITA_DEAD_COMPUTE] == SEVENTHS && metrics.in.stages == 5);
    CHECK(stage.in.kind == PARTITA_STAGE_SOURCE && stage.in.completed == SENT);
}

static void *work(void *index) {
    partita_status left = partita_app_run_worker(app, (uint32_t)(uintptr_t)index);
    /* The other may have done it all before this one came. */
    CHECK(left == PARTITA_OK || left == PARTITA_CLOSED);
    return NULL;
}

/* From the declaration to the end, with the engine's threads, or the host's. */
static void run(uint32_t threads) {
    pthread_t workers[2];
    memset((char *)&seen + offsetof(struct seen, released), 0, sizeof seen - offsetof(struct seen, released));
    declare(threads);
    CHECK_OK(partita_app_start(app, NULL));
    for (uintptr_t index = 0; threads == PARTITA_THREADS_HOST && index < 2; index++) {
        CHECK(pthread_create(&workers[index], NULL, work, (void *)index) == 0);
    }
    feed();
    read_queue();
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    read_parts();
    read_counters();
    CHECK_OK(partita_app_stop(app));
    CHECK_OK(partita_app_wait(app, &soon, NULL));
    CHECK_OK(partita_app_close(app, &soon, NULL));
    for (int index = 0; threads == PARTITA_THREADS_HOST && index < 2; index++) {
        CHECK(pthread_join(workers[index], NULL) == 0);
    }
    CHECK_OK(partita_app_free(app));
    CHECK(seen.released == 8 && seen.dead == SEVENTHS);
    CHECK(seen.built == 2 && seen.dropped == 2 && seen.delivered == 2 * (SENT - SEVENTHS));
}

int main(void) {
    CHECK(partita_abi() == PARTITA_ABI);
    run(PARTITA_THREADS_ENGINE);
    run(PARTITA_THREADS_HOST);
    return 0;
}
