/* Whole lives of applications, in every form that the header offers. */
#include "world.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

enum { MESSAGES = 420, KEY_UNKNOWN = KEYS };

/* ---- keys ---- */

/* The key lives in the message. */
static partita_bytes byte_key(void *host, partita_value data) {
    (void)host;
    message *message = data.ptr;
    return (partita_bytes){(uint8_t *)message->text, strlen(message->text)};
}

/* A few at a time: the engine asks again for the rest. */
static partita_status word_keys(void *host, partita_keys *keys) {
    CHECK(keys->words != NULL && keys->bytes == NULL);
    size_t most = keys->len < 100 ? keys->len : 100;
    for (; keys->done < most; keys->done++) keys->words[keys->done] = word_key(host, keys->values[keys->done]);
    return PARTITA_OK;
}

/* Into the memory that the engine lends, and no more than fits: of that, we take 256 bytes for all. */
static partita_status byte_keys(void *host, partita_keys *keys) {
    CHECK(keys->words == NULL && keys->bytes != NULL);
    CHECK(keys->scratch_len >= 256);
    size_t used = 0;
    for (; keys->done < keys->len; keys->done++) {
        partita_bytes key = byte_key(host, keys->values[keys->done]);
        if (used + key.len > 256) break;
        memcpy(keys->scratch + used, key.ptr, key.len);
        keys->bytes[keys->done] = (partita_bytes){keys->scratch + used, key.len};
        used += key.len;
    }
    return PARTITA_OK;
}

static uint64_t other_key(void *host, partita_value data) {
    (void)host;
    return ((message *)data.ptr)->number % OTHER_KEYS;
}

/* ---- computations ---- */

static bool is_swallowed(uint64_t number) { return number % 5 == 0; }

static bool is_doubled(uint64_t number) { return number % 7 == 0 && !is_swallowed(number); }

/* Counts a message of its key, in order; tells how many outputs follow from it. */
static size_t count(message *message, state *state) {
    CHECK(message->number >= state->last[message->key]);
    state->last[message->key] = message->number + 1;
    message->count = ++state->counts[message->key];
    return is_swallowed(message->number) ? 0 : is_doubled(message->number) ? 2 : 1;
}

static message *twin_of(world *world, const message *message) {
    struct message *twin = message_new(world, message->key, message->number);
    twin->count = message->count;
    return twin;
}

