/*
 * Sums numbers by name, without a thread: an event loop owns the application and steps it between its
 * other work. Reads lines of "name number" from standard input as they come, and prints the sums at
 * the end of the input, by name.
 *
 *     printf 'pears 2\napples 3\npears 5\n' | loop
 *
 *     cc -o loop examples/loop.c $(pkg-config --cflags --libs partita)
 *
 * The loop polls its input for as long as the application is idle, and not at all while the
 * application has no room: a slow consumer holds up the producer instead of filling memory. The
 * application's clock is the loop's.
 */

#define _POSIX_C_SOURCE 200809L

#include "partita.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST_NAME = 31,
    LONGEST_LINE = 128,
    ROOM = 1024,  /* how many messages may be in flight */
    BUDGET = 16,  /* how many turns the application gets before the loop looks at its input again */
    NAMES = 1000  /* how many names can be printed */
};

/* A message: one line. It is made when it is sent, and freed by whoever gets it last. */
struct line {
    char name[LONGEST_NAME + 1];
    int64_t number;
};

/* What the loop has. */
struct loop {
    int64_t now; /* the time, as the loop found it last */
    partita_app app;
    partita_sender sender;
    char text[LONGEST_LINE]; /* what was read and is no whole line yet */
    size_t len;
    bool too_long;
    struct line *waiting; /* a message that found no room */
    bool at_end;          /* of the input */
    int malformed;
};

static void give_up(const char *what) {
    fprintf(stderr, "loop: %s\n", what);
    _exit(1);
}

/* Ends the program unless a call went well. */
static void must(partita_status status, const char *what) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "loop: %s: %.*s\n", what, (int)name.len, name.ptr);
    _exit(1);
}

/* ---- what the application does ---- */

static partita_bytes name_of(void *host, partita_value data) {
    (void)host;
    const struct line *line = data.ptr;
    return (partita_bytes){(const uint8_t *)line->name, strlen(line->name)};
}

static int32_t add(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)emitter;
    struct line *line = data.ptr;
    *(int64_t *)state.ptr += line->number;
    free(line);
    return PARTITA_CHANGED;
}

static void drop_lines(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t i = 0; i < len; i++) free(values[i].ptr);
}

static int64_t now(void *host) { return ((struct loop *)host)->now; }

static void declare(struct loop *loop) {
    partita_app_options app = {.size = sizeof app,
                               .name = PARTITA_STR("loop"),
                               .threads = PARTITA_THREADS_NONE,
                               .host = loop,
                               .now = now};
    partita_partition_options sums = {.size = sizeof sums,
                                      .name = PARTITA_STR("sums"),
                                      .key_kind = PARTITA_KEY_BYTES,
                                      .state_size = sizeof(int64_t)};
    partita_source_options source = {.size = sizeof source, .credits = ROOM, .drop = drop_lines};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("add"),
                                 .partition = PARTITA_STR("sums"),
                                 .byte_key = name_of,
                                 .compute = add};
    partita_pipeline pipeline;
    must(partita_app_new(&app, &loop->app, NULL), "the application");
    must(partita_app_add_partition(loop->app, &sums, NULL), "the partition");
    must(partita_app_add_pipeline(loop->app, (partita_str)PARTITA_STR("lines"), &pipeline, NULL), "the pipeline");
    must(partita_pipeline_from_source(pipeline, &source, NULL), "the source");
    must(partita_pipeline_to_state_partition(pipeline, &step, NULL), "the step");
    must(partita_pipeline_done(pipeline, NULL), "the end");
    must(partita_app_start(loop->app, NULL), "the start");
    must(partita_sender_new(pipeline, &loop->sender, NULL), "the sender");
}

/* ---- the loop ---- */

/* Sends the message that waits, if there is room now: the loop itself never waits for it. */
static void send_waiting(struct loop *loop) {
    static const partita_wait not_at_all = {.size = sizeof not_at_all};
    partita_value value = {.ptr = loop->waiting};
    size_t accepted = 0;
    partita_status status = partita_send(loop->sender, &value, 1, &not_at_all, &accepted);
    if (status == PARTITA_WOULD_BLOCK) return;
    must(status, "sending");
    loop->waiting = NULL;
}

