/* What a call refuses: it says why, changes nothing, and the application goes on. */
#include "little.h"

static partita_error error;

/* ---- declarations ---- */

static void an_empty_application_is_refused_and_can_be_mended(void) {
    little little = LITTLE();
    partita_app_options options = little_app(&little, "x");
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    CHECK_REFUSED(partita_app_check(app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "application \"x\": there is no pipeline: expected at least one");
    CHECK_REFUSED(partita_app_start(app, &error), error, PARTITA_INVALID_TOPOLOGY, "no pipeline");
    CHECK_STATUS(partita_app_start(app, NULL), PARTITA_INVALID_TOPOLOGY);
    partita_pipeline pipeline;
    CHECK_OK(partita_app_add_pipeline(app, str("p"), &pipeline, NULL));
    partita_source_options source = little_source(&little);
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    CHECK_OK(partita_app_check(app, &error));
    CHECK_OK(partita_app_start(app, &error));
    finish(app);
    CHECK_EQ(counter_read(&little.released), 2);
}

static void every_mistake_is_told_at_once_with_its_path(void) {
    little little = LITTLE();
    partita_app_options options = little_app(&little, "x");
    options.workers = 1025;
    options.key_groups = 65537;
    options.run_length = 65537;
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    partita_pipeline pipeline, twin, rest;
    CHECK_OK(partita_app_add_pipeline(app, str("p"), &pipeline, NULL));
    CHECK_OK(partita_app_add_pipeline(app, str("p"), &twin, NULL));
    CHECK_OK(partita_app_add_pipeline(app, str(""), &rest, NULL));
    partita_source_options source = little_source(&little);
    source.credits = UINT64_MAX;
    CHECK_OK(partita_pipeline_from_source(twin, &source, NULL));
    CHECK_OK(partita_pipeline_from_source(twin, &source, NULL));
    partita_step_options step = little_step(&little, "s", "nowhere");
    CHECK_OK(partita_pipeline_to_state_partition(twin, &step, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(twin, &step, NULL));
    partita_sink_options sink = little_sink(&little, "k");
    sink.capacity = UINT64_MAX;
    partita_sink handle;
    CHECK_OK(partita_pipeline_to_sink(twin, &sink, &handle, NULL));
    CHECK_OK(partita_pipeline_to_sink(twin, &sink, &handle, NULL));
    step.name = str("late");
    CHECK_OK(partita_pipeline_to_state_partition(twin, &step, NULL));
    static const char *const expected[][2] = {
        {"application \"x\"", "workers: expected 1 to 1024, got 1025"},
        {"application \"x\"", "key groups: expected"},
        {"application \"x\"", "run length: expected 1 to 65536, got 65537"},
        {"application \"x\"", "two pipelines are named \"p\": expected one"},
        {"application \"x\" / pipeline \"p\"", "there is no source: expected one"},
        {"application \"x\" / pipeline \"p\"", "it is never ended: expected a sink, or done"},
        {"application \"x\" / pipeline \"p\"", "credits: expected 1 to"},
        {"application \"x\" / pipeline \"p\"", "there are two sources: expected one"},
        {"application \"x\" / pipeline \"p\"", "\"late\" stands behind the end: expected it before"},
        {"application \"x\" / pipeline \"p\"", "two steps are named \"s\": expected one"},
        {"application \"x\" / pipeline \"p\"", "two sinks are named \"k\": expected one"},
        {"application \"x\" / pipeline \"p\" / step 1 \"s\"", "there is no partition \"nowhere\""},
        {"application \"x\" / pipeline \"p\" / step 2 \"s\"", "there is no partition \"nowhere\""},
        {"application \"x\" / pipeline \"p\" / step 3 \"late\"", "there is no partition \"nowhere\""},
        {"application \"x\" / pipeline \"p\" / sink \"k\"", "capacity: expected 1 to"},
        {"application \"x\" / pipeline \"p\" / sink \"k\"", "capacity: expected 1 to"},
        {"application \"x\" / pipeline \"\"", "the name is empty: expected a name"},
        {"application \"x\" / pipeline \"\"", "there is no source"},
        {"application \"x\" / pipeline \"\"", "it is never ended"},
    };
    size_t len, mistakes = sizeof expected / sizeof *expected;
    CHECK_STATUS(partita_app_check(app, &error), PARTITA_INVALID_TOPOLOGY);
    CHECK_OK(partita_error_len(error, &len));
    for (size_t index = 0; index < len && index < mistakes; index++) {
        partita_error_item item = {.size = sizeof item};
        CHECK_OK(partita_error_get(error, index, &item));
        CHECK_EQ(item.code, PARTITA_INVALID_TOPOLOGY);
        char message[256] = "";
        memcpy(message, item.message.ptr, item.message.len < 255 ? item.message.len : 255);
        bool as_expected = str_is(item.path, expected[index][0]) && strstr(message, expected[index][1]);
        if (!as_expected) {
            fprintf(stderr, "mistake %zu is \"%.*s: %s\": expected \"%s: %s\"\n", index,
                    (int)item.path.len, item.path.ptr, message, expected[index][0], expected[index][1]);
        }
        CHECK(as_expected);
    }
    CHECK_EQ(len, mistakes);
    /* The text has a line for each; one that does not fit is cut, and says how long it would be. */
    char text[8192];
    size_t whole, cut;
    CHECK_OK(partita_error_text(error, text, sizeof text, &whole));
    CHECK_EQ(strlen(text), whole);
    size_t lines = 1;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) lines++;
    CHECK_EQ(lines, mistakes);
    CHECK_OK(partita_error_text(error, text, 10, &cut));
    CHECK_EQ(cut, whole);
    CHECK_EQ(strlen(text), 9);
    CHECK_OK(partita_error_text(error, NULL, 0, &cut));
    CHECK_EQ(cut, whole);
    CHECK_OK(partita_error_free(error));
    CHECK_OK(partita_app_free(app));
    CHECK_EQ(counter_read(&little.released), 8);
}

static void a_partition_may_be_declared_twice_only_if_both_say_the_same(void) {
    static const uint64_t keys[] = {1, 2, 2}, others[] = {3};
    little little = LITTLE(), other = LITTLE();
    for (int change = 0; change < 5; change++) {
        partita_app_options options = little_app(&little, "x");
        partita_app app;
        CHECK_OK(partita_app_new(&options, &app, NULL));
        partita_partition_options first = little_partition(&little, "part");
        first.declared = 1, first.word_keys = keys, first.keys_len = 2;
        partita_partition_options second = first;
        const char *words = NULL;
        switch (change) {
        case 0: break;
        case 1: second.key_kind = PARTITA_KEY_BYTES, second.declared = 0, second.keys_len = 0;
            words = "declared twice, with words as keys and with bytes as keys: expected the same";
            break;
        case 2: second.word_keys = others, second.keys_len = 1;
            words = "declared twice, with different declared keys: expected the same";
            break;
        case 3: second.host = &other;
            words = "declared twice, with different builders: expected the same";
            break;
        case 4: second.state_size = 16;
            words = "declared twice, with different builders: expected the same";
            break;
        }
        CHECK_OK(partita_app_add_partition(app, &first, NULL));
        CHECK_OK(partita_app_add_partition(app, &second, NULL));
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("p"), &pipeline, NULL));
        partita_source_options source = little_source(&little);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options step = little_step(&little, "s", "part");
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        if (words) {
            CHECK_REFUSED(partita_app_start(app, &error), error, PARTITA_INVALID_TOPOLOGY, words);
        } else {
            CHECK_OK(partita_app_start(app, NULL));
        }
        CHECK_OK(partita_app_close(app, &soon, NULL));
        CHECK_OK(partita_app_free(app));
        CHECK_EQ(counter_read(&little.released) + counter_read(&other.released), 5 * (change + 1));
    }
}