static int32_t count_one(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    message *message = data.ptr;
    size_t outputs = count(message, state.ptr);
    if (outputs == 0) message_release(host, message);
    if (outputs > 1) CHECK_OK(partita_emit(emitter, pointer(twin_of(host, message))));
    if (outputs > 0) CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

static partita_status count_many(void *host, partita_run *run) {
    world *world = host;
    CHECK_EQ(run->size, sizeof *run);
    CHECK_EQ(run->kind, PARTITA_RUN_DATA);
    CHECK_EQ(run->step, 0);
    CHECK(run->times == NULL);
    CHECK(run->outputs_capacity >= run->len);
    CHECK_EQ(run->word_keys != NULL, world->key_kind == PARTITA_KEY_WORD);
    CHECK_EQ(run->byte_keys != NULL, world->key_kind == PARTITA_KEY_BYTES);
    for (size_t index = 0; index < run->len; index++) {
        message *message = run->values[index].ptr;
        if (run->word_keys) CHECK_EQ(run->word_keys[index], message->key);
        if (run->byte_keys) {
            CHECK_EQ(run->byte_keys[index].len, strlen(message->text));
            CHECK(memcmp(run->byte_keys[index].ptr, message->text, strlen(message->text)) == 0);
        }
        if (is_doubled(message->number) && run->outputs_len + 2 > run->outputs_capacity) {
            /* It does not fit: let the run end before it, or behind it if it is the first. */
            if (run->done > 0) return PARTITA_OK;
            CHECK_OK(partita_run_reserve(run, 2));
        }
        if (run->outputs_len == run->outputs_capacity) return PARTITA_OUTPUTS_FULL;
        size_t outputs = count(message, run->states[index].ptr);
        if (outputs == 0) message_release(world, message);
        if (outputs > 1) run->outputs[run->outputs_len++] = (partita_output){pointer(twin_of(world, message)), index};
        if (outputs > 0) run->outputs[run->outputs_len++] = (partita_output){run->values[index], index};
        run->flags[index] = PARTITA_CHANGED;
        run->done = index + 1;
    }
    return PARTITA_OK;
}

static int32_t sum_one(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    ((struct state *)state.ptr)->sum += ((message *)data.ptr)->count;
    CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

/* ---- sinks ---- */

/* Sinks take one call at a time, but the two of them may be called at once. */
static void take(world *world, int sink, message *message) {
    world->delivered[sink]++;
    world->sums[sink] += message->count;
    message_release(world, message);
}

static partita_status deliver(void *host, partita_delivery *delivery) {
    world *world = host;
    CHECK_EQ(delivery->size, sizeof *delivery);
    /* Not all at once. */
    size_t most = delivery->len < 7 ? delivery->len : 7;
    for (; delivery->done < most; delivery->done++) {
        message *message = delivery->values[delivery->done].ptr;
        /* Messages of one key keep their order, if both their keys are the same. */
        uint64_t *last = &world->last[message->key][message->number % OTHER_KEYS];
        CHECK(message->number >= *last);
        *last = message->number;
        take(world, 0, message);
    }
    return PARTITA_OK;
}

typedef struct polling {
    world *world;
    partita_sink sink;
} polling;

/* Polls, with a deadline each time, until nothing can come any more. */
static void *poll_all(void *argument) {
    polling *polling = argument;
    for (;;) {
        partita_value values[5];
        size_t len;
        partita_wait wait = wait_ms(2);
        partita_status status = partita_sink_poll(polling->sink, values, 5, &wait, &len);
        if (status == PARTITA_TIMEOUT) continue;
        if (status == PARTITA_STOPPED) return NULL;
        CHECK_OK(status);
        CHECK(len > 0);
        for (size_t index = 0; index < len; index++) take(polling->world, 1, values[index].ptr);
    }
}

static partita_status take_letters(void *host, partita_dead_letters *letters) {
    world *world = host;
    for (size_t index = 0; index < letters->len; index++) {
        const partita_dead_letter *letter = &letters->letters[index];
        message *message = letter->value.ptr;
        CHECK_EQ(letter->reason, PARTITA_DEAD_UNKNOWN_KEY);
        CHECK_EQ(letter->has_key, 1);
        CHECK_EQ(message->key, KEY_UNKNOWN);
        if (world->key_kind == PARTITA_KEY_WORD) CHECK_EQ(letter->word_key, KEY_UNKNOWN);
        if (world->key_kind == PARTITA_KEY_BYTES) {
            CHECK_EQ(letter->byte_key.len, 5);
            CHECK(memcmp(letter->byte_key.ptr, "key-8", 5) == 0);
        }
        CHECK(str_is(letter->path, "application \"life\" / pipeline \"words\" / step 1 \"count\""));
        CHECK_EQ(letter->stage, 1);
        CHECK_EQ(letter->text.len, 0);
        message_release(world, message);
        counter_add(&world->dead, 1);
    }
    return PARTITA_OK;
}

/* ---- the whole life, in one form ---- */

typedef struct form {
    uint32_t threads, key_kind;
    bool declared, many, owned;
} form;

static void check_metrics(partita_app app, uint64_t unknown) {
    uint64_t outputs = 0;
    for (uint64_t number = 0; number < MESSAGES; number++) {
        outputs += is_swallowed(number) ? 0 : is_doubled(number) ? 2 : 1;
    }
    partita_metrics metrics = metrics_of(app);
    CHECK_EQ(metrics.sent, MESSAGES + unknown);
    CHECK_EQ(metrics.computed, MESSAGES + outputs);
    CHECK_EQ(metrics.emitted, outputs + 2 * outputs);
    CHECK_EQ(metrics.delivered, 2 * outputs);
    CHECK_EQ(metrics.discarded, 0);
    CHECK_EQ(metrics.in_flight, 0);
    CHECK_EQ(metrics.dead[PARTITA_DEAD_UNKNOWN_KEY], unknown);
    CHECK_EQ(metrics.values_held, metrics.parts);
    CHECK_EQ(metrics.stages, 5);
    static const struct {
        uint32_t kind;
        const char *path;
    } stages[] = {{PARTITA_STAGE_SOURCE, "application \"life\" / pipeline \"words\" / source"},
                  {PARTITA_STAGE_STEP, "application \"life\" / pipeline \"words\" / step 1 \"count\""},
                  {PARTITA_STAGE_STEP, "application \"life\" / pipeline \"words\" / step 2 \"sum\""},
                  {PARTITA_STAGE_SINK, "application \"life\" / pipeline \"words\" / sink \"one\""},
                  {PARTITA_STAGE_SINK, "application \"life\" / pipeline \"words\" / sink \"two\""}};
    const uint64_t completed[] = {MESSAGES + unknown, MESSAGES, outputs, outputs, outputs};
    const uint64_t emitted[] = {MESSAGES + unknown, outputs, 2 * outputs, 0, 0};
    uint64_t dead = 0;
    for (size_t index = 0; index < metrics.stages; index++) {
        partita_stage_metrics stage = stage_of(app, index);
        CHECK_EQ(stage.kind, stages[index].kind);
        CHECK(str_is(stage.path, stages[index].path));
        CHECK_EQ(stage.completed, completed[index]);
        CHECK_EQ(stage.emitted, emitted[index]);
        for (size_t reason = 0; reason < PARTITA_DEAD_REASONS; reason++) dead += stage.dead[reason];
        CHECK_EQ(stage.dead[PARTITA_DEAD_UNKNOWN_KEY], index == 1 ? unknown : 0);
    }
    CHECK_EQ(dead, unknown);
}

/* Reads all parts of a partition; gives the sum of what was counted, and how many parts there are. */
static state read_parts(partita_app app, const char *partition, bool bytes, size_t *parts_out) {
    state total = {{0}, {0}, 0};
    partita_reader reader;
    CHECK_OK(partita_reader_new(app, str(partition), &reader, NULL));
    uint64_t words[3];
    partita_bytes texts[3];
    partita_value states[3];
    partita_parts parts = {
        .size = sizeof parts, .capacity = 3, .word_keys = words, .byte_keys = texts, .states = states};
    size_t len;
    for (*parts_out = 0;; *parts_out += len) {
        memset(texts, 0, sizeof texts);
        CHECK_OK(partita_reader_next(reader, &parts, &len));
        if (len == 0) break;
        for (size_t index = 0; index < len; index++) {
            const state *part = states[index].ptr;
            CHECK_EQ(texts[index].ptr != NULL, bytes);
            if (bytes) CHECK(texts[index].len == 5 && memcmp(texts[index].ptr, "key-", 4) == 0);
            for (size_t key = 0; key < KEYS; key++) total.counts[key] += part->counts[key];
            total.sum += part->sum;
        }
    }
    CHECK_OK(partita_reader_free(reader));
    return total;
}

static void live(const form *form) {
    static const uint64_t words[KEYS] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const char *const texts[KEYS] = {"key-0", "key-1", "key-2", "key-3",
                                            "key-4", "key-5", "key-6", "key-7"};
    partita_bytes bytes[KEYS];
    for (size_t key = 0; key < KEYS; key++) bytes[key] = (partita_bytes){(const uint8_t *)texts[key], 5};
    world world = WORLD(.key_kind = form->key_kind);
    partita_app_options options = {.size = sizeof options,
                                   .name = str("life"),
                                   .workers = 2,
                                   .threads = form->threads,
                                   .run_length = 16,
                                   .host = &world,
                                   .drop_host = release_host,
                                   .dead_letters = take_letters};
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    partita_partition_options counts = partition_of(&world, "counts", form->key_kind, form->owned);
    counts.declared = form->declared;
    if (form->declared) {
        counts.keys_len = KEYS;
        counts.word_keys = form->key_kind == PARTITA_KEY_WORD ? words : NULL;
        counts.byte_keys = form->key_kind == PARTITA_KEY_BYTES ? bytes : NULL;
    }
    CHECK_OK(partita_app_add_partition(app, &counts, NULL));
    /* Memory that is zero at first will do for this one. */
    partita_partition_options sums = {
        .size = sizeof sums, .name = str("sums"), .state_size = sizeof(state)};
    CHECK_OK(partita_app_add_partition(app, &sums, NULL));
    partita_pipeline pipeline;
    CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
    partita_source_options source = source_of(&world, 64);
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    partita_step_options count = step_of(&world, "count", "counts");
    switch (form->key_kind) {
    case PARTITA_KEY_WORD:
        if (form->many) count.keys = word_keys;
        else count.word_key = word_key;
        break;
    case PARTITA_KEY_BYTES:
        if (form->many) count.keys = byte_keys;
        else count.byte_key = byte_key;
        break;
    }
    if (form->many) count.run = count_many;
    else count.compute = count_one;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &count, NULL));
    partita_step_options sum = step_of(&world, "sum", "sums");
    sum.word_key = other_key, sum.compute = sum_one;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &sum, NULL));
    partita_sink_options one = sink_of(&world, "one", deliver, 0), two = sink_of(&world, "two", NULL, 16);
    polling polling = {.world = &world};
    CHECK_OK(partita_pipeline_to_sink(pipeline, &one, NULL, NULL));
    CHECK_OK(partita_pipeline_to_sink(pipeline, &two, &polling.sink, NULL));
    CHECK_OK(partita_app_check(app, NULL));
    CHECK_OK(partita_app_start(app, NULL));
    crew crew;
    if (form->threads == PARTITA_THREADS_HOST) crew_enter(&crew, app, 2);
    pthread_t poller = start(poll_all, &polling);

    partita_sender sender;
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    uint64_t unknown = form->declared ? 1 : 0, number = 0;
    while (number < MESSAGES) {
        partita_value values[100];
        size_t accepted, len = 0;
        while (len < 99 && number < MESSAGES) {
            values[len++] = pointer(message_new(&world, number % KEYS, number));
            number++;
        }
        if (number == MESSAGES && unknown) values[len++] = pointer(message_new(&world, KEY_UNKNOWN, 0));
        CHECK_OK(partita_send(sender, values, len, &soon, &accepted));
        CHECK_EQ(accepted, len);
    }
    CHECK_OK(partita_app_drain(app, &soon, NULL));

    check_metrics(app, unknown);
    size_t parts;
    state counted = read_parts(app, "counts", form->key_kind == PARTITA_KEY_BYTES, &parts);
    CHECK_EQ(parts, form->key_kind == PARTITA_KEY_SINGLE ? 1 : KEYS);
    uint64_t total = 0;
    for (uint64_t key = 0; key < KEYS; key++) CHECK_EQ(counted.counts[key], (MESSAGES + KEYS - 1 - key) / KEYS);
    for (uint64_t at = 0; at < MESSAGES; at++) {
        total += (is_swallowed(at) ? 0 : is_doubled(at) ? 2 : 1) * (at / KEYS + 1);
    }
    CHECK_EQ(read_parts(app, "sums", false, &parts).sum, total);
    CHECK_EQ(parts, OTHER_KEYS);
    CHECK_EQ(counter_read(&world.dead), unknown);

    CHECK_OK(partita_app_stop(app));
    CHECK_OK(partita_app_wait(app, &soon, NULL));
    join(poller);
    CHECK_EQ(world.sums[0], total);
    CHECK_EQ(world.sums[1], total);
    CHECK_EQ(world.delivered[0], world.delivered[1]);
    CHECK_EQ(world.messages, 0);
    CHECK_OK(partita_sender_free(sender));
    CHECK_OK(partita_app_close(app, &soon, NULL));
    if (form->threads == PARTITA_THREADS_HOST) crew_leave(&crew);
    CHECK_EQ(world.states, 0);
    /* The application, a partition, a source, two steps, and two sinks. */
    CHECK_EQ(counter_read(&world.released), 7);
    finish(app);
    CHECK_EQ(counter_read(&world.released), 7);
}

