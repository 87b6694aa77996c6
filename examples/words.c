/*
 * Counts words: a step with many outputs cuts lines into words, on all workers at once; two steps that clean
 * words run in one call; a step with a state counts them, and starts afresh with a word that came too often.
 * Each line is sent with a token, and a callback learns when all of its words are counted.
 *
 *     cc -o words examples/words.c $(pkg-config --cflags --libs partita) && ./words
 */

#include "partita.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 15, ENOUGH = 4 };

/* Ends the program unless a call went well. */
static void must(partita_status status, const char *what) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "words: %s: %.*s\n", what, (int)name.len, name.ptr);
    exit(1);
}

/* Both lines and words are strings on the heap: this takes back those that did not get to their end. */
static void drop_texts(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t i = 0; i < len; i++) free(values[i].ptr);
}

/* ---- a step with many outputs: it may emit as often as it likes ---- */

static int32_t cut(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)state;
    char *line = data.ptr;
    for (char *at = line; *(at += strspn(at, " ")) != 0;) {
        size_t len = strcspn(at, " ");
        char *word = calloc(len + 1, 1);
        if (word == NULL || partita_emit(emitter, (partita_value){.ptr = memcpy(word, at, len)}) != PARTITA_OK) {
            /* What was emitted goes to `drop`, and the line stays the engine's. */
            free(word);
            return PARTITA_COMPUTE_FAILED;
        }
        at += len;
    }
    free(line);
    return 0;
}

/* ---- two steps in one call: each has its own host, and both have the same function ---- */

typedef char *(*cleaning)(char *word);

static char *lower(char *word) {
    for (char *at = word; *at != 0; at++) *at = (char)tolower((unsigned char)*at);
    return word;
}

/* Leaves out what is too long to be a word. */
static char *leave_out_long(char *word) {
    if (strlen(word) <= LONGEST) return word;
    free(word);
    return NULL;
}

static const cleaning lowering = lower, leaving_out = leave_out_long;

/* Runs each word through the steps, one behind the other; `hosts` are those of the steps. */
static partita_status clean(void *host, partita_chain *chain) {
    (void)host;
    /* None of the steps has more than one output for a message. */
    if (partita_chain_reserve(chain, chain->len) != PARTITA_OK) return PARTITA_OUTPUTS_FULL;
    for (size_t i = 0; i < chain->len; i++) {
        char *word = chain->values[i].ptr;
        for (uint32_t step = 0; step < chain->steps && word != NULL; step++) {
            word = (*(const cleaning *)chain->hosts[step])(word);
            chain->completed[step]++;
        }
        if (word == NULL) continue;
        chain->outputs[chain->outputs_len++] = (partita_output){.value = {.ptr = word}, .from = i};
    }
    return PARTITA_OK;
}

/* ---- a step with a state ---- */

static partita_bytes text_of(void *host, partita_value data) {
    (void)host;
    return (partita_bytes){data.ptr, strlen(data.ptr)};
}

static int32_t count(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    uint64_t *times = state.ptr;
    if (*times == ENOUGH) {
        partita_emitter_fail(emitter, (partita_str)PARTITA_STR("it came too often"));
        return PARTITA_COMPUTE_FAILED;
    }
    ++*times;
    free(data.ptr);
    return PARTITA_CHANGED;
}

/* ---- what the application tells ---- */

/* What a completion is called: which line it is. */
static atomic_uint_fast64_t dead_of[8], told;

static partita_status completed(void *host, partita_completed *completed) {
    (void)host;
    for (size_t i = 0; i < completed->len; i++) {
        const partita_completion *one =
            (const void *)((const char *)completed->completions + i * completed->completion_size);
        dead_of[one->token] = one->dead;
        told++;
    }
    return PARTITA_OK;
}