static void declared_keys_are_checked(void) {
    static const uint64_t words[] = {1, 2, 2};
    static const partita_bytes bytes[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"a", 1}};
    static const partita_bytes null[] = {{NULL, 3}};
    little little = LITTLE();
    partita_app_options options = little_app(&little, "x");
    partita_app app;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    partita_partition_options partition = little_partition(&little, "part");
    partition.declared = 2;
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_ARGUMENT,
                  "partition \"part\": declared: expected 0 or 1");
    partition.declared = 0, partition.word_keys = words, partition.keys_len = 3;
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_ARGUMENT,
                  "keys are given, but declared is 0: expected it to be 1");
    partition.declared = 1, partition.word_keys = NULL;
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_ARGUMENT,
                  "word_keys is NULL: expected keys_len keys");
    partition.key_kind = PARTITA_KEY_BYTES, partition.byte_keys = null, partition.keys_len = 1;
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_ARGUMENT,
                  "byte_keys or a key in it is NULL");
    partition.key_kind = 3;
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_ARGUMENT,
                  "key_kind 3 is unknown: expected PARTITA_KEY_");
    /* The application has no handler: it needed its host no more. */
    CHECK_EQ(counter_read(&little.released), 1 + 5);
    /* What only the check finds. */
    partition.key_kind = PARTITA_KEY_BYTES, partition.byte_keys = bytes, partition.keys_len = 2;
    CHECK_OK(partita_app_add_partition(app, &partition, NULL));
    CHECK_REFUSED(partita_app_check(app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "key \"a\" is declared twice: expected once");
    partition.name = str("words"), partition.key_kind = PARTITA_KEY_WORD;
    partition.word_keys = words, partition.keys_len = 3;
    CHECK_OK(partita_app_add_partition(app, &partition, NULL));
    CHECK_REFUSED(partita_app_check(app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "key 2 is declared twice: expected once");
    partition.name = str("none"), partition.keys_len = 0;
    CHECK_OK(partita_app_add_partition(app, &partition, NULL));
    CHECK_REFUSED(partita_app_check(app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "no key is declared: expected at least one");
    partition.name = str("single"), partition.key_kind = PARTITA_KEY_SINGLE, partition.keys_len = 1;
    CHECK_OK(partita_app_add_partition(app, &partition, NULL));
    CHECK_REFUSED(partita_app_check(app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "keys are declared for a single part: expected none");
    CHECK_OK(partita_app_free(app));
    CHECK_EQ(counter_read(&little.released), 1 + 9);
}

static partita_bytes byte_key(void *host, partita_value data) {
    (void)host, (void)data;
    return (partita_bytes){(const uint8_t *)"k", 1};
}

static partita_status any_keys(void *host, partita_keys *keys) {
    (void)host, (void)keys;
    return PARTITA_OK;
}

static partita_status any_run(void *host, partita_run *run) {
    (void)host, (void)run;
    return PARTITA_OK;
}

static partita_status any_build(void *host, partita_build *build) {
    (void)host, (void)build;
    return PARTITA_OK;
}

static partita_status any_sink(void *host, partita_delivery *delivery) {
    (void)host, (void)delivery;
    return PARTITA_OK;
}

/* Each refused declaration releases its host, once, and leaves the application as it was. */
static void a_declaration_that_says_too_much_or_too_little_is_refused(void) {
    little little = LITTLE();
    little_declare(&little);
    uint64_t declared = counter_read(&little.released), released = declared;
#define REFUSED(call, words)                                                                         \
    CHECK_REFUSED(call, error, PARTITA_INVALID_ARGUMENT, words);                                     \
    CHECK_EQ(counter_read(&little.released), ++released)

    partita_app_options app = little_app(&little, "x");
    partita_app app_out = {77};
    app.threads = 4;
    REFUSED(partita_app_new(&app, &app_out, &error), "threads 4 is unknown: expected PARTITA_THREADS_");
    app.threads = 0;
    REFUSED(partita_app_new(&app, NULL, &error), "app_out is NULL");
    CHECK_EQ(app_out.id, 77);

    partita_partition_options partition = little_partition(&little, "more");
    partition.build = any_build;
    REFUSED(partita_app_add_partition(little.app, &partition, &error), "one of build and state_size");
    partition.build = NULL, partition.state_size = 0;
    REFUSED(partita_app_add_partition(little.app, &partition, &error), "one of build and state_size");
    partition.state_size = 8, partition.state_align = 3;
    REFUSED(partita_app_add_partition(little.app, &partition, &error), "state_align is no power of two");
    partition.state_size = SIZE_MAX, partition.state_align = 0;
    REFUSED(partita_app_add_partition(little.app, &partition, &error), "the state is too large");

    partita_step_options step = little_step(&little, "more", "counts");
    step.run = any_run;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error),
            "pipeline \"words\" / step 2 \"more\": expected one of run and compute");
    step.run = NULL, step.compute = NULL;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error), "one of run and compute");
    step.compute = little_count, step.byte_key = byte_key;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error),
            "more than one of keys, word_key and byte_key is set: expected one");
    step.byte_key = NULL, step.keys = any_keys;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error), "more than one of keys");
    step.keys = NULL, step.policy = 99;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error),
            "policy 99 is unknown: expected PARTITA_POLICY_STOP, PARTITA_POLICY_SKIP");

    partita_sink_options sink = little_sink(&little, "more");
    partita_sink sink_out = {77};
    REFUSED(partita_pipeline_to_sink(little.pipeline, &sink, NULL, &error), "sink_out is NULL: expected");
    sink.deliver = any_sink, sink.capacity = 1;
    REFUSED(partita_pipeline_to_sink(little.pipeline, &sink, &sink_out, &error), "capacity is set");
    sink.capacity = 0, sink.policy = 99;
    REFUSED(partita_pipeline_to_sink(little.pipeline, &sink, &sink_out, &error), "policy 99 is unknown");
    CHECK_EQ(sink_out.id, 77);