static void every_form_of_application_does_the_same(void) {
    static const struct {
        uint32_t kind;
        bool declared;
    } keys[] = {{PARTITA_KEY_WORD, false},
                {PARTITA_KEY_WORD, true},
                {PARTITA_KEY_BYTES, false},
                {PARTITA_KEY_BYTES, true},
                {PARTITA_KEY_SINGLE, false}};
    for (int choice = 0; choice < 8 * 5; choice++) {
        form form = {.threads = choice & 1,
                     .many = choice & 2,
                     .owned = choice & 4,
                     .key_kind = keys[choice / 8].kind,
                     .declared = keys[choice / 8].declared};
        live(&form);
    }
}

/* ---- other shapes ---- */

/* An application with one partition of words, and nothing else yet. */
static partita_app app_with_counts(world *world, uint32_t threads) {
    partita_app_options options = {
        .size = sizeof options, .name = str("life"), .workers = 2, .threads = threads, .run_length = 16};
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    partita_partition_options counts = partition_of(world, "counts", PARTITA_KEY_WORD, true);
    CHECK_OK(partita_app_add_partition(app, &counts, NULL));
    return app;
}

static void send_new(world *world, partita_sender sender, uint64_t first, size_t len) {
    partita_value *values = malloc(len * sizeof *values);
    CHECK(values != NULL);
    for (size_t index = 0; index < len; index++) {
        values[index] = pointer(message_new(world, (first + index) % KEYS, first + index));
    }
    size_t accepted;
    CHECK_OK(partita_send(sender, values, len, &soon, &accepted));
    CHECK_EQ(accepted, len);
    free(values);
}