static partita_pipeline declare(partita_app app) {
    partita_partition_options counts = {.size = sizeof counts,
                                        .name = PARTITA_STR("counts"),
                                        .key_kind = PARTITA_KEY_BYTES,
                                        .state_size = sizeof(uint64_t)};
    partita_source_options source = {.size = sizeof source, .drop = drop_texts};
    partita_computation_options steps[] = {
        {.name = PARTITA_STR("cut"), .parallel = 1, .compute = cut},
        {.name = PARTITA_STR("lower"), .host = (void *)&lowering, .chain = clean},
        {.name = PARTITA_STR("leave out"), .host = (void *)&leaving_out, .chain = clean},
    };
    partita_step_options counting = {.size = sizeof counting,
                                     .name = PARTITA_STR("count"),
                                     .partition = PARTITA_STR("counts"),
                                     .policy = PARTITA_POLICY_RESET,
                                     .byte_key = text_of,
                                     .compute = count};
    partita_pipeline pipeline;
    must(partita_app_add_partition(app, &counts, NULL), "the partition");
    must(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("lines"), &pipeline, NULL), "the pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL), "the source");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        steps[i].size = sizeof *steps;
        steps[i].drop = drop_texts;
        must(partita_pipeline_to(pipeline, &steps[i], NULL), "a step without a state");
    }
    must(partita_pipeline_to_state_partition(pipeline, &counting, NULL), "the step with a state");
    must(partita_pipeline_done(pipeline, NULL), "the end");
    return pipeline;
}

/* Prints what was declared, as the engine understood it. */
static void describe(partita_app app) {
    char text[2048];
    must(partita_app_describe(app, PARTITA_DESCRIBE_TEXT, text, sizeof text, NULL, NULL), "the picture");
    printf("%s\n", text);
}

static int by_bytes(const void *a, const void *b) { return strcmp(a, b); }

/* Prints how often each word came, by word. */
static void print_counts(partita_app app) {
    partita_bytes keys[64];
    partita_value states[64];
    char lines[64][LONGEST + 32];
    partita_parts parts = {.size = sizeof parts, .capacity = 64, .byte_keys = keys, .states = states};
    partita_reader reader;
    size_t len;
    must(partita_reader_new(app, (partita_str)PARTITA_STR("counts"), &reader, NULL), "the reader");
    must(partita_reader_next(reader, &parts, &len), "reading");
    for (size_t i = 0; i < len; i++) {
        snprintf(lines[i], sizeof lines[i], "%.*s %" PRIu64, (int)keys[i].len, (const char *)keys[i].ptr,
                 *(uint64_t *)states[i].ptr);
    }
    must(partita_reader_free(reader), "the reader");
    qsort(lines, len, sizeof *lines, by_bytes);
    for (size_t i = 0; i < len; i++) printf("%s\n", lines[i]);
}

int main(void) {
    static const char *const texts[] = {
        "The quick brown fox jumps over the lazy dog",
        "  the DOG sleeps  through incomprehensibilities ",
        "the fox the fox",
    };
    enum { LINES = sizeof texts / sizeof *texts };
    partita_app_options options = {
        .size = sizeof options, .name = PARTITA_STR("words"), .workers = 2, .completed = completed};
    partita_app app;
    partita_sender sender;
    must(partita_app_new(&options, &app, NULL), "the application");
    partita_pipeline pipeline = declare(app);
    describe(app);
    must(partita_app_start(app, NULL), "the start");
    must(partita_sender_new(pipeline, &sender, NULL), "the sender");

    partita_value lines[LINES];
    uint64_t tokens[LINES];
    for (size_t i = 0; i < LINES; i++) {
        char *line = malloc(strlen(texts[i]) + 1);
        if (line == NULL) must(PARTITA_FAILED, "memory");
        lines[i].ptr = strcpy(line, texts[i]);
        tokens[i] = i;
    }
    partita_batch batch = {
        .size = sizeof batch, .len = LINES, .values = lines, .tokens = tokens, .tokens_len = LINES};
    size_t accepted;
    must(partita_send_batch(sender, &batch, NULL, &accepted), "sending");
    must(partita_app_drain(app, NULL, NULL), "draining");
    print_counts(app);

    /* After close every completion was told. */
    must(partita_app_close(app, NULL, NULL), "closing");
    uint64_t dead = 0;
    for (size_t i = 0; i < LINES; i++) dead += dead_of[i];
    printf("%" PRIu64 " lines are done; %" PRIu64 " of their words came too often\n", (uint64_t)told, dead);
    must(partita_app_free(app), "freeing");
    return 0;
}