/* Makes a message of a line. */
static void take_line(struct loop *loop) {
    struct line line = {.number = 0};
    char rest;
    loop->text[loop->len] = 0;
    bool whole = sscanf(loop->text, "%31s %" SCNd64 " %c", line.name, &line.number, &rest) == 2;
    bool malformed = loop->too_long || !whole;
    loop->len = 0;
    loop->too_long = false;
    if (malformed) {
        loop->malformed++;
        return;
    }
    loop->waiting = malloc(sizeof line);
    if (loop->waiting == NULL) give_up("out of memory");
    *loop->waiting = line;
    send_waiting(loop);
}

/* Reads one byte after the other for as long as there is room for what they make. A real loop would
 * read more at once. */
static void take_input(struct loop *loop) {
    char byte;
    ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno != EINTR && errno != EAGAIN) give_up("the input cannot be read");
    if (count == 0) {
        loop->at_end = true;
        if (loop->len > 0 || loop->too_long) take_line(loop);
    } else if (count == 1 && byte == '\n') {
        take_line(loop);
    } else if (count == 1 && loop->len < sizeof loop->text - 1) {
        loop->text[loop->len++] = byte;
    } else if (count == 1) {
        loop->too_long = true;
    }
}

/* How long to poll, for an application that is idle for so long. */
static int milliseconds(int64_t idle_ns) {
    if (idle_ns == PARTITA_FOREVER) return -1;
    int64_t ms = idle_ns / 1000000 + (idle_ns % 1000000 != 0);
    return ms < 60000 ? (int)ms : 60000;
}

static void update_now(struct loop *loop) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) give_up("there is no clock");
    loop->now = time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void run(struct loop *loop) {
    while (!loop->at_end || loop->waiting != NULL) {
        update_now(loop);
        partita_stepped stepped = {.size = sizeof stepped};
        must(partita_app_step(loop->app, BUDGET, &stepped), "stepping");
        must(partita_app_failure(loop->app, NULL), "the application");
        if (loop->waiting != NULL) {
            send_waiting(loop);
            continue;
        }
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&input, 1, milliseconds(stepped.idle_ns));
        if (ready < 0 && errno != EINTR) give_up("poll fails");
        if (ready > 0) take_input(loop);
    }
    /* To wait is to step, too. */
    must(partita_app_drain(loop->app, NULL, NULL), "draining");
}

/* ---- the end ---- */

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct line *)left)->name, ((const struct line *)right)->name);
}

static void print_sums(partita_app app) {
    static partita_bytes keys[NAMES];
    static partita_value states[NAMES];
    static struct line sums[NAMES];
    partita_reader reader;
    partita_parts parts = {.size = sizeof parts, .capacity = NAMES, .byte_keys = keys, .states = states};
    size_t len;
    must(partita_reader_new(app, (partita_str)PARTITA_STR("sums"), &reader, NULL), "the reader");
    must(partita_reader_next(reader, &parts, &len), "reading");
    for (size_t i = 0; i < len; i++) {
        memcpy(sums[i].name, keys[i].ptr, keys[i].len);
        sums[i].number = *(int64_t *)states[i].ptr;
    }
    must(partita_reader_free(reader), "the reader");
    qsort(sums, len, sizeof *sums, by_name);
    for (size_t i = 0; i < len; i++) printf("%s %" PRId64 "\n", sums[i].name, sums[i].number);
}

int main(void) {
    static struct loop loop;
    declare(&loop);
    run(&loop);
    print_sums(loop.app);
    if (loop.malformed > 0) fprintf(stderr, "loop: malformed lines left out: %d\n", loop.malformed);
    must(partita_app_close(loop.app, NULL, NULL), "closing");
    must(partita_app_free(loop.app), "freeing");
    return loop.malformed > 0;
}
