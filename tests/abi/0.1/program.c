/* A program of its time: it is built with the header beside it, knows nothing of what came later, and runs with every
 * later library of the same ABI. It uses each struct that tells its size and that 0.0 did not have, or not as large. */
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

static partita_value word(uint64_t number) { return (partita_value){.word = number}; }

/* What happened; `lock` guards it. */
static struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t released, computed, answered, dead, completed, decoded, encoded, logged;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void note(uint64_t *count, uint64_t amount) {
    pthread_mutex_lock(&seen.lock);
    *count += amount;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_for(const uint64_t *count, uint64_t number) {
    pthread_mutex_lock(&seen.lock);
    while (*count < number) pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void release(void *host) {
    (void)host;
    note(&seen.released, 1);
}

static uint64_t last_digit(void *host, partita_value data) {
    (void)host;
    return data.word % 10;
}

/* Runs stateless steps of which there is one: adds 10 to each message. */
static partita_status add_ten(void *host, partita_chain *chain) {
    (void)host;
    CHECK(chain->size >= sizeof *chain && chain->steps == 1 && chain->outputs_capacity >= chain->len);
    for (size_t index = 0; index < chain->len; index++) {
        chain->outputs[index] = (partita_output){word(chain->values[index].word + 10), index};
    }
    chain->outputs_len = chain->completed[0] = chain->len;
    return PARTITA_OK;
}

/* Counts, and passes on; what ends in 3 fails, also when it is tried again. */
static int32_t count(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    note(&seen.computed, 1);
    if (data.word % 10 == 3) return PARTITA_COMPUTE_FAILED;
    ++*(uint64_t *)state.ptr;
    CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

static partita_status answer(void *host, partita_answers *answers) {
    (void)host;
    CHECK(answers->size >= sizeof *answers);
    for (size_t index = 0; index < answers->len; index++) {
        CHECK(answers->tokens[index] == 100 + answers->values[index].word - 10);
    }
    note(&seen.answered, answers->len);
    answers->done = answers->len;
    return PARTITA_OK;
}

/* ---- without threads: completions, quarantine, a buffer, a send in two halves ---- */

static partita_app app;
static partita_pipeline pipeline;

static int64_t no_time(void *host) {
    (void)host;
    return 0;
}

static void declare_stepped(void) {
    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("stepped"),
        .threads = PARTITA_THREADS_NONE, .host = &seen, .drop_host = release, .now = no_time};
    partita_partition_options digits = {.size = sizeof digits, .name = PARTITA_STR("digits"),
        .state_size = sizeof(uint64_t)};
    partita_source_options source = {.size = sizeof source};
    partita_computation_options first = {.size = sizeof first, .name = PARTITA_STR("ten"),
        .host = &seen, .drop_host = release, .chain = add_ten};
    partita_step_options second = {.size = sizeof second, .name = PARTITA_STR("count"),
        .partition = PARTITA_STR("digits"), .policy = PARTITA_POLICY_QUARANTINE, .host = &seen,
        .drop_host = release, .word_key = last_digit, .compute = count, .retries = 2};
    partita_sink_options sink = {.size = sizeof sink, .name = PARTITA_STR("callers"), .host = &seen,
        .drop_host = release, .answer = answer};
    CHECK_OK(partita_app_new(&app_options, &app, NULL));
    CHECK_OK(partita_app_add_partition(app, &digits, NULL));
    CHECK_OK(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("numbers"), &pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to(pipeline, &first, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &second, NULL));
    CHECK_OK(partita_pipeline_to_sink(pipeline, &sink, NULL, NULL));
    char text[4096];
    size_t len;
    CHECK_OK(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, sizeof text, &len, NULL));
    CHECK(len > 0 && strstr(text, "callers") != NULL);
}

static void step_all(void) {
    FENCED(partita_stepped) stepped = {.in = {.size = sizeof(partita_stepped)}};
    fence(stepped.fence);
    do CHECK_OK(partita_app_step(app, 100, &stepped.in));
    while (stepped.in.turns > 0);
    check_fence(stepped.fence);
    CHECK(stepped.in.idle_ns == PARTITA_FOREVER);
}

/* Takes so many completions, in the order of their tokens: 100, 101, ... */
static void take_completions(size_t expected) {
    uint64_t tokens[16], dead[16];
    uint32_t reasons[16];
    char texts[16][32];
    partita_completions completions = {.size = sizeof completions, .capacity = 16, .tokens = tokens,
        .dead = dead, .reasons = reasons, .texts = texts[0], .text_size = sizeof texts[0]};
    size_t len;
    CHECK_OK(partita_app_poll_completions(app, &completions, &soon, &len));
    CHECK(len == expected);
    for (size_t index = 0; index < len; index++) {
        bool failed = tokens[index] == 103;
        CHECK(dead[index] == failed);
        CHECK(reasons[index] == (failed ? PARTITA_DEAD_COMPUTE : 0));
    }
}

static void send_with_tokens(partita_sender sender) {
    partita_value values[10];
    uint64_t tokens[10], position = 0;
    for (uint64_t index = 0; index < 10; index++) {
        values[index] = word(index);
        tokens[index] = 100 + index;
    }
    partita_batch batch = {.size = sizeof batch, .len = 10, .values = values, .tokens = tokens,
        .tokens_len = 10, .position_out = &position};
    size_t accepted;
    CHECK_OK(partita_send_batch(sender, &batch, &soon, &accepted));
    CHECK(accepted == 10 && position == 10);
    step_all();
    /* What ends in 3 was tried three times. */
    CHECK(seen.computed == 9 + 3 && seen.answered == 9);
    take_completions(10);
    uint64_t watermark = 0;
    CHECK_OK(partita_pipeline_watermark(pipeline, position, &soon, &watermark));
    CHECK(watermark == 10);
}

static void release_from_quarantine(void) {
    partita_str digits = PARTITA_STR("digits");
    partita_reader reader;
    uint64_t key = 0;
    partita_parts parts = {.size = sizeof parts, .capacity = 1, .word_keys = &key};
    size_t len;
    CHECK_OK(partita_quarantine_reader_new(app, digits, &reader, NULL));
    CHECK_OK(partita_reader_next(reader, &parts, &len));
    CHECK(len == 1 && key == 3);
    CHECK_OK(partita_reader_free(reader));
    CHECK_OK(partita_quarantine_release(app, digits, key, (partita_bytes){0}, NULL));
    FENCED(partita_metrics) metrics = {.in = {.size = sizeof(partita_metrics)}};
    fence(metrics.fence);
    CHECK_OK(partita_app_metrics(app, &metrics.in));
    check_fence(metrics.fence);
    CHECK(metrics.in.quarantined == 0 && metrics.in.dead[PARTITA_DEAD_COMPUTE] == 1);
}

static void send_in_halves(partita_sender sender) {
    uint64_t token = 101;
    size_t admitted, completed = 1;
    partita_admission admission = {.size = sizeof admission, .wanted = 1, .tokens = &token, .tokens_len = 1};
    CHECK_OK(partita_sender_admit(sender, &admission, &soon, &admitted));
    CHECK(admitted == 1);
    partita_value value = word(11);
    partita_push push = {.size = sizeof push, .done = 1, .len = 1, .values = &value, .completed = &completed,
        .steps = 1, .ends = 1};
    CHECK_OK(partita_sender_push(sender, &push));
    step_all();
    CHECK(seen.answered == 10);
    take_completions(1);
}

static void send_through_a_buffer(void) {
    partita_buffer_options options = {.size = sizeof options, .messages = 4};
    partita_buffer buffer;
    CHECK_OK(partita_buffer_new(pipeline, &options, &buffer, NULL));
    partita_value value = word(5);
    size_t accepted;
    CHECK_OK(partita_buffer_send(buffer, &value, 1, &soon, &accepted));
    CHECK_OK(partita_buffer_flush(buffer));
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    CHECK_OK(partita_buffer_free(buffer));
}

static void run_stepped(void) {
    declare_stepped();
    CHECK_OK(partita_app_start(app, NULL));
    partita_sender sender;
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    send_with_tokens(sender);
    release_from_quarantine();
    send_in_halves(sender);
    send_through_a_buffer();
    CHECK_OK(partita_pipeline_watch(pipeline, 100, PARTITA_FOREVER));
    take_completions(1);
    CHECK_OK(partita_app_close(app, &soon, NULL));
    CHECK_OK(partita_app_free(app));
    CHECK(seen.released == 4);
}

/* ---- streams: bytes of a sink of one application are messages of the source of another ---- */

/* Frames are a byte, how many follow. */
static partita_status split(void *host, partita_split *split) {
    (void)host;
    CHECK(split->size >= sizeof *split);
    size_t start = 0;
    for (; split->done < split->capacity && start < split->bytes.len; split->done++) {
        size_t len = split->bytes.ptr[start];
        split->frames[split->done] = (partita_frame){start + 1, len, start + 1 + len};
        start += 1 + len;
    }
    return PARTITA_OK;
}

static partita_status decode(void *host, partita_decode *decode) {
    (void)host;
    CHECK(decode->size >= sizeof *decode);
    for (; decode->done < decode->len; decode->done++) {
        partita_frame frame = decode->frames[decode->done];
        CHECK(frame.len == 1);
        decode->values[decode->done] = word(decode->bytes.ptr[frame.start]);
    }
    note(&seen.decoded, decode->done);
    return PARTITA_OK;
}

static partita_status encode(void *host, partita_encode *encode) {
    (void)host;
    CHECK(encode->size >= sizeof *encode);
    for (size_t end = 0; encode->done < encode->len && end + 2 <= encode->capacity; encode->done++) {
        encode->bytes[end] = 1;
        encode->bytes[end + 1] = (uint8_t)encode->values[encode->done].word;
        encode->ends[encode->done] = end += 2;
    }
    encode->needed = 2;
    note(&seen.encoded, encode->done);
    return encode->done == encode->len ? PARTITA_OK : PARTITA_OUTPUTS_FULL;
}

static partita_status completed(void *host, partita_completed *completed) {
    (void)host;
    CHECK(completed->size >= sizeof *completed && completed->completion_size >= sizeof(partita_completion));
    const char *at = (const char *)completed->completions;
    for (size_t index = 0; index < completed->len; index++, at += completed->completion_size) {
        const partita_completion *completion = (const void *)at;
        CHECK(completion->token == 7 && completion->dead == 0 && completion->reason == 0);
    }
    note(&seen.completed, completed->len);
    return PARTITA_OK;
}

static partita_status bury(void *host, partita_dead_letters *letters) {
    (void)host;
    const char *at = (const char *)letters->letters;
    for (size_t index = 0; index < letters->len; index++, at += letters->letter_size) {
        const partita_dead_letter *letter = (const void *)at;
        CHECK(letter->reason == PARTITA_DEAD_COMPUTE && letter->value.word % 10 == 3);
        CHECK(letter->frame.ptr == NULL);
    }
    note(&seen.dead, letters->len);
    letters->done = letters->len;
    return PARTITA_OK;
}

static void take_note(void *host, const partita_log_record *record) {
    (void)host;
    CHECK(record->size >= sizeof *record && record->level <= PARTITA_LOG_ERROR && record->text.len > 0);
    note(&seen.logged, 1);
}

static void declare_receiver(void) {
    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("receiver"),
        .workers = 1, .host = &seen, .drop_host = release, .dead_letters = bury, .log = take_note};
    partita_partition_options digits = {.size = sizeof digits, .name = PARTITA_STR("digits"),
        .state_size = sizeof(uint64_t)};
    partita_tcp_source_options source = {.size = sizeof source, .address = PARTITA_STR("127.0.0.1:0"),
        .framing = PARTITA_FRAMING_HEADER, .header_length = 1, .split = split, .decode = decode,
        .host = &seen, .drop_host = release, .ack_request = {(const uint8_t *)"acknowledge", 11}};
    partita_step_options step = {.size = sizeof step, .name = PARTITA_STR("count"),
        .partition = PARTITA_STR("digits"), .policy = PARTITA_POLICY_SKIP, .host = &seen,
        .drop_host = release, .word_key = last_digit, .compute = count, .blocking = 1};
    CHECK_OK(partita_app_new(&app_options, &app, NULL));
    CHECK_OK(partita_app_add_partition(app, &digits, NULL));
    CHECK_OK(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("stream"), &pipeline, NULL));
    CHECK_OK(partita_pipeline_from_tcp(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
}

static void check_traffic(partita_traffic *traffic, const unsigned char *behind) {
    check_fence(behind);
    CHECK(traffic->connected == 1 && traffic->bytes == 20 && traffic->cut == 0);
}

/* Sends ten bytes to where the receiver listens. */
static void send_stream(void) {
    char address[64];
    size_t len;
    CHECK_OK(partita_pipeline_address(pipeline, address, sizeof address, &len));
    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("sender"),
        .workers = 1, .host = &seen, .drop_host = release, .completed = completed, .log = take_note};
    partita_source_options source = {.size = sizeof source};
    partita_tcp_sink_options sink_options = {.size = sizeof sink_options, .name = PARTITA_STR("out"),
        .host = &seen, .drop_host = release, .address = {address, len}, .encode = encode};
    partita_app from;
    partita_pipeline bytes;
    partita_sink sink;
    partita_sender sender;
    CHECK_OK(partita_app_new(&app_options, &from, NULL));
    CHECK_OK(partita_app_add_pipeline(from, (partita_str)PARTITA_STR("bytes"), &bytes, NULL));
    CHECK_OK(partita_pipeline_from_source(bytes, &source, NULL));
    CHECK_OK(partita_pipeline_to_tcp(bytes, &sink_options, &sink, NULL));
    CHECK_OK(partita_app_start(from, NULL));
    CHECK_OK(partita_sender_new(bytes, &sender, NULL));
    partita_value values[10];
    for (uint64_t index = 0; index < 10; index++) values[index] = word(index);
    uint64_t token = 7;
    partita_batch batch = {.size = sizeof batch, .len = 10, .values = values, .tokens = &token, .tokens_len = 1};
    size_t accepted;
    CHECK_OK(partita_send_batch(sender, &batch, &soon, &accepted));
    CHECK(accepted == 10);
    CHECK_OK(partita_app_drain(from, &soon, NULL));
    FENCED(partita_traffic) traffic = {.in = {.size = sizeof(partita_traffic)}};
    fence(traffic.fence);
    CHECK_OK(partita_sink_traffic(sink, &traffic.in));
    check_traffic(&traffic.in, traffic.fence);
    CHECK_OK(partita_app_close(from, &soon, NULL));
    CHECK_OK(partita_app_free(from));
    CHECK(seen.completed == 1 && seen.encoded == 10);
}

static void run_streams(void) {
    seen.released = seen.computed = 0;
    declare_receiver();
    CHECK_OK(partita_app_start(app, NULL));
    uint32_t threads = 0;
    CHECK_OK(partita_app_thread_count(app, &threads));
    CHECK(threads == 3);
    send_stream();
    wait_for(&seen.computed, 10);
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    CHECK_OK(partita_app_close(app, &soon, NULL));
    FENCED(partita_traffic) traffic = {.in = {.size = sizeof(partita_traffic)}};
    fence(traffic.fence);
    CHECK_OK(partita_pipeline_traffic(pipeline, &traffic.in));
    check_traffic(&traffic.in, traffic.fence);
    CHECK(traffic.in.frames == 10);
    CHECK_OK(partita_app_free(app));
    CHECK(seen.released == 5 && seen.decoded == 10 && seen.dead == 1);
}

int main(void) {
    CHECK(partita_abi() == PARTITA_ABI);
    run_stepped();
    run_streams();
    return 0;
}
