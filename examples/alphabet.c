/* Counts votes for letters, between sockets: one step with a state for each letter, whose keys are declared.
 * The flags, the input and the output are those of the Go program in go/examples/alphabet, whose README tells
 * them.
 *
 *     alphabet [-in HOST:PORT] [-out HOST:PORT] [-workers N]
 *
 *     cc -o alphabet examples/alphabet.c $(pkg-config --cflags --libs partita)
 *
 * A message is a `struct votes` of its own, made when its frame is decoded and freed when it is encoded, or by
 * `drop`. The states are memory of the engine.
 */
#define _POSIX_C_SOURCE 200809L

#include <partita.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, EXIT_FAILED = 3 };

struct votes {
    char letter;
    uint64_t count;
};

/* Ends the program unless a call answers PARTITA_OK; the error says why. */
static void ok(partita_status status, partita_error error) {
    if (status == PARTITA_OK) return;
    partita_error_item item = {.size = sizeof item};
    size_t len = 0;
    partita_error_len(error, &len);
    for (size_t i = 0; i < len && partita_error_get(error, i, &item) == PARTITA_OK; i++) {
        fprintf(stderr, "alphabet: %.*s: %.*s\n", (int)item.path.len, item.path.ptr, (int)item.message.len,
                item.message.ptr);
    }
    if (len == 0) {
        partita_str name = partita_status_name(status);
        fprintf(stderr, "alphabet: %.*s\n", (int)name.len, name.ptr);
    }
    exit(EXIT_FAILED);
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A frame is a letter and a big-endian uint32. */
static partita_status decode(void *host, partita_bytes frame, partita_value *value_out,
                             partita_failure *failure) {
    (void)host;
    struct votes *votes = frame.len == 5 ? malloc(sizeof *votes) : NULL;
    if (votes == NULL) {
        int len = snprintf(failure->text, failure->capacity,
                           "a frame of %zu bytes: expected a letter and a uint32, 5 bytes", frame.len);
        failure->len = len > 0 ? (size_t)len : 0;
        return PARTITA_FAILED;
    }
    *votes = (struct votes){(char)frame.ptr[0], big_endian(frame.ptr + 1)};
    value_out->ptr = votes;
    return PARTITA_OK;
}

static uint64_t by_letter(void *host, partita_value data) {
    (void)host;
    const struct votes *votes = data.ptr;
    return (uint8_t)votes->letter;
}

/* Adds votes to the total of their letter; the message becomes the output. */
static int32_t add_votes(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    struct votes *votes = data.ptr, *total = state.ptr;
    total->letter = votes->letter;
    total->count += votes->count;
    *votes = *total;
    partita_emit(emitter, data);
    return PARTITA_CHANGED;
}

/* A line, as in "a => 5". */
static partita_status encode(void *host, partita_value value, uint8_t *bytes, size_t capacity, size_t *len_out,
                             partita_failure *failure) {
    (void)host, (void)failure;
    struct votes *total = value.ptr;
    char line[32];
    int len = snprintf(line, sizeof line, "%c => %" PRIu64 "\n", total->letter, total->count);
    *len_out = (size_t)len;
    if (*len_out > capacity) return PARTITA_OK; /* it is called again, with more room */
    memcpy(bytes, line, *len_out);
    free(total);
    return PARTITA_OK;
}

static void drop(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t i = 0; i < len; i++) free(values[i].ptr);
}

static partita_status bury(void *host, partita_dead_letters *letters) {
    for (; letters->done < letters->len; letters->done++) {
        const partita_dead_letter *letter = &letters->letters[letters->done];
        partita_str reason = partita_dead_reason_name(letter->reason);
        fprintf(stderr, "alphabet: dead letter: %.*s: %.*s %.*s\n", (int)letter->path.len, letter->path.ptr,
                (int)reason.len, reason.ptr, (int)letter->text.len, letter->text.ptr);
        if (letter->reason != PARTITA_DEAD_DECODE) drop(host, &letter->value, 1);
    }
    return PARTITA_OK;
}

static void note(void *host, const partita_log_record *record) {
    (void)host;
    fprintf(stderr, "alphabet: %.*s: %.*s\n", (int)record->path.len, record->path.ptr, (int)record->text.len,
            record->text.ptr);
}

static partita_str text(const char *string) {
    return (partita_str){string, strlen(string)};
}

int main(int argc, char **argv) {
    const char *in = "127.0.0.1:7010", *out = "127.0.0.1:7002";
    unsigned long workers = 0;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = "";
        if (strcmp(argv[i], "-in") == 0 && *value) {
            in = value;
        } else if (strcmp(argv[i], "-out") == 0 && *value) {
            out = value;
        } else if (strcmp(argv[i], "-workers") != 0 || !*value || (workers = strtoul(value, &end, 10), *end) ||
                   workers > 1024) {
            fprintf(stderr, "alphabet: expected [-in HOST:PORT] [-out HOST:PORT] [-workers N]\n");
            return EXIT_USAGE;
        }
    }

    /* Threads inherit this: an interrupt comes to sigwait alone. */
    sigset_t interrupts;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupts, NULL);

    uint64_t letters[26];
    for (int i = 0; i < 26; i++) letters[i] = (uint64_t)'a' + (uint64_t)i;
    partita_app_options app_options = {.size = sizeof app_options,
                                       .name = PARTITA_STR("alphabet"),
                                       .workers = (uint32_t)workers,
                                       .dead_letters = bury,
                                       .log = note};
    partita_partition_options totals = {.size = sizeof totals,
                                        .name = PARTITA_STR("totals"),
                                        .declared = 1,
                                        .word_keys = letters,
                                        .keys_len = 26,
                                        .state_size = sizeof(struct votes)};
    partita_tcp_source_options source = {
        .size = sizeof source, .address = text(in), .decode_frame = decode, .drop = drop};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("add votes"),
                                 .partition = PARTITA_STR("totals"),
                                 .word_key = by_letter,
                                 .compute = add_votes,
                                 .drop = drop};
    partita_tcp_sink_options sink = {
        .size = sizeof sink, .name = PARTITA_STR("totals"), .address = text(out), .encode_message = encode};

    partita_app app;
    partita_pipeline pipeline;
    partita_error error = {0};
    ok(partita_app_new(&app_options, &app, &error), error);
    ok(partita_app_add_partition(app, &totals, &error), error);
    ok(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("alphabet"), &pipeline, &error), error);
    ok(partita_pipeline_from_tcp(pipeline, &source, &error), error);
    ok(partita_pipeline_to_state_partition(pipeline, &step, &error), error);
    ok(partita_pipeline_to_tcp(pipeline, &sink, NULL, &error), error);
    ok(partita_app_start(app, &error), error);

    char address[64];
    ok(partita_pipeline_address(pipeline, address, sizeof address, NULL), error);
    fprintf(stderr, "alphabet: listening on %s\n", address);

    /* Until it is interrupted; then what came in goes out. */
    int interrupt;
    sigwait(&interrupts, &interrupt);
    ok(partita_app_stop(app), error);
    ok(partita_app_wait(app, NULL, &error), error);
    ok(partita_app_close(app, NULL, &error), error);
    ok(partita_app_free(app), error);
    return 0;
}
