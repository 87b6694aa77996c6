/* Has the bug that its argument names, so that a tool can show that it would catch one. */
#include "check.h"

#include <limits.h>

static void overflow(void) {
    volatile size_t size = 8;
    volatile char *block = malloc(size);
    block[size] = 1;
    free((void *)block);
}

static void leak(void) {
    volatile char *volatile block = malloc(8);
    block[0] = 1;
    block = NULL;
}

static void undefined(void) {
    volatile int largest = INT_MAX;
    largest = largest + 1;
}

/* A state that a computation kept. */
static volatile int *kept;

static uint64_t no_key(void *host, partita_value data) {
    (void)host, (void)data;
    return 0;
}

static int32_t keep_state(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    kept = state.ptr;
    return partita_emit(emitter, data) == PARTITA_OK ? PARTITA_CHANGED : PARTITA_COMPUTE_FAILED;
}

static void drop_all(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t index = 0; index < len; index++) free(values[index].ptr);
}

/* Starts an application whose messages are handed to `drop`. */
static partita_sender start_one(partita_compute_fn compute, partita_drop_fn drop, partita_app *app_out) {
    partita_app_options options = {.size = sizeof options, .name = PARTITA_STR("planted"), .workers = 1};
    partita_partition_options states = {.size = sizeof states, .name = PARTITA_STR("states"),
                                        .state_size = sizeof(int)};
    partita_source_options source = {.size = sizeof source, .drop = drop};
    partita_step_options step = {.size = sizeof step, .name = PARTITA_STR("keep"),
                                 .partition = PARTITA_STR("states"), .word_key = no_key,
                                 .compute = compute, .drop = drop};
    partita_app app;
    partita_pipeline pipeline;
    partita_sender sender;
    CHECK_OK(partita_app_new(&options, &app, NULL));
    CHECK_OK(partita_app_add_partition(app, &states, NULL));
    CHECK_OK(partita_app_add_pipeline(app, str("one"), &pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    CHECK_OK(partita_app_start(app, NULL));
    CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
    *app_out = app;
    return sender;
}

/* Sends a message of the heap, of which nobody else knows. */
static void send_one(partita_sender sender) {
    partita_value message = pointer(malloc(8));
    size_t accepted;
    CHECK_OK(partita_send(sender, &message, 1, &soon, &accepted));
    message.ptr = NULL;
}

/* One message goes through an application, which hands it back to `drop`. */
static void pass_one(partita_drop_fn drop) {
    partita_app app;
    send_one(start_one(keep_state, drop, &app));
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    finish(app);
}

/* A callback writes what another thread does, too. */
static int shared;

static int32_t write_shared(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    shared++;
    return keep_state(host, data, state, emitter);
}

static void raced(void) {
    partita_app app;
    partita_sender sender = start_one(write_shared, drop_all, &app);
    send_one(sender);
    shared++;
    CHECK_OK(partita_app_drain(app, &soon, NULL));
    finish(app);
}

static void never_dropped(void) { pass_one(NULL); }

static void used_after_close(void) {
    pass_one(drop_all);
    ++*kept;
}

int main(int argc, char **argv) {
    const char *bug = argc > 1 ? argv[1] : "";
    if (strcmp(bug, "overflow") == 0) overflow();
    else if (strcmp(bug, "leak") == 0) leak();
    else if (strcmp(bug, "undefined") == 0) undefined();
    else if (strcmp(bug, "race") == 0) raced();
    else if (strcmp(bug, "never-dropped") == 0) never_dropped();
    else if (strcmp(bug, "used-after-close") == 0) used_after_close();
    else return 2;
    return 0;
}
