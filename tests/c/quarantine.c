/* The policy quarantine: keys are set aside, listed and released. */
#include "check.h"

/* Messages are numbers: the key is the tens, or their digit as text; those that end in 3 fail. */
static uint64_t tens(void *host, partita_value data) {
    (void)host;
    return data.word / 10;
}

static partita_bytes tens_as_text(void *host, partita_value data) {
    static const char digits[] = "0123456789";
    (void)host;
    return (partita_bytes){(const uint8_t *)digits + data.word / 10 % 10, 1};
}

static int32_t count_but_3(void *host, partita_value data, partita_value count, partita_emitter *emitter) {
    (void)host;
    ++*(int *)count.ptr;
    if (data.word % 10 != 3) return PARTITA_CHANGED;
    CHECK_OK(partita_emitter_fail(emitter, str("it ends in 3")));
    return PARTITA_COMPUTE_FAILED;
}

static int32_t count_all(void *host, partita_value data, partita_value count, partita_emitter *emitter) {
    (void)host, (void)data, (void)emitter;
    ++*(int *)count.ptr;
    return PARTITA_CHANGED;
}

typedef struct program {
    uint32_t key_kind;
    /* Whether the dead-letter handler releases the key of each message that failed. */
    bool releases;
    partita_app app;
    partita_pipeline pipeline[2];
    partita_sender sender[2];
    counter letters;
} program;

static partita_status handle(void *host, partita_dead_letters *letters) {
    program *program = host;
    for (size_t index = 0; index < letters->len; index++) {
        const partita_dead_letter *letter = &letters->letters[index];
        CHECK_EQ(letter->has_key, program->key_kind != PARTITA_KEY_SINGLE);
        if (program->releases && letter->reason == PARTITA_DEAD_COMPUTE)
            CHECK_OK(partita_quarantine_release(program->app, str("counts"), letter->word_key,
                                                letter->byte_key, NULL));
    }
    counter_add(&program->letters, letters->len);
    letters->done = letters->len;
    return PARTITA_OK;
}

/* Pipeline 0 fails on numbers that end in 3, pipeline 1 never; both count in the same partition. */
static void begin(program *program) {
    partita_app_options options = {.size = sizeof options, .name = str("quarantine"), .workers = 2,
                                   .host = program, .dead_letters = handle};
    CHECK_OK(partita_app_new(&options, &program->app, NULL));
    partita_partition_options counts = {.size = sizeof counts, .name = str("counts"),
                                        .key_kind = program->key_kind, .state_size = sizeof(int)};
    CHECK_OK(partita_app_add_partition(program->app, &counts, NULL));
    for (int index = 0; index < 2; index++) {
        CHECK_OK(partita_app_add_pipeline(program->app, str(index ? "all" : "but 3"), &program->pipeline[index], NULL));
        partita_source_options source = {.size = sizeof source};
        CHECK_OK(partita_pipeline_from_source(program->pipeline[index], &source, NULL));
        partita_step_options step = {.size = sizeof step, .name = str("count"), .partition = str("counts"),
                                     .policy = index ? PARTITA_POLICY_STOP : PARTITA_POLICY_QUARANTINE,
                                     .compute = index ? count_all : count_but_3};
        if (program->key_kind == PARTITA_KEY_WORD) step.word_key = tens;
        if (program->key_kind == PARTITA_KEY_BYTES) step.byte_key = tens_as_text;
        CHECK_OK(partita_pipeline_to_state_partition(program->pipeline[index], &step, NULL));
        CHECK_OK(partita_pipeline_done(program->pipeline[index], NULL));
    }
    CHECK_OK(partita_app_start(program->app, NULL));
    for (int index = 0; index < 2; index++)
        CHECK_OK(partita_sender_new(program->pipeline[index], &program->sender[index], NULL));
}

/* Sends a few numbers and waits until nothing of them is in flight. */
static void send_all(program *program, int pipeline, const uint64_t *numbers, size_t count) {
    partita_value values[16];
    size_t accepted = 0;
    for (size_t index = 0; index < count; index++) values[index] = word(numbers[index]);
    CHECK_OK(partita_send(program->sender[pipeline], values, count, &soon, &accepted));
    CHECK_OK(partita_app_drain(program->app, &soon, NULL));
}