static int32_t swallow(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)emitter;
    message *message = data.ptr;
    ((struct state *)state.ptr)->counts[message->key]++;
    message_release(host, message);
    return PARTITA_CHANGED;
}

static void two_pipelines_use_one_partition(void) {
    world world = WORLD(.key_kind = PARTITA_KEY_WORD);
    partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
    partita_sender senders[2];
    partita_pipeline pipelines[2];
    static const char *const names[] = {"first", "second"};
    for (int index = 0; index < 2; index++) {
        CHECK_OK(partita_app_add_pipeline(app, str(names[index]), &pipelines[index], NULL));
        partita_source_options source = source_of(&world, 32);
        CHECK_OK(partita_pipeline_from_source(pipelines[index], &source, NULL));
        partita_step_options step = step_of(&world, "swallow", "counts");
        step.word_key = word_key, step.compute = swallow;
        CHECK_OK(partita_pipeline_to_state_partition(pipelines[index], &step, NULL));
        CHECK_OK(partita_pipeline_done(pipelines[index], NULL));
    }
    CHECK_OK(partita_app_start(app, NULL));
    for (int index = 0; index < 2; index++) CHECK_OK(partita_sender_new(pipelines[index], &senders[index], NULL));
    for (uint64_t round = 0; round < 10; round++) {
        send_new(&world, senders[0], 0, 80);
        send_new(&world, senders[1], 0, 8);
    }
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    size_t parts;
    state counted = read_parts(app, "counts", false, &parts);
    CHECK_EQ(parts, KEYS);
    for (uint64_t key = 0; key < KEYS; key++) CHECK_EQ(counted.counts[key], 110);
    CHECK_EQ(stage_of(app, 1).completed, 800);
    CHECK_EQ(stage_of(app, 3).completed, 80);
    CHECK_EQ(metrics_of(app).parts, KEYS);
    CHECK_EQ(world.messages, 0);
    finish(app);
    CHECK_EQ(world.states, 0);
}