#undef REFUSED

    /* What depends on another declaration is found by the check. */
    partita_app_options options = little_app(&little, "x");
    partita_app second;
    partita_pipeline pipeline;
    CHECK_OK(partita_app_new(&options, &second, NULL));
    partition = little_partition(&little, "single"), partition.key_kind = PARTITA_KEY_SINGLE;
    CHECK_OK(partita_app_add_partition(second, &partition, NULL));
    partition = little_partition(&little, "bytes"), partition.key_kind = PARTITA_KEY_BYTES;
    CHECK_OK(partita_app_add_partition(second, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(second, str("p"), &pipeline, NULL));
    step = little_step(&little, "a", "single");
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    step = little_step(&little, "b", "bytes");
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    step.name = str("c"), step.word_key = NULL;
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_REFUSED(partita_app_check(second, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "step 1 \"a\": it has a partition function: expected none, for a single part");
    CHECK_REFUSED(partita_app_check(second, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "step 2 \"b\": its partition function gives keys of another kind: expected bytes");
    CHECK_REFUSED(partita_app_check(second, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "step 3 \"c\": there is no partition function: expected one");
    CHECK_OK(partita_app_free(second));
    released += 6;
    CHECK_EQ(counter_read(&little.released), released);

    /* Nothing of this has changed the first one. */
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    little_works(&little);
    finish(little.app);
    CHECK_EQ(counter_read(&little.released), released - declared + little_hosts(&little));
    CHECK_EQ(counter_read(&little.held), 0);
}

/* ---- arguments ---- */

static void null_is_refused_where_it_is_not_allowed(void) {
    little little = LITTLE();
    little_declare(&little);
    const partita_str nothing = {NULL, 0}, null = {NULL, 1};
    partita_pipeline pipeline = {77};
#define REFUSED(call, words) CHECK_REFUSED(call, error, PARTITA_INVALID_ARGUMENT, words)
    partita_app app_out;
    REFUSED(partita_app_new(NULL, &app_out, &error), "options is NULL");
    REFUSED(partita_app_add_partition(little.app, NULL, &error), "options is NULL");
    REFUSED(partita_app_add_pipeline(little.app, null, &pipeline, &error), "name is NULL");
    REFUSED(partita_app_add_pipeline(little.app, str("p"), NULL, &error), "pipeline_out is NULL");
    REFUSED(partita_pipeline_from_source(little.pipeline, NULL, &error), "options is NULL");
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, NULL, &error), "options is NULL");
    REFUSED(partita_pipeline_to(little.pipeline, NULL, &error), "options is NULL");
    REFUSED(partita_pipeline_to_sink(little.pipeline, NULL, &little.sink, &error), "options is NULL");
    CHECK_EQ(pipeline.id, 77);
    /* Nobody needs to take an error object. */
    CHECK_STATUS(partita_app_new(NULL, NULL, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_add_partition(little.app, NULL, NULL), PARTITA_INVALID_ARGUMENT);

    CHECK_OK(partita_app_start(little.app, NULL));
    REFUSED(partita_sender_new(little.pipeline, NULL, &error), "sender_out is NULL");
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    partita_value values[2] = {{.word = 1}, {.word = 2}};
    size_t len = 77;
    CHECK_STATUS(partita_send(little.sender, NULL, 1, NULL, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_send(little.sender, values, 2, NULL, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_send(little.sender, values, SIZE_MAX, NULL, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_send_batch(little.sender, NULL, NULL, &len), PARTITA_INVALID_ARGUMENT);
    partita_batch batch = {.size = sizeof batch, .len = 1};
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &len), PARTITA_INVALID_ARGUMENT);
    batch.len = 2, batch.values = values, batch.failed = 1;
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &len), PARTITA_INVALID_ARGUMENT);
    batch.failed = 2, batch.failure = null;
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &len), PARTITA_INVALID_ARGUMENT);
    partita_bytes keys[2] = {{NULL, 0}, {NULL, 5}};
    batch.failed = 0, batch.failure = nothing, batch.byte_keys = keys;
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_sink_poll(little.sink, NULL, 2, &not_at_all, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_sink_poll(little.sink, values, 2, &not_at_all, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_EQ(len, 77);
    CHECK_EQ(metrics_of(little.app).sent, 0);
    CHECK_OK(partita_send(little.sender, NULL, 0, NULL, &len));
    CHECK_EQ(len, 0);
    CHECK_OK(partita_sink_poll(little.sink, NULL, 0, NULL, &len));

    partita_reader reader = {77};
    REFUSED(partita_reader_new(little.app, str("counts"), NULL, &error), "reader_out is NULL");
    REFUSED(partita_reader_new(little.app, null, &reader, &error), "partition is NULL");
    CHECK_REFUSED(partita_reader_new(little.app, nothing, &reader, &error), error, PARTITA_NOT_FOUND,
                  "application \"little\": there is no partition \"\"");
    CHECK_EQ(reader.id, 77);
    CHECK_OK(partita_reader_new(little.app, str("counts"), &reader, NULL));
    partita_parts parts = {.size = sizeof parts, .capacity = 1};
    CHECK_STATUS(partita_reader_next(reader, NULL, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_reader_next(reader, &parts, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_reader_free(reader));

    CHECK_STATUS(partita_app_metrics(little.app, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_stage(little.app, 0, NULL), PARTITA_INVALID_ARGUMENT);
    partita_stage_metrics stage = {.size = sizeof stage, .completed = 77};
    CHECK_STATUS(partita_app_stage(little.app, 3, &stage), PARTITA_NOT_FOUND);
    CHECK_EQ(stage.completed, 77);
    CHECK_STATUS(partita_cancel_new(NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_worker_lost(little.app, 0, null), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_run_reserve(NULL, 1), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_emit(NULL, word(1)), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_emitter_fail(NULL, str("x")), PARTITA_INVALID_ARGUMENT);

    CHECK_STATUS(partita_app_start(little.app, &error), PARTITA_ALREADY_STARTED);
    partita_error_item item = {.size = sizeof item};
    CHECK_STATUS(partita_error_len(error, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_error_get(error, 0, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_error_get(error, 1, &item), PARTITA_NOT_FOUND);
    CHECK_STATUS(partita_error_text(error, NULL, 1, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_error_free(error));
#undef REFUSED
    little_works(&little);
    little_finish(&little);
}

static void text_that_is_not_utf8_is_refused(void) {
    static const partita_str wrong = {"a\xff", 2};
    little little = LITTLE();
    little_declare(&little);
    uint64_t declared = counter_read(&little.released);
#define REFUSED(call, words) CHECK_REFUSED(call, error, PARTITA_INVALID_UTF8, words)
    partita_app_options app = little_app(&little, "");
    partita_app app_out;
    app.name = wrong;
    REFUSED(partita_app_new(&app, &app_out, &error), "name is not UTF-8");
    partita_partition_options partition = little_partition(&little, "");
    partition.name = wrong;
    REFUSED(partita_app_add_partition(little.app, &partition, &error), "name is not UTF-8");
    partita_pipeline pipeline;
    REFUSED(partita_app_add_pipeline(little.app, wrong, &pipeline, &error), "name is not UTF-8");
    partita_step_options step = little_step(&little, "", "counts");
    step.name = wrong;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error), "name is not UTF-8");
    step.name = str("more"), step.partition = wrong;
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error), "partition is not UTF-8");
    partita_computation_options computation = {.size = sizeof computation, .name = wrong, .compute = little_count};
    REFUSED(partita_pipeline_to(little.pipeline, &computation, &error), "name is not UTF-8");
    partita_sink_options sink = little_sink(&little, "");
    partita_sink sink_out;
    sink.name = wrong;
    REFUSED(partita_pipeline_to_sink(little.pipeline, &sink, &sink_out, &error), "name is not UTF-8");
    CHECK_EQ(counter_read(&little.released), declared + 5);
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    partita_reader reader;
    REFUSED(partita_reader_new(little.app, wrong, &reader, &error), "partition is not UTF-8");
    partita_value value = word(1);
    size_t accepted = 77;
    partita_batch batch = {.size = sizeof batch, .len = 1, .values = &value, .failed = 1, .failure = wrong};
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &accepted), PARTITA_INVALID_UTF8);
    CHECK_EQ(accepted, 77);
    CHECK_STATUS(partita_app_worker_lost(little.app, 0, wrong), PARTITA_INVALID_UTF8);
#undef REFUSED
    little_works(&little);
    finish(little.app);
    CHECK_EQ(counter_read(&little.released), 5 + little_hosts(&little));
}

/* A struct with room behind it, as a newer header would have. */
#define NEWER(type)                                                                                  \
    struct {                                                                                         \
        type known;                                                                                  \
        uint64_t beyond;                                                                             \
    }

static void a_struct_may_be_of_an_older_or_newer_header(void) {
    little little = LITTLE();
    NEWER(partita_app_options) app = {.known = little_app(&little, "x")};
    partita_app out;
    /* The oldest had a name and no more; what follows counts as zero. */
    app.known.size = offsetof(partita_app_options, workers);
    app.known.threads = 4;
    CHECK_OK(partita_app_new(&app.known, &out, NULL));
    CHECK_OK(partita_app_free(out));
    CHECK_EQ(counter_read(&little.released), 0);
    app.known.threads = 0;
    app.known.size = sizeof app;
    CHECK_OK(partita_app_new(&app.known, &out, NULL));
    CHECK_OK(partita_app_free(out));
    CHECK_EQ(counter_read(&little.released), 1);
    app.beyond = 1;
    CHECK_REFUSED(partita_app_new(&app.known, &out, &error), error, PARTITA_UNSUPPORTED,
                  "options is larger than this version of the library knows: expected zero");
    static const size_t impossible[] = {0, 1, sizeof(size_t), 1 << 20, SIZE_MAX};
    for (size_t index = 0; index < sizeof impossible / sizeof *impossible; index++) {
        app.known.size = impossible[index];
        CHECK_REFUSED(partita_app_new(&app.known, &out, &error), error, PARTITA_INVALID_ARGUMENT,
                      "options is NULL or of impossible size");
    }
    CHECK_EQ(counter_read(&little.released), 1);

    /* The same for every other struct that a call reads. */
    little_declare(&little);
    uint64_t released = counter_read(&little.released);
    NEWER(partita_partition_options) partition = {.known = little_partition(&little, "more")};
    NEWER(partita_source_options) source = {.known = little_source(&little)};
    NEWER(partita_step_options) step = {.known = little_step(&little, "more", "counts")};
    NEWER(partita_sink_options) sink = {.known = little_sink(&little, "more")};
    partita_sink sink_out;
    for (int beyond = 0; beyond < 2; beyond++) {
        partita_status expected = beyond ? PARTITA_UNSUPPORTED : PARTITA_INVALID_ARGUMENT;
        partition.known.size = source.known.size = step.known.size = sink.known.size = beyond ? 0 : 1;
        if (beyond) {
            partition.known.size = sizeof partition, partition.beyond = 1;
            source.known.size = sizeof source, source.beyond = 1;
            step.known.size = sizeof step, step.beyond = 1;
            sink.known.size = sizeof sink, sink.beyond = 1;
        }
        CHECK_STATUS(partita_app_add_partition(little.app, &partition.known, NULL), expected);
        CHECK_STATUS(partita_pipeline_from_source(little.pipeline, &source.known, NULL), expected);
        CHECK_STATUS(partita_pipeline_to_state_partition(little.pipeline, &step.known, NULL), expected);
        CHECK_STATUS(partita_pipeline_to_sink(little.pipeline, &sink.known, &sink_out, NULL), expected);
    }
    CHECK_EQ(counter_read(&little.released), released);
    partition.beyond = 0;
    CHECK_OK(partita_app_add_partition(little.app, &partition.known, NULL));
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));

    NEWER(partita_wait) wait = {.known = soon};
    wait.known.size = sizeof wait;
    CHECK_OK(partita_app_drain(little.app, &wait.known, NULL));
    wait.beyond = 1;
    CHECK_REFUSED(partita_app_drain(little.app, &wait.known, &error), error, PARTITA_UNSUPPORTED,
                  "wait is larger");
    wait.known.size = 8;
    CHECK_REFUSED(partita_app_drain(little.app, &wait.known, &error), error, PARTITA_INVALID_ARGUMENT,
                  "wait has an impossible size or timeout: expected");
    wait.known = wait_ms(1), wait.known.timeout_ns = -2;
    CHECK_REFUSED(partita_app_drain(little.app, &wait.known, &error), error, PARTITA_INVALID_ARGUMENT,
                  "wait has an impossible size or timeout: expected");
    CHECK_REFUSED(partita_app_wait(little.app, &wait.known, &error), error, PARTITA_INVALID_ARGUMENT, "wait");
    CHECK_REFUSED(partita_app_close(little.app, &wait.known, &error), error, PARTITA_INVALID_ARGUMENT, "wait");
    partita_value value = word(1);
    size_t len = 77;
    CHECK_STATUS(partita_send(little.sender, &value, 1, &wait.known, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_sink_poll(little.sink, &value, 1, &wait.known, &len), PARTITA_INVALID_ARGUMENT);
    partita_batch batch = {.size = 0, .len = 1, .values = &value};
    CHECK_STATUS(partita_send_batch(little.sender, &batch, NULL, &len), PARTITA_INVALID_ARGUMENT);
    partita_reader reader;
    CHECK_OK(partita_reader_new(little.app, str("counts"), &reader, NULL));
    partita_parts parts = {.size = 1};
    CHECK_STATUS(partita_reader_next(reader, &parts, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_reader_free(reader));
    CHECK_EQ(len, 77);
    little_works(&little);

    /* A struct that a call writes is written as far as its size goes. */
    partita_metrics full = metrics_of(little.app), old = {.size = offsetof(partita_metrics, computed)};
    CHECK_OK(partita_app_metrics(little.app, &old));
    CHECK_EQ(old.size, offsetof(partita_metrics, computed));
    CHECK_EQ(old.sent, full.sent);
    CHECK_EQ(old.computed, 0);
    NEWER(partita_metrics) newer = {.known = {.size = sizeof newer}, .beyond = 77};
    CHECK_OK(partita_app_metrics(little.app, &newer.known));
    CHECK_EQ(newer.known.stages, full.stages);
    CHECK_EQ(newer.beyond, 77);
    old.size = 7;
    CHECK_STATUS(partita_app_metrics(little.app, &old), PARTITA_INVALID_ARGUMENT);
    partita_stage_metrics stage = {.size = SIZE_MAX};
    CHECK_STATUS(partita_app_stage(little.app, 0, &stage), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_start(little.app, &error), PARTITA_ALREADY_STARTED);
    partita_error_item item = {.size = 8};
    CHECK_STATUS(partita_error_get(error, 0, &item), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_error_free(error));
    finish(little.app);
}

/* ---- handles ---- */

/* Every function that takes a handle, called with this one in its place. */
static void check_handle_is_refused(uint64_t id, const little *live) {
    const partita_app app = {id};
    const partita_pipeline pipeline = {id};
    const partita_sender sender = {id};
    const partita_sink sink = {id};
    const partita_cancel cancel = {id};
    const partita_reader reader = {id};
    const partita_error fault = {id};
    little little = LITTLE();
    partita_pipeline pipeline_out;
    partita_sink sink_out;
    partita_sender sender_out;
    partita_reader reader_out;
    partita_partition_options partition = little_partition(&little, "p");
    partita_source_options source = little_source(&little);
    partita_step_options step = little_step(&little, "s", "p");
    partita_sink_options queue = little_sink(&little, "q");
    partita_metrics metrics = {.size = sizeof metrics};
    partita_stage_metrics stage = {.size = sizeof stage};
    partita_error_item item = {.size = sizeof item};
    partita_parts parts = {.size = sizeof parts};
    partita_value value = word(1);
    partita_batch batch = {.size = sizeof batch, .len = 1, .values = &value};
    partita_computation_options computation = {.size = sizeof computation, .name = str("c"), .compute = little_count};
    partita_push push = {.size = sizeof push};
    partita_admission admission = {.size = sizeof admission, .wanted = 1};
    size_t len;
#define REFUSED(call) CHECK_STATUS(call, PARTITA_INVALID_HANDLE)
    CHECK_REFUSED(partita_app_add_partition(app, &partition, &error), error, PARTITA_INVALID_HANDLE,
                  "the handle is zero, stale, or of another kind");
    REFUSED(partita_app_add_pipeline(app, str("p"), &pipeline_out, NULL));
    REFUSED(partita_app_check(app, NULL));
    REFUSED(partita_app_start(app, NULL));
    REFUSED(partita_app_run_worker(app, 0));
    REFUSED(partita_app_worker_lost(app, 0, str("")));
    REFUSED(partita_app_step(app, 1, NULL));
    REFUSED(partita_app_advance(app, 1));
    REFUSED(partita_app_stop(app));
    REFUSED(partita_app_wait(app, &not_at_all, NULL));
    REFUSED(partita_app_drain(app, &not_at_all, NULL));
    REFUSED(partita_app_failure(app, NULL));
    REFUSED(partita_app_close(app, &not_at_all, NULL));
    REFUSED(partita_app_free(app));
    REFUSED(partita_app_metrics(app, &metrics));
    REFUSED(partita_app_stage(app, 0, &stage));
    REFUSED(partita_reader_new(app, str("counts"), &reader_out, NULL));
    REFUSED(partita_pipeline_from_source(pipeline, &source, NULL));
    REFUSED(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    REFUSED(partita_pipeline_to(pipeline, &computation, NULL));
    REFUSED(partita_pipeline_to_sink(pipeline, &queue, &sink_out, NULL));
    REFUSED(partita_pipeline_done(pipeline, NULL));
    REFUSED(partita_sender_new(pipeline, &sender_out, NULL));
    REFUSED(partita_send(sender, &value, 1, &not_at_all, &len));
    REFUSED(partita_send_batch(sender, &batch, &not_at_all, &len));
    REFUSED(partita_sender_admit(sender, &admission, &not_at_all, &len));
    REFUSED(partita_sender_push(sender, &push));
    REFUSED(partita_sender_free(sender));
    REFUSED(partita_sink_poll(sink, &value, 1, &not_at_all, &len));
    REFUSED(partita_reader_next(reader, &parts, &len));
    REFUSED(partita_reader_free(reader));
    REFUSED(partita_cancel_fire(cancel));
    REFUSED(partita_cancel_free(cancel));
    REFUSED(partita_error_len(fault, &len));
    REFUSED(partita_error_get(fault, 0, &item));
    REFUSED(partita_error_text(fault, NULL, 0, &len));
    REFUSED(partita_error_free(fault));
    if (id != 0) {
        partita_wait wait = {.size = sizeof wait, .cancel = {id}};
        CHECK_REFUSED(partita_app_drain(live->app, &wait, &error), error, PARTITA_INVALID_HANDLE,
                      "wait.cancel is stale or of another kind: expected a cancel");
        REFUSED(partita_send(live->sender, &value, 1, &wait, &len));
        REFUSED(partita_sink_poll(live->sink, &value, 1, &wait, &len));
    }
#undef REFUSED
    /* As the header says: this refusal does not release the host. */
    CHECK_EQ(counter_read(&little.released), 0);
}

static void zero_stale_and_foreign_handles_are_refused(void) {
    little live = LITTLE(), gone = LITTLE();
    little_start(&gone);
    uint64_t stale[] = {gone.app.id, gone.pipeline.id, gone.sender.id, gone.sink.id};
    little_finish(&gone);
    little_start(&live);
    check_handle_is_refused(0, &live);
    check_handle_is_refused(1, &live);
    check_handle_is_refused(UINT64_MAX, &live);
    for (size_t index = 0; index < sizeof stale / sizeof *stale; index++) {
        check_handle_is_refused(stale[index], &live);
        check_handle_is_refused(stale[index] ^ UINT64_C(1) << 56, &live);
    }
    /* Another generation, another slot, another kind than any there is. */
    check_handle_is_refused(live.app.id ^ UINT64_C(1) << 40, &live);
    check_handle_is_refused(live.app.id ^ UINT64_C(1) << 20, &live);
    check_handle_is_refused(live.app.id ^ UINT64_C(0x80) << 56, &live);
    /* Handles of one kind where another is expected. */
    partita_value value = word(1);
    size_t len;
    CHECK_STATUS(partita_send((partita_sender){live.app.id}, &value, 1, NULL, &len), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_app_stop((partita_app){live.sender.id}), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_cancel_fire((partita_cancel){live.sink.id}), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_sender_free((partita_sender){live.pipeline.id}), PARTITA_INVALID_HANDLE);
    little_works(&live);

    partita_sender sender = live.sender;
    CHECK_OK(partita_sender_free(sender));
    check_handle_is_refused(sender.id, &live);
    CHECK_OK(partita_sender_new(live.pipeline, &live.sender, NULL));
    partita_cancel cancel;
    CHECK_OK(partita_cancel_new(&cancel));
    CHECK_OK(partita_cancel_free(cancel));
    check_handle_is_refused(cancel.id, &live);
    partita_reader reader;
    CHECK_OK(partita_reader_new(live.app, str("counts"), &reader, NULL));
    CHECK_OK(partita_reader_free(reader));
    check_handle_is_refused(reader.id, &live);
    CHECK_STATUS(partita_app_start(live.app, &error), PARTITA_ALREADY_STARTED);
    CHECK_OK(partita_error_free(error));
    check_handle_is_refused(error.id, &live);
    little_works(&live);
    little_finish(&live);
}

/* ---- states of life ---- */

static void before_the_start_nothing_runs(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST);
    little_declare(&little);
#define REFUSED(call) CHECK_STATUS(call, PARTITA_NOT_STARTED)
    partita_value value;
    partita_sender sender;
    partita_reader reader;
    size_t len;
    partita_metrics metrics = {.size = sizeof metrics};
    partita_stage_metrics stage = {.size = sizeof stage};
    CHECK_REFUSED(partita_sender_new(little.pipeline, &sender, &error), error, PARTITA_NOT_STARTED,
                  "application \"little\": the application is not started");
    REFUSED(partita_reader_new(little.app, str("counts"), &reader, NULL));
    REFUSED(partita_sink_poll(little.sink, &value, 1, NULL, &len));
    REFUSED(partita_app_run_worker(little.app, 0));
    REFUSED(partita_app_worker_lost(little.app, 0, str("")));
    REFUSED(partita_app_stop(little.app));
    REFUSED(partita_app_wait(little.app, NULL, NULL));
    REFUSED(partita_app_drain(little.app, NULL, NULL));
    REFUSED(partita_app_metrics(little.app, &metrics));
    REFUSED(partita_app_stage(little.app, 0, &stage));
#undef REFUSED
    CHECK_OK(partita_app_failure(little.app, &error));
    /* Closing what was never started releases what was declared, and ends it. */
    CHECK_OK(partita_app_close(little.app, NULL, NULL));
    CHECK_EQ(counter_read(&little.released), little_hosts(&little));
    CHECK_OK(partita_app_close(little.app, &not_at_all, NULL));
    CHECK_REFUSED(partita_app_start(little.app, &error), error, PARTITA_ALREADY_STARTED,
                  "application \"little\": the application was started before");
    CHECK_STATUS(partita_app_run_worker(little.app, 0), PARTITA_NOT_STARTED);
    CHECK_OK(partita_app_free(little.app));
    CHECK_EQ(counter_read(&little.released), little_hosts(&little));
}

static void after_the_start_nothing_is_declared(void) {
    little little = LITTLE();
    little_start(&little);
    uint64_t started = counter_read(&little.released);
    partita_pipeline pipeline;
    partita_sink sink_out;
    partita_partition_options partition = little_partition(&little, "p");
    partita_source_options source = little_source(&little);
    partita_step_options step = little_step(&little, "s", "p");
    partita_sink_options sink = little_sink(&little, "q");
#define REFUSED(call)                                                                                \
    CHECK_REFUSED(call, error, PARTITA_ALREADY_STARTED, "application \"little\": the application was started before")
    REFUSED(partita_app_add_partition(little.app, &partition, &error));
    REFUSED(partita_pipeline_from_source(little.pipeline, &source, &error));
    REFUSED(partita_pipeline_to_state_partition(little.pipeline, &step, &error));
    REFUSED(partita_pipeline_to_sink(little.pipeline, &sink, &sink_out, &error));
    CHECK_EQ(counter_read(&little.released), started + 4);
    REFUSED(partita_app_add_pipeline(little.app, str("p"), &pipeline, &error));
    REFUSED(partita_pipeline_done(little.pipeline, &error));
    REFUSED(partita_app_check(little.app, &error));
    REFUSED(partita_app_start(little.app, &error));
#undef REFUSED
    /* Workers come from the engine here. */
    CHECK_STATUS(partita_app_run_worker(little.app, 0), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_free(little.app), PARTITA_BUSY);
    little_works(&little);
    finish(little.app);
    CHECK_EQ(counter_read(&little.released), 4 + little_hosts(&little));
}

static void after_the_close_counts_can_be_read_and_nothing_else(void) {
    little little = LITTLE();
    little_start(&little);
    little_works(&little);
    CHECK_OK(partita_app_close(little.app, NULL, NULL));
    CHECK_OK(partita_app_close(little.app, &not_at_all, NULL));
    CHECK_EQ(counter_read(&little.released), little_hosts(&little));
    size_t accepted = 77;
    CHECK_STATUS(little_send_until(&little, 1, NULL, &accepted), PARTITA_CLOSED);
    CHECK_EQ(accepted, 0);
    partita_value value;
    partita_sender sender;
    partita_reader reader;
    size_t len = 77;
    CHECK_STATUS(partita_sink_poll(little.sink, &value, 1, NULL, &len), PARTITA_CLOSED);
    CHECK_EQ(len, 77);
    CHECK_REFUSED(partita_sender_new(little.pipeline, &sender, &error), error, PARTITA_CLOSED,
                  "the application is closed");
    CHECK_REFUSED(partita_reader_new(little.app, str("counts"), &reader, &error), error, PARTITA_CLOSED,
                  "the application is closed");
    CHECK_REFUSED(partita_app_drain(little.app, NULL, &error), error, PARTITA_CLOSED, "closed");
    CHECK_REFUSED(partita_app_wait(little.app, NULL, &error), error, PARTITA_CLOSED, "closed");
    CHECK_STATUS(partita_app_stop(little.app), PARTITA_CLOSED);
    CHECK_STATUS(partita_app_start(little.app, NULL), PARTITA_ALREADY_STARTED);
    CHECK_STATUS(partita_app_run_worker(little.app, 0), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_app_failure(little.app, NULL));
    partita_metrics metrics = metrics_of(little.app);
    CHECK_EQ(metrics.sent, 100);
    CHECK_EQ(metrics.delivered, 100);
    CHECK_EQ(metrics.values_held, 0);
    CHECK_EQ(metrics.parts, 0);
    CHECK(str_is(stage_of(little.app, 0).path, "application \"little\" / pipeline \"words\" / source"));
    CHECK_OK(partita_app_free(little.app));
    CHECK_STATUS(partita_app_free(little.app), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_app_close(little.app, NULL, NULL), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_sender_free(little.sender), PARTITA_INVALID_HANDLE);
    CHECK_EQ(counter_read(&little.released), little_hosts(&little));
}

static void a_worker_has_its_place_alone(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .workers = 2);
    little_start(&little);
    little_works(&little);
    /* Both are inside now, or will be: one more finds either index taken sooner or later. */
    CHECK_STATUS(partita_app_run_worker(little.app, 2), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_run_worker(little.app, UINT32_MAX), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_worker_lost(little.app, 0, str("not in a callback")), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_worker_lost(little.app, 9, str("no such worker")), PARTITA_INVALID_ARGUMENT);
    little_works(&little);
    little_finish(&little);
    CHECK_STATUS(partita_app_run_worker(little.app, 0), PARTITA_INVALID_HANDLE);
}

static int32_t wait_inside(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    little *little = host;
    counter_add(&little->first, 1);
    counter_wait(&little->second, 1);
    return little_count(host, data, state, emitter);
}

static void a_worker_that_is_inside_is_busy(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .compute = wait_inside);
    little_start(&little);
    little_send(&little, 1);
    counter_wait(&little.first, 1);
    CHECK_STATUS(partita_app_run_worker(little.app, 0), PARTITA_BUSY);
    counter_add(&little.second, 1);
    little_poll(&little, 1);
    little_finish(&little);
}

