/* Acknowledges a broker in order, and answers requests: what is sent has tokens, and the program learns when
 * nothing of it is left.
 *
 *     cc acknowledge.c $(pkg-config --cflags --libs partita)
 */
#include <partita.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program unless a call answers PARTITA_OK. */
static void ok(partita_status status) {
    if (status == PARTITA_OK) return;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "failed: %.*s\n", (int)name.len, name.ptr);
    exit(1);
}

/* A message is a number; its key is whether it is odd. Odd ones cannot be processed if they are above 100. */
static uint64_t key(void *host, partita_value data) {
    (void)host;
    return data.word % 2;
}

static int32_t add(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    uint64_t *sum = state.ptr;
    if (data.word % 2 == 1 && data.word > 100) {
        partita_emitter_fail(emitter, (partita_str)PARTITA_STR("too much for an odd one"));
        return PARTITA_COMPUTE_FAILED;
    }
    *sum += data.word;
    partita_emit(emitter, (partita_value){.word = *sum});
    return PARTITA_CHANGED;
}

/* Who asked gets the sum: here it is told by the number of the request. */
static partita_status answer(void *host, partita_answers *answers) {
    uint64_t *sums = host;
    for (; answers->done < answers->len; answers->done++) {
        sums[answers->tokens[answers->done]] = answers->values[answers->done].word;
    }
    return PARTITA_OK;
}

int main(void) {
    uint64_t sums[16] = {0};
    partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("sums")};
    partita_partition_options states = {
        .size = sizeof states, .name = PARTITA_STR("sums"), .state_size = sizeof(uint64_t)};
    partita_source_options source = {.size = sizeof source};
    partita_step_options step = {.size = sizeof step,
                                 .name = PARTITA_STR("add"),
                                 .partition = PARTITA_STR("sums"),
                                 .policy = PARTITA_POLICY_SKIP,
                                 .word_key = key,
                                 .compute = add};
    partita_sink_options sink = {
        .size = sizeof sink, .name = PARTITA_STR("answers"), .host = sums, .answer = answer};
    partita_app app;
    partita_pipeline pipeline;
    partita_sender sender;
    ok(partita_app_new(&app_options, &app, NULL));
    ok(partita_app_add_partition(app, &states, NULL));
    ok(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("numbers"), &pipeline, NULL));
    ok(partita_pipeline_from_source(pipeline, &source, NULL));
    ok(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    ok(partita_pipeline_to_sink(pipeline, &sink, NULL, NULL));
    ok(partita_app_start(app, NULL));
    ok(partita_sender_new(pipeline, &sender, NULL));

    /* Each message has a token of its own; the position is that behind the last one. */
    partita_value numbers[] = {{.word = 2}, {.word = 4}, {.word = 301}, {.word = 6}, {.word = 7}};
    uint64_t tokens[] = {0, 1, 2, 3, 4}, position = 0;
    size_t accepted = 0;
    partita_batch batch = {.size = sizeof batch,
                           .len = 5,
                           .values = numbers,
                           .tokens = tokens,
                           .tokens_len = 5,
                           .position_out = &position};
    ok(partita_send_batch(sender, &batch, NULL, &accepted));

    /* A broker that is acknowledged in order needs no more than this. */
    uint64_t done = 0;
    ok(partita_pipeline_watermark(pipeline, position, NULL, &done));
    printf("done up to %" PRIu64 "\n", done);

    /* Completions come in the order in which they came about. */
    uint64_t dead_of[16] = {0}, told[16], dead[16];
    char texts[16][64];
    partita_completions completions = {.size = sizeof completions,
                                       .capacity = 16,
                                       .tokens = told,
                                       .dead = dead,
                                       .texts = texts[0],
                                       .text_size = sizeof texts[0]};
    for (size_t count = 0, len = 0; count < 5; count += len) {
        ok(partita_app_poll_completions(app, &completions, NULL, &len));
        for (size_t index = 0; index < len; index++) {
            dead_of[told[index]] = dead[index];
            if (dead[index] > 0) printf("request %" PRIu64 " died: %s\n", told[index], texts[index]);
        }
    }
    for (size_t token = 0; token < 5; token++) {
        if (dead_of[token] == 0) printf("request %zu: the sum is %" PRIu64 "\n", token, sums[token]);
    }
    ok(partita_app_close(app, NULL, NULL));
    ok(partita_app_free(app));
    return 0;
}