static void a_pipeline_without_steps_passes_on(void) {
    for (int sinks = 0; sinks < 3; sinks++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 32);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_sink_options one = sink_of(&world, "one", deliver, 0), two = sink_of(&world, "two", NULL, 4);
        polling polling = {.world = &world};
        if (sinks == 0) CHECK_OK(partita_pipeline_done(pipeline, NULL));
        if (sinks > 0) CHECK_OK(partita_pipeline_to_sink(pipeline, &one, NULL, NULL));
        if (sinks > 1) CHECK_OK(partita_pipeline_to_sink(pipeline, &two, &polling.sink, NULL));
        CHECK_OK(partita_app_start(app, NULL));
        partita_sender sender;
        CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
        pthread_t poller = pthread_self();
        if (sinks > 1) poller = start(poll_all, &polling);
        send_new(&world, sender, 0, 500);
        CHECK_OK(partita_app_drain(app, &soon, NULL));
        partita_metrics metrics = metrics_of(app);
        CHECK_EQ(metrics.sent, 500);
        CHECK_EQ(metrics.delivered, 500 * sinks);
        CHECK_EQ(metrics.discarded, sinks == 0 ? 500 : 0);
        CHECK_OK(partita_app_stop(app));
        if (sinks > 1) join(poller);
        CHECK_EQ(world.delivered[0], sinks > 0 ? 500 : 0);
        CHECK_EQ(world.delivered[1], sinks > 1 ? 500 : 0);
        CHECK_EQ(world.messages, 0);
        finish(app);
    }
}

/* ---- fan-out ---- */

enum { FAN = 20000 };

static int32_t fan_out(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)state;
    message *message = data.ptr;
    for (uint64_t number = 0; number < FAN; number++) {
        CHECK_OK(partita_emit(emitter, pointer(message_new(host, number % KEYS, number))));
    }
    message_release(host, message);
    return 0;
}

/* In one go, by asking for more room. */
static partita_status fan_out_reserving(void *host, partita_run *run) {
    CHECK_STATUS(partita_run_reserve(run, SIZE_MAX), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_run_reserve(run, SIZE_MAX / 16), PARTITA_INVALID_ARGUMENT);
    /* What was written stays. */
    run->outputs[0] = (partita_output){pointer(message_new(host, 0, 0)), 0};
    run->outputs_len = 1;
    CHECK_OK(partita_run_reserve(run, FAN));
    CHECK(run->outputs_capacity >= FAN);
    CHECK_EQ(run->outputs_len, 1);
    for (uint64_t number = 1; number < FAN; number++) {
        run->outputs[run->outputs_len++] =
            (partita_output){pointer(message_new(host, number % KEYS, number)), 0};
    }
    message_release(host, run->values[0].ptr);
    run->done = 1;
    return PARTITA_OK;
}

/* By saying that they do not fit, until they do. */
static partita_status fan_out_when_it_fits(void *host, partita_run *run) {
    if (run->outputs_capacity < FAN) return PARTITA_OUTPUTS_FULL;
    for (uint64_t number = 0; number < FAN; number++) {
        run->outputs[run->outputs_len++] =
            (partita_output){pointer(message_new(host, number % KEYS, number)), 0};
    }
    message_release(host, run->values[0].ptr);
    run->done = 1;
    return PARTITA_OK;
}

static void one_message_may_become_many_more_than_there_are_credits(void) {
    for (int kind = 0; kind < 3; kind++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app app = app_with_counts(&world, kind == 0 ? PARTITA_THREADS_HOST : PARTITA_THREADS_ENGINE);
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 16);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options fan = step_of(&world, "fan out", "counts");
        fan.word_key = word_key;
        fan.compute = kind == 0 ? fan_out : NULL;
        fan.run = kind == 1 ? fan_out_reserving : kind == 2 ? fan_out_when_it_fits : NULL;
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &fan, NULL));
        partita_step_options count = step_of(&world, "count", "counts");
        count.word_key = word_key, count.compute = swallow;
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &count, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        CHECK_OK(partita_app_start(app, NULL));
        crew crew;
        if (kind == 0) crew_enter(&crew, app, 2);
        partita_sender sender;
        CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
        send_new(&world, sender, 0, 3);
        CHECK_OK(partita_app_drain(app, &soon, NULL));
        CHECK_EQ(stage_of(app, 2).completed, 3 * FAN);
        size_t parts;
        state counted = read_parts(app, "counts", false, &parts);
        for (uint64_t key = 0; key < KEYS; key++) CHECK_EQ(counted.counts[key], 3 * FAN / KEYS);
        CHECK_EQ(world.messages, 0);
        CHECK_OK(partita_app_close(app, &soon, NULL));
        if (kind == 0) crew_leave(&crew);
        finish(app);
        CHECK_EQ(world.states, 0);
    }
}

