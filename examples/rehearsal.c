/*
 * Tests a program under the stepper: no thread runs it, the clock stands still until it is moved, and a seed
 * is one order in which things happen. The program passes readings on in the order of each sensor, and tries
 * one that comes at a bad moment again a second later; that is to be so in every order.
 *
 *     cc -o rehearsal examples/rehearsal.c $(pkg-config --cflags --libs partita) && ./rehearsal
 */

#include "partita.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 100, SENSORS = 8, READINGS = 5 };

#define SECOND INT64_C(1000000000)

static void must(partita_status status, const char *what) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "rehearsal: %s: %.*s\n", what, (int)name.len, name.ptr);
    exit(1);
}

static void expect(int is_so, uint64_t seed, const char *what) {
    if (is_so) return;
    fprintf(stderr, "rehearsal: with seed %" PRIu64 ": %s\n", seed, what);
    exit(1);
}

/* ---- the program that is tested. A reading is a sensor and a number, 32 bits each ---- */

static uint64_t sensor_of(void *host, partita_value reading) {
    (void)host;
    return reading.word >> 32;
}

/* The state counts the readings, those twice that had to be tried again. */
static int32_t pass_on(void *host, partita_value reading, partita_value state, partita_emitter *emitter) {
    (void)host;
    uint64_t *tries = state.ptr;
    ++*tries;
    if ((uint32_t)reading.word == 2 && *tries == 3) {
        partita_emitter_fail(emitter, (partita_str)PARTITA_STR("not now"));
        return PARTITA_COMPUTE_FAILED;
    }
    partita_emit(emitter, reading);
    return PARTITA_CHANGED;
}

typedef struct program {
    partita_app app;
    partita_pipeline pipeline;
    partita_sink passed_on;
} program;

static program declare(uint32_t threads, uint64_t seed) {
    partita_app_options options = {
        .size = sizeof options, .name = PARTITA_STR("readings"), .threads = threads, .seed = seed};
    partita_partition_options sensors = {
        .size = sizeof sensors, .name = PARTITA_STR("sensors"), .state_size = sizeof(uint64_t)};
    partita_source_options source = {.size = sizeof source};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("pass on"),
                                 .partition = PARTITA_STR("sensors"),
                                 .retries = 1,
                                 .retry_pause_ns = SECOND,
                                 .word_key = sensor_of,
                                 .compute = pass_on};
    partita_sink_options queue = {.size = sizeof queue, .name = PARTITA_STR("passed on")};
    program program;
    must(partita_app_new(&options, &program.app, NULL), "the application");
    must(partita_app_add_partition(program.app, &sensors, NULL), "the partition");
    must(partita_app_add_pipeline(program.app, (partita_str)PARTITA_STR("readings"), &program.pipeline, NULL),
         "the pipeline");
    must(partita_pipeline_from_source(program.pipeline, &source, NULL), "the source");
    must(partita_pipeline_to_state_partition(program.pipeline, &step, NULL), "the step");
    must(partita_pipeline_to_sink(program.pipeline, &queue, &program.passed_on, NULL), "the sink");
    return program;
}

/* ---- the test ---- */

/* Runs until nothing can be run before time goes on. */
static void rest(partita_app app) {
    partita_stepped stepped = {.size = sizeof stepped};
    do {
        must(partita_app_step(app, 100, &stepped), "stepping");
    } while (stepped.turns > 0);
}

/* Reads what has come, behind `got` readings, and checks that each sensor's are in order; tells how many have
 * come in all. */
static size_t read(program *program, uint64_t seed, uint32_t next[SENSORS], size_t got) {
    static const partita_wait not_at_all = {.size = sizeof not_at_all};
    partita_value values[SENSORS * READINGS];
    size_t len = 0;
    partita_status status = partita_sink_poll(program->passed_on, values, SENSORS * READINGS, &not_at_all, &len);
    if (status != PARTITA_WOULD_BLOCK) must(status, "reading");
    for (size_t i = 0; i < len; i++) {
        uint64_t sensor = values[i].word >> 32;
        expect((uint32_t)values[i].word == next[sensor], seed, "a reading is out of order");
        next[sensor]++;
    }
    return got + len;
}

static void rehearse(uint64_t seed) {
    program program = declare(PARTITA_THREADS_STEPPED, seed);
    partita_sender sender;
    must(partita_app_start(program.app, NULL), "the start");
    must(partita_sender_new(program.pipeline, &sender, NULL), "the sender");
    for (uint64_t number = 0; number < READINGS; number++) {
        partita_value readings[SENSORS];
        size_t accepted;
        for (uint64_t sensor = 0; sensor < SENSORS; sensor++) readings[sensor].word = sensor << 32 | number;
        must(partita_send(sender, readings, SENSORS, NULL, &accepted), "sending");
    }
    uint32_t next[SENSORS] = {0};
    rest(program.app);
    size_t got = read(&program, seed, next, 0);
    expect(got == SENSORS * 2, seed, "the third reading of each sensor did not fail, or did not hold up the others");

    /* Not a moment before the pause is over. */
    must(partita_app_advance(program.app, SECOND - 1), "the clock");
    rest(program.app);
    got = read(&program, seed, next, got);
    expect(got == SENSORS * 2, seed, "it was tried again too early");
    must(partita_app_advance(program.app, 1), "the clock");
    rest(program.app);
    got = read(&program, seed, next, got);
    expect(got == SENSORS * READINGS, seed, "not all readings came in the end");
    must(partita_sender_free(sender), "the sender");
    must(partita_app_close(program.app, NULL, NULL), "closing");
    must(partita_app_free(program.app), "freeing");
}

int main(void) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) rehearse(seed);
    printf("in each of %d orders the readings of a sensor keep theirs\n", SEEDS);
    return 0;
}