#define SEND(program, pipeline, ...)                                                                 \
    send_all(program, pipeline, (uint64_t[]){__VA_ARGS__}, sizeof(uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

static uint64_t dead(program *program, int reason) { return metrics_of(program->app).dead[reason]; }

/* Reads the keys in quarantine as numbers, and tells how many there are. */
static size_t listed(program *program, uint64_t found[static 8]) {
    partita_reader reader;
    CHECK_OK(partita_quarantine_reader_new(program->app, str("counts"), &reader, NULL));
    partita_bytes texts[8] = {{0}};
    partita_value states[8];
    partita_parts keys = {.size = sizeof keys, .capacity = 8, .word_keys = found, .states = states};
    size_t len = 77;
    CHECK_STATUS(partita_reader_next(reader, &keys, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_EQ(len, 77);
    keys.states = NULL;
    if (program->key_kind == PARTITA_KEY_BYTES) keys.word_keys = NULL, keys.byte_keys = texts;
    CHECK_OK(partita_reader_next(reader, &keys, &len));
    size_t more = 77;
    CHECK_OK(partita_reader_next(reader, &keys, &more));
    CHECK_EQ(more, 0);
    for (size_t index = 0; index < len && keys.byte_keys != NULL; index++) {
        CHECK_EQ(texts[index].len, 1);
        found[index] = texts[index].ptr[0] - '0';
    }
    CHECK_OK(partita_reader_free(reader));
    CHECK_EQ(metrics_of(program->app).quarantined, len);
    return len;
}

static partita_status release(program *program, const char *partition, uint64_t key, partita_error *error) {
    uint8_t digit = (uint8_t)('0' + key);
    return partita_quarantine_release(program->app, str(partition), key, (partita_bytes){&digit, 1}, error);
}

/* A key whose message failed is set aside at every step of the partition; others go on; a release lets
 * it go on with the state that it had. */
static void a_key_in_quarantine_waits_for_its_release(void) {
    static const uint32_t kinds[] = {PARTITA_KEY_WORD, PARTITA_KEY_BYTES};
    for (int kind = 0; kind < 2; kind++) {
        program program = {.key_kind = kinds[kind], .letters = COUNTER};
        uint64_t keys[8];
        begin(&program);
        SEND(&program, 0, 10, 20, 11, 13, 14, 21, 43, 42);
        CHECK_EQ(dead(&program, PARTITA_DEAD_COMPUTE), 2);
        CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), 2);
        CHECK_EQ(listed(&program, keys), 2);
        CHECK_EQ(keys[0], 1);
        CHECK_EQ(keys[1], 4);
        SEND(&program, 1, 15, 25);
        CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), 3);
        CHECK_OK(release(&program, "counts", 1, NULL));
        SEND(&program, 1, 16, 45);
        SEND(&program, 0, 17);
        CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), 4);
        CHECK_EQ(listed(&program, keys), 1);
        CHECK_EQ(keys[0], 4);
        partita_metrics metrics = metrics_of(program.app);
        CHECK_EQ(metrics.computed, 7);
        CHECK_EQ(metrics.parts, 3);
        CHECK_EQ(counter_read(&program.letters), 6);
        finish(program.app);
    }
}

static void a_single_part_can_be_in_quarantine(void) {
    program program = {.key_kind = PARTITA_KEY_SINGLE, .letters = COUNTER};
    uint64_t keys[8];
    begin(&program);
    SEND(&program, 0, 1, 3, 4);
    SEND(&program, 1, 1);
    CHECK_EQ(listed(&program, keys), 1);
    CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), 2);
    CHECK_OK(partita_quarantine_release(program.app, str("counts"), 0, (partita_bytes){NULL, 0}, NULL));
    SEND(&program, 0, 5);
    CHECK_EQ(listed(&program, keys), 0);
    CHECK_EQ(metrics_of(program.app).computed, 2);
    finish(program.app);
}

/* The handler may release a key as soon as it is told of the failure. */
static void a_key_can_be_released_inside_the_handler(void) {
    program program = {.key_kind = PARTITA_KEY_BYTES, .releases = true, .letters = COUNTER};
    uint64_t keys[8];
    begin(&program);
    for (int round = 0; round < 50; round++) {
        SEND(&program, 0, 13, 23);
        CHECK_EQ(listed(&program, keys), 0);
        SEND(&program, 0, 14, 24);
    }
    CHECK_EQ(dead(&program, PARTITA_DEAD_COMPUTE), 100);
    CHECK_EQ(dead(&program, PARTITA_DEAD_QUARANTINED), 0);
    CHECK_EQ(metrics_of(program.app).computed, 100);
    finish(program.app);
}