/* ---- deleted parts ---- */

static int32_t delete_at_ten(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    struct state *part = state.ptr;
    int32_t flags = swallow(host, data, state, emitter);
    for (size_t key = 0; key < KEYS; key++) {
        CHECK(part->counts[key] <= 10);
        if (part->counts[key] == 10) flags |= PARTITA_DELETE;
    }
    return flags;
}

static partita_status delete_at_ten_many(void *host, partita_run *run) {
    for (size_t index = 0; index < run->len; index++) {
        int32_t flags = delete_at_ten(host, run->values[index], run->states[index], NULL);
        run->flags[index] = (uint8_t)flags;
        run->done = index + 1;
        if (flags & PARTITA_DELETE) break;
    }
    return PARTITA_OK;
}

static void a_deleted_part_is_built_anew(void) {
    for (int many = 0; many < 2; many++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 1000);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options step = step_of(&world, "delete", "counts");
        step.word_key = word_key;
        if (many) step.run = delete_at_ten_many;
        else step.compute = delete_at_ten;
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        CHECK_OK(partita_app_start(app, NULL));
        partita_sender sender;
        CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
        /* 25 of each key: two parts that were deleted, and five in the third. */
        send_new(&world, sender, 0, 25 * KEYS);
        CHECK_OK(partita_app_drain(app, &soon, NULL));
        size_t parts;
        state counted = read_parts(app, "counts", false, &parts);
        CHECK_EQ(parts, KEYS);
        CHECK_EQ(metrics_of(app).parts, KEYS);
        CHECK_EQ(world.states, KEYS);
        for (uint64_t key = 0; key < KEYS; key++) CHECK_EQ(counted.counts[key], 5);
        send_new(&world, sender, 0, 5 * KEYS);
        CHECK_OK(partita_app_drain(app, &soon, NULL));
        CHECK_EQ(metrics_of(app).parts, 0);
        CHECK_EQ(world.states, 0);
        CHECK_EQ(world.messages, 0);
        finish(app);
    }
}

/* ---- batches with keys ---- */

static partita_status never_asked(void *host, partita_keys *keys) {
    (void)keys;
    counter_add(&((world *)host)->lost, 1);
    return PARTITA_FAILED;
}

static void a_batch_may_bring_its_keys(void) {
    for (uint32_t kind = 0; kind < 2; kind++) {
        for (int handled = 0; handled < 2; handled++) {
            world world = WORLD(.key_kind = kind);
            partita_app_options options = {.size = sizeof options, .name = str("life"), .workers = 2};
            partita_app app;
            CHECK_OK(partita_app_new(&options, &app, NULL));
            partita_partition_options counts = partition_of(&world, "counts", kind, true);
            CHECK_OK(partita_app_add_partition(app, &counts, NULL));
            partita_pipeline pipeline;
            CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
            partita_source_options source = source_of(&world, 10);
            CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
            partita_step_options step = step_of(&world, "count", "counts");
            step.keys = never_asked, step.compute = swallow;
            step.policy = handled ? PARTITA_POLICY_SKIP : PARTITA_POLICY_STOP;
            CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
            CHECK_OK(partita_pipeline_done(pipeline, NULL));
            CHECK_OK(partita_app_start(app, NULL));
            partita_sender sender;
            CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
            enum { LEN = 33 };
            partita_value values[LEN];
            uint64_t words[LEN];
            partita_bytes bytes[LEN];
            for (size_t index = 0; index < LEN; index++) {
                message *message = message_new(&world, index % KEYS, index);
                values[index] = pointer(message);
                words[index] = message->key;
                bytes[index] = byte_key(NULL, values[index]);
            }
            partita_batch batch = {.size = sizeof batch,
                                   .len = LEN,
                                   .values = values,
                                   .word_keys = kind == PARTITA_KEY_WORD ? words : NULL,
                                   .byte_keys = kind == PARTITA_KEY_BYTES ? bytes : NULL,
                                   .failed = LEN,
                                   .failure = str("it has no key")};
            size_t accepted;
            CHECK_OK(partita_send_batch(sender, &batch, &soon, &accepted));
            CHECK_EQ(accepted, LEN);
            if (handled) {
                CHECK_OK(partita_app_drain(app, &soon, NULL));
                size_t parts;
                state counted = read_parts(app, "counts", kind == PARTITA_KEY_BYTES, &parts);
                CHECK_EQ(parts, KEYS);
                for (uint64_t key = 0; key < KEYS; key++) CHECK_EQ(counted.counts[key], (LEN - 1) / KEYS);
                CHECK_EQ(metrics_of(app).dead[PARTITA_DEAD_PARTITION], 1);
            } else {
                partita_error error;
                CHECK_REFUSED(partita_app_wait(app, &soon, &error), error, PARTITA_FAILED,
                              "step 1 \"count\": the partition function failed: it has no key");
            }
            finish(app);
            CHECK_EQ(counter_read(&world.lost), 0);
            CHECK_EQ(world.messages, 0);
            CHECK_EQ(world.states, 0);
        }
    }
}