static void a_stack_that_cannot_be_had_is_told(void) {
    little little = LITTLE(.workers = 2, .stack_size = (size_t)1 << 60);
    little_declare(&little);
    CHECK_REFUSED(partita_app_start(little.app, &error), error, PARTITA_THREAD, "application \"little\"");
    CHECK_STATUS(partita_app_start(little.app, NULL), PARTITA_ALREADY_STARTED);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    CHECK_EQ(counter_read(&little.released), little_hosts(&little));
    CHECK_OK(partita_app_free(little.app));
}

int main(void) {
    an_empty_application_is_refused_and_can_be_mended();
    every_mistake_is_told_at_once_with_its_path();
    a_partition_may_be_declared_twice_only_if_both_say_the_same();
    declared_keys_are_checked();
    a_declaration_that_says_too_much_or_too_little_is_refused();
    null_is_refused_where_it_is_not_allowed();
    text_that_is_not_utf8_is_refused();
    a_struct_may_be_of_an_older_or_newer_header();
    zero_stale_and_foreign_handles_are_refused();
    before_the_start_nothing_runs();
    after_the_start_nothing_is_declared();
    after_the_close_counts_can_be_read_and_nothing_else();
    a_worker_has_its_place_alone();
    a_worker_that_is_inside_is_busy();
    a_stack_that_cannot_be_had_is_told();
    return 0;
}
