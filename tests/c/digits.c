/* The program of the header, which shows parts of this file: here it counts, and its counts are right. */
#include "check.h"

/* The header's callbacks use no more of what they get than they need. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static uint64_t key(void *host, partita_value data) { return data.word % 10; }
static int32_t count(void *host, partita_value data, partita_value state,
                     partita_emitter *emitter) {
    ++*(int *)state.ptr;
    return PARTITA_CHANGED;
}

int main(void) {
    partita_value values[100];
    size_t len = sizeof values / sizeof values[0], accepted = 0, found = 0;
    partita_app app = {0};
    partita_pipeline pipeline = {0};
    partita_sender sender = {0};
    partita_reader reader = {0};
    for (size_t i = 0; i < len; i++) values[i].word = i;

    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("digits")};
    partita_partition_options counts = {.size = sizeof counts, .name = PARTITA_STR("counts"),
                                        .state_size = sizeof(int)};
    partita_source_options source = {.size = sizeof source};
    partita_step_options step = {.size = sizeof step, .name = PARTITA_STR("count"),
                                 .partition = PARTITA_STR("counts"),
                                 .word_key = key, .compute = count};
    partita_app_new(&app_options, &app, NULL);
    partita_app_add_partition(app, &counts, NULL);
    partita_app_add_pipeline(app, (partita_str)PARTITA_STR("numbers"), &pipeline, NULL);
    partita_pipeline_from_source(pipeline, &source, NULL);
    partita_pipeline_to_state_partition(pipeline, &step, NULL);
    partita_pipeline_done(pipeline, NULL);
    partita_app_start(app, NULL);
    partita_sender_new(pipeline, &sender, NULL);
    partita_send(sender, values, len, NULL, &accepted);
    partita_app_drain(app, NULL, NULL);

    CHECK_EQ(accepted, len);
    partita_value states[20];
    partita_parts parts = {.size = sizeof parts, .capacity = 20, .states = states};
    CHECK_OK(partita_reader_new(app, (partita_str)PARTITA_STR("counts"), &reader, NULL));
    CHECK_OK(partita_reader_next(reader, &parts, &found));
    CHECK_EQ(found, 10);
    for (size_t i = 0; i < found; i++) CHECK_EQ(*(int *)states[i].ptr, 10);
    CHECK_OK(partita_reader_free(reader));

    partita_app_close(app, NULL, NULL);
    partita_app_free(app);
    return 0;
}