/* ---- closing with work left ---- */

static int32_t pass(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)state;
    CHECK_OK(partita_emit(emitter, data));
    return 0;
}

/* Messages are wherever they can be: in lanes, in outboxes that stall, in a queue that nobody reads, and
 * shared with a sink that has taken them already. */
static void what_is_left_at_the_close_is_handed_back_once(void) {
    for (int round = 0; round < 10; round++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 300);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options step = step_of(&world, "pass", "counts");
        step.word_key = word_key, step.compute = pass;
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        partita_sink_options one = sink_of(&world, "one", deliver, 0), two = sink_of(&world, "two", NULL, 1);
        partita_sink queue;
        CHECK_OK(partita_pipeline_to_sink(pipeline, &one, NULL, NULL));
        CHECK_OK(partita_pipeline_to_sink(pipeline, &two, &queue, NULL));
        CHECK_OK(partita_app_start(app, NULL));
        partita_sender sender;
        CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
        send_new(&world, sender, 0, 150);
        /* One is polled: so the first of them is at the queue. */
        partita_value value;
        size_t len;
        CHECK_OK(partita_sink_poll(queue, &value, 1, &soon, &len));
        take(&world, 1, value.ptr);
        finish(app);
        CHECK_EQ(world.messages, 0);
        CHECK_EQ(world.states, 0);
    }
}

/* ---- lost workers ---- */

static jmp_buf way_out;
static counter replaced = COUNTER;

static partita_app losing;

/* Its thread leaves in the middle of a run, as a goroutine does that calls runtime.Goexit: nothing of the
 * engine's on its stack is gone through. */
static partita_status run_and_leave(void *host, partita_run *run) {
    world *world = host;
    for (; run->done < run->len; run->done++) {
        message *message = run->values[run->done].ptr;
        if (message->number % 50 == 49) {
            CHECK_STATUS(partita_app_worker_lost(losing, 1, str("not its number")), PARTITA_INVALID_ARGUMENT);
            CHECK_STATUS(partita_app_worker_lost(losing, 7, str("no number")), PARTITA_INVALID_ARGUMENT);
            CHECK_STATUS(partita_app_worker_lost(losing, 0, (partita_str){"\xff", 1}), PARTITA_INVALID_UTF8);
            CHECK_OK(partita_app_worker_lost(losing, 0, str("the thread left")));
            CHECK_STATUS(partita_app_worker_lost(losing, 0, str("again")), PARTITA_INVALID_ARGUMENT);
            longjmp(way_out, 1);
        }
        message_release(world, message);
    }
    return PARTITA_OK;
}

/* Enters as the worker, again each time that it was lost. */
static void *work_again(void *argument) {
    if (setjmp(way_out) != 0) counter_add(&replaced, 1);
    CHECK_OK(partita_app_run_worker(*(partita_app *)argument, 0));
    return NULL;
}

static void a_lost_worker_can_be_replaced_and_loses_one_message(void) {
    world world = WORLD(.key_kind = PARTITA_KEY_WORD);
    partita_app_options options = {
        .size = sizeof options, .name = str("life"), .workers = 2, .threads = PARTITA_THREADS_HOST};
    CHECK_OK(partita_app_new(&options, &losing, NULL));
    partita_partition_options counts = partition_of(&world, "counts", PARTITA_KEY_WORD, true);
    CHECK_OK(partita_app_add_partition(losing, &counts, NULL));
    partita_pipeline pipeline;
    CHECK_OK(partita_app_add_pipeline(losing, str("words"), &pipeline, NULL));
    partita_source_options source = source_of(&world, 64);
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    partita_step_options step = step_of(&world, "leave", "counts");
    step.word_key = word_key, step.run = run_and_leave, step.policy = PARTITA_POLICY_SKIP;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    CHECK_OK(partita_app_start(losing, NULL));
    pthread_t worker = start(work_again, &losing);
    partita_sender sender;
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    send_new(&world, sender, 0, 1000);
    CHECK_OK(partita_app_drain(losing, &soon, NULL));
    partita_metrics metrics = metrics_of(losing);
    CHECK_EQ(metrics.computed, 980);
    CHECK_EQ(metrics.dead[PARTITA_DEAD_COMPUTE], 20);
    CHECK_EQ(world.messages, 0);
    CHECK_OK(partita_app_close(losing, &soon, NULL));
    join(worker);
    CHECK_EQ(counter_read(&replaced), 20);
    finish(losing);
    CHECK_EQ(world.states, 0);
}

/* ---- threads ---- */

