/*
 * Counts the lines of files, by the ending of their names. Reads names from standard input, one in each line,
 * and prints for each ending how many files and lines it has.
 *
 *     find . -name '*.[ch]' | files
 *
 *     cc -o files examples/files.c $(pkg-config --cflags --libs partita)
 *
 * A file is read by a step that blocks, on threads of its own, because a disk takes its time: no worker
 * waits for it, and many files are read at once. The step is parallel, as it does not matter which file
 * is counted first. The sums are kept by a step that only computes.
 */

#define _POSIX_C_SOURCE 200809L

#include "partita.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READERS = 16, /* how many files are read at once */
    LONGEST_NAME = 4095,
    ENDINGS = 1000 /* how many endings can be printed */
};

/* A message: a file. It is made when it is sent, and freed by whoever gets it last. */
struct file {
    uint64_t lines;
    char name[];
};

/* The state of an ending. */
struct sums {
    uint64_t files, lines;
};

/* Ends the program unless a call went well. */
static void must(partita_status status, const char *what) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "files: %s: %.*s\n", what, (int)name.len, name.ptr);
    exit(1);
}

/* Reads a file, and passes it on with its lines counted. */
static int32_t count_lines(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)state;
    struct file *file = data.ptr;
    FILE *stream = fopen(file->name, "r");
    if (stream == NULL) {
        partita_emitter_fail(emitter, (partita_str)PARTITA_STR("the file cannot be opened"));
        return PARTITA_COMPUTE_FAILED;
    }
    char block[4096];
    size_t len;
    while ((len = fread(block, 1, sizeof block, stream)) > 0) {
        for (size_t i = 0; i < len; i++) file->lines += block[i] == '\n';
    }
    fclose(stream);
    return partita_emit(emitter, data) == PARTITA_OK ? 0 : PARTITA_COMPUTE_FAILED;
}

/* What is behind the last dot of a name; nothing if there is none. */
static partita_bytes ending_of(void *host, partita_value data) {
    (void)host;
    const struct file *file = data.ptr;
    const char *slash = strrchr(file->name, '/');
    const char *dot = strrchr(slash != NULL ? slash : file->name, '.');
    const char *ending = dot != NULL ? dot + 1 : "";
    return (partita_bytes){(const uint8_t *)ending, strlen(ending)};
}

static int32_t add(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)emitter;
    struct file *file = data.ptr;
    struct sums *sums = state.ptr;
    sums->files++;
    sums->lines += file->lines;
    free(file);
    return PARTITA_CHANGED;
}

static void drop_files(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t i = 0; i < len; i++) free(values[i].ptr);
}

static void declare(partita_app *app, partita_sender *sender) {
    partita_app_options options = {.size = sizeof options, .name = PARTITA_STR("files")};
    partita_partition_options endings = {.size = sizeof endings,
                                         .name = PARTITA_STR("endings"),
                                         .key_kind = PARTITA_KEY_BYTES,
                                         .state_size = sizeof(struct sums)};
    partita_source_options source = {.size = sizeof source, .drop = drop_files};
    /* A file that cannot be read is a dead letter, and counted. */
    partita_computation_options read = {.size = sizeof read,
                                        .name = PARTITA_STR("read"),
                                        .policy = PARTITA_POLICY_SKIP,
                                        .parallel = 1,
                                        .blocking = READERS,
                                        .compute = count_lines,
                                        .drop = drop_files};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("add"),
                                 .partition = PARTITA_STR("endings"),
                                 .byte_key = ending_of,
                                 .compute = add};
    partita_pipeline pipeline;
    must(partita_app_new(&options, app, NULL), "the application");
    must(partita_app_add_partition(*app, &endings, NULL), "the partition");
    must(partita_app_add_pipeline(*app, (partita_str)PARTITA_STR("files"), &pipeline, NULL), "the pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL), "the source");
    must(partita_pipeline_to(pipeline, &read, NULL), "the step that reads");
    must(partita_pipeline_to_state_partition(pipeline, &step, NULL), "the step that adds");
    must(partita_pipeline_done(pipeline, NULL), "the end");
    must(partita_app_start(*app, NULL), "the start");
    must(partita_sender_new(pipeline, sender, NULL), "the sender");
}

static void send_names(partita_sender sender) {
    static char name[LONGEST_NAME + 2];
    while (fgets(name, sizeof name, stdin) != NULL) {
        name[strcspn(name, "\n")] = 0;
        struct file *file = malloc(sizeof *file + strlen(name) + 1);
        if (file == NULL) must(PARTITA_INTERNAL, "out of memory");
        file->lines = 0;
        strcpy(file->name, name);
        partita_value value = {.ptr = file};
        size_t accepted;
        must(partita_send(sender, &value, 1, NULL, &accepted), "sending");
    }
}

static void print_sums(partita_app app) {
    static partita_bytes keys[ENDINGS];
    static partita_value states[ENDINGS];
    partita_reader reader;
    partita_parts parts = {.size = sizeof parts, .capacity = ENDINGS, .byte_keys = keys, .states = states};
    size_t len;
    must(partita_reader_new(app, (partita_str)PARTITA_STR("endings"), &reader, NULL), "the reader");
    must(partita_reader_next(reader, &parts, &len), "reading");
    for (size_t i = 0; i < len; i++) {
        const struct sums *sums = states[i].ptr;
        printf("%.*s %" PRIu64 " %" PRIu64 "\n", (int)keys[i].len, (const char *)keys[i].ptr, sums->files, sums->lines);
    }
    must(partita_reader_free(reader), "the reader");
}

int main(void) {
    partita_app app;
    partita_sender sender;
    declare(&app, &sender);
    send_names(sender);
    must(partita_app_drain(app, NULL, NULL), "draining");
    print_sums(app);
    partita_metrics metrics = {.size = sizeof metrics};
    must(partita_app_metrics(app, &metrics), "the metrics");
    /* Each file that was read was computed by both steps. */
    uint64_t unread = metrics.sent - metrics.computed / 2;
    must(partita_app_close(app, NULL, NULL), "closing");
    must(partita_app_free(app), "freeing");
    if (unread > 0) fprintf(stderr, "files: not read: %" PRIu64 "\n", unread);
    return unread > 0;
}