static void what_cannot_be_listed_or_released_is_told(void) {
    program program = {.key_kind = PARTITA_KEY_BYTES, .letters = COUNTER};
    partita_reader reader = {77};
    partita_error error;
    begin(&program);
    CHECK_REFUSED(partita_quarantine_reader_new(program.app, str("coins"), &reader, &error), error,
                  PARTITA_NOT_FOUND, "there is no partition \"coins\"");
    CHECK_REFUSED(partita_quarantine_reader_new(program.app, str("counts"), NULL, &error), error,
                  PARTITA_INVALID_ARGUMENT, "reader_out is NULL");
    CHECK_EQ(reader.id, 77);
    CHECK_REFUSED(release(&program, "coins", 1, &error), error, PARTITA_NOT_FOUND,
                  "there is no partition \"coins\"");
    CHECK_REFUSED(release(&program, "counts", 1, &error), error, PARTITA_NOT_FOUND,
                  "partition \"counts\": key \"1\" is not in quarantine");
    CHECK_REFUSED(partita_quarantine_release(program.app, str("counts"), 1, (partita_bytes){NULL, 1}, &error),
                  error, PARTITA_INVALID_ARGUMENT, "byte_key is NULL");
    SEND(&program, 0, 13);
    CHECK_OK(partita_app_close(program.app, &soon, NULL));
    CHECK_REFUSED(release(&program, "counts", 1, &error), error, PARTITA_CLOSED, "quarantine");
    uint64_t keys[8];
    CHECK_EQ(listed(&program, keys), 1);
    finish(program.app);
    CHECK_STATUS(release(&program, "counts", 1, NULL), PARTITA_INVALID_HANDLE);
    CHECK_STATUS(partita_quarantine_reader_new(program.app, str("counts"), &reader, NULL), PARTITA_INVALID_HANDLE);
}

/* Releases and lists as often as it can, while messages fail. */
typedef struct keeper {
    program *program;
    counter over;
    uint64_t released;
} keeper;

static void *keep(void *argument) {
    keeper *keeper = argument;
    while (counter_read(&keeper->over) == 0) {
        partita_reader reader;
        uint64_t keys[4];
        partita_parts parts = {.size = sizeof parts, .capacity = 4, .word_keys = keys};
        size_t len = 0;
        CHECK_OK(partita_quarantine_reader_new(keeper->program->app, str("counts"), &reader, NULL));
        CHECK_OK(partita_reader_next(reader, &parts, &len));
        CHECK_OK(partita_reader_free(reader));
        for (size_t index = 0; index < len; index++) {
            CHECK_OK(release(keeper->program, "counts", keys[index], NULL));
            keeper->released++;
        }
    }
    return NULL;
}

static void keys_can_be_released_while_messages_fail(void) {
    program program = {.key_kind = PARTITA_KEY_WORD, .letters = COUNTER};
    keeper keeper = {.program = &program, .over = COUNTER};
    begin(&program);
    pthread_t thread = start(keep, &keeper);
    uint64_t sent = 0;
    for (int round = 0; round < 300; round++, sent += 12)
        SEND(&program, round % 2, 10, 20, 30, 13, 23, 33, 14, 24, 34, 15, 25, 35);
    counter_add(&keeper.over, 1);
    pthread_join(thread, NULL);
    partita_metrics metrics = metrics_of(program.app);
    uint64_t failed = metrics.dead[PARTITA_DEAD_COMPUTE];
    CHECK_EQ(metrics.computed + failed + metrics.dead[PARTITA_DEAD_QUARANTINED], sent);
    CHECK_EQ(keeper.released + metrics.quarantined, failed);
    finish(program.app);
}

int main(void) {
    a_key_in_quarantine_waits_for_its_release();
    a_single_part_can_be_in_quarantine();
    a_key_can_be_released_inside_the_handler();
    what_cannot_be_listed_or_released_is_told();
    keys_can_be_released_while_messages_fail();
    return 0;
}