static int32_t look_at_the_thread(void *host, partita_value data, partita_value state,
                                  partita_emitter *emitter) {
    sigset_t blocked;
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    static const int signals[] = {SIGTERM, SIGINT, SIGPIPE, SIGALRM, SIGUSR1, SIGPROF};
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) {
        CHECK_EQ(sigismember(&blocked, signals[index]), 1);
    }
    return swallow(host, data, state, emitter);
}

static void threads_of_the_engine_take_no_signals(void) {
    sigset_t before, after;
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    world world = WORLD(.key_kind = PARTITA_KEY_WORD);
    partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
    partita_pipeline pipeline;
    CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
    partita_source_options source = source_of(&world, 64);
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    partita_step_options step = step_of(&world, "look", "counts");
    step.word_key = word_key, step.compute = look_at_the_thread;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    CHECK_OK(partita_app_start(app, NULL));
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    CHECK_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
    partita_sender sender;
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    send_new(&world, sender, 0, 100);
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    finish(app);
}

static void many_applications_leave_nothing_behind(void) {
    for (int round = 0; round < 100; round++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app app = app_with_counts(&world, PARTITA_THREADS_ENGINE);
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 64);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options step = step_of(&world, "count", "counts");
        step.word_key = word_key, step.compute = swallow;
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        if (round % 4 != 0) CHECK_OK(partita_app_start(app, NULL));
        if (round % 4 > 1) {
            partita_sender sender;
            CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
            send_new(&world, sender, 0, 50);
        }
        CHECK_OK(partita_app_close(app, &soon, NULL));
        CHECK_OK(partita_app_free(app));
        CHECK_EQ(world.messages, 0);
        CHECK_EQ(world.states, 0);
        CHECK_EQ(counter_read(&world.released), 3);
    }
}

/* ---- the plan ---- */

static void a_plan_is_described_before_and_after_the_start(void) {
    world world = WORLD(.key_kind = PARTITA_KEY_WORD);
    partita_app_options options = {.size = sizeof options, .name = str("drawn"), .workers = 2};
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    char text[512] = "";
    size_t len = 0;
    partita_error error;
    CHECK_REFUSED(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, sizeof text, &len, &error), error,
                  PARTITA_INVALID_TOPOLOGY, "there is no pipeline");
    partita_partition_options counts = partition_of(&world, "counts", PARTITA_KEY_WORD, false);
    CHECK_OK(partita_app_add_partition(app, &counts, NULL));
    partita_pipeline pipeline;
    CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
    partita_source_options source = source_of(&world, 32);
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    partita_step_options step = step_of(&world, "pass", "counts");
    step.word_key = word_key, step.compute = pass;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    CHECK_REFUSED(partita_app_describe(app, 3, text, sizeof text, &len, &error), error, PARTITA_INVALID_ARGUMENT,
                  "expected 0 to 2, got 3");
    CHECK_REFUSED(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, NULL, 1, &len, &error), error,
                  PARTITA_INVALID_ARGUMENT, "text_out is NULL: expected room for 1 bytes");
    static const char expected[] = "application \"drawn\": workers 2, key groups 4096\n"
                                   "  partition \"counts\": keys words, on first use\n"
                                   "  pipeline \"words\"\n"
                                   "    source: credits 32\n"
                                   "    step 1 \"pass\": state computation on \"counts\", policy stop\n"
                                   "    done\n";
    for (int started = 0; started < 2; started++) {
        if (started) CHECK_OK(partita_app_start(app, NULL));
        CHECK_OK(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, sizeof text, &len, NULL));
        CHECK(strcmp(text, expected) == 0);
        CHECK_EQ(len, strlen(expected));
        /* What does not fit is cut, and the length says so. */
        CHECK_OK(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, 12, &len, NULL));
        CHECK(strcmp(text, "application") == 0);
        CHECK_EQ(len, strlen(expected));
    }
    CHECK_OK(partita_app_describe(app, PARTITA_DESCRIBE_MERMAID, text, sizeof text, NULL, NULL));
    CHECK(strncmp(text, "flowchart LR\n", 13) == 0);
    CHECK_OK(partita_app_describe(app, PARTITA_DESCRIBE_JSON, text, sizeof text, NULL, NULL));
    CHECK(text[0] == '{' && strchr(text, '\n') == NULL);
    finish(app);
    CHECK_STATUS(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, sizeof text, &len, NULL),
                 PARTITA_INVALID_HANDLE);
}

int main(void) {
    every_form_of_application_does_the_same();
    two_pipelines_use_one_partition();
    a_pipeline_without_steps_passes_on();
    one_message_may_become_many_more_than_there_are_credits();
    a_deleted_part_is_built_anew();
    a_batch_may_bring_its_keys();
    what_is_left_at_the_close_is_handed_back_once();
    a_lost_worker_can_be_replaced_and_loses_one_message();
    threads_of_the_engine_take_no_signals();
    many_applications_leave_nothing_behind();
    a_plan_is_described_before_and_after_the_start();
    return 0;
}
