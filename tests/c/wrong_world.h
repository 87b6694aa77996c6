/* The application that is misused by tests/c/wrong_calls.c, and what its functions are given when nothing is wrong. */
#ifndef WRONG_WORLD_H
#define WRONG_WORLD_H

#include "check.h"

/* Where a call is made from. */
enum inside { INSIDE_nothing, INSIDE_emitter, INSIDE_run, INSIDE_chain };

/* Two pipelines, "words" and (where there are threads) "net", which has sockets at both ends. Words go through a
 * stateless step, one that computes messages and one that computes runs, into a queue. */
typedef struct world {
    uint32_t threads;
    partita_app app;
    partita_pipeline words, net;
    partita_sink queue, peer;
    partita_sender sender;
    partita_buffer buffer;
    partita_reader reader;
    partita_error error;
    partita_cancel cancel;
    crew crew;
} world;

/* What callbacks are lent. */
typedef struct lent {
    enum inside inside;
    void *pointer;
} lent;

/* How many values applications hold: callbacks know no host, which is among what is wrong. */
static counter held = COUNTER;

/* Called from the callback that it names, once, if it is set. */
static struct {
    enum inside inside;
    void (*call)(const lent *lent);
} visit;

static void visited(enum inside inside, void *pointer) {
    if (visit.call == NULL || visit.inside != inside) return;
    void (*call)(const lent *) = visit.call;
    visit.call = NULL;
    call(&(lent){inside, pointer});
}

static void give_back(void *host, const partita_value *values, size_t len) {
    (void)host, (void)values;
    counter_add(&held, -(uint64_t)len);
}

static void let_go(void *host) { (void)host; }

static uint64_t last_digit(void *host, partita_value data) {
    (void)host;
    return data.word % 10;
}

static partita_status digits(void *host, partita_keys *keys) {
    (void)host;
    for (; keys->done < keys->len; keys->done++) keys->words[keys->done] = keys->values[keys->done].word % 10;
    return PARTITA_OK;
}

static partita_status pass_chain(void *host, partita_chain *chain) {
    (void)host;
    visited(INSIDE_chain, chain);
    size_t len = chain->len < chain->outputs_capacity ? chain->len : chain->outputs_capacity;
    for (size_t index = 0; index < len; index++) {
        chain->outputs[index] = (partita_output){chain->values[index], index};
    }
    chain->outputs_len = chain->completed[0] = len;
    return PARTITA_OK;
}

static int32_t pass_message(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    ++*(uint64_t *)state.ptr;
    visited(INSIDE_emitter, emitter);
    return partita_emit(emitter, data) == PARTITA_OK ? PARTITA_CHANGED : PARTITA_COMPUTE_FAILED;
}

static partita_status pass_run(void *host, partita_run *run) {
    (void)host;
    visited(INSIDE_run, run);
    for (; run->done < run->len; run->done++) {
        run->outputs[run->outputs_len++] = (partita_output){run->values[run->done], run->done};
    }
    return PARTITA_OK;
}

static partita_status encode(void *host, partita_value value, uint8_t *bytes, size_t capacity, size_t *len_out,
                             partita_failure *failure) {
    (void)host, (void)value, (void)failure;
    if (capacity > 0) bytes[0] = '.';
    *len_out = 1;
    return PARTITA_OK;
}

static partita_status decode(void *host, partita_bytes frame, partita_value *value_out, partita_failure *failure) {
    (void)host, (void)frame, (void)failure;
    counter_add(&held, 1);
    value_out->word = 1;
    return PARTITA_OK;
}

/* ---- good arguments ---- */

/* What structs point to. Calls write to what is not const only if they succeed. */
typedef struct scratch {
    uint64_t position, tokens[1], dead[1], keys[1];
    uint32_t reasons[1], order[1];
    char texts[8];
    partita_bytes bytes[1];
    partita_value states[1];
} scratch;

static const partita_value one_value[1] = {{.word = 1}};
static const uint64_t one_word[1] = {1};
static const partita_bytes one_key[1] = {{(const uint8_t *)"k", 1}};
static const size_t one_size[1] = {1};
static const uint32_t one_index[1] = {0};
/* A name that is there, for all that is looked up. */
static const partita_str good_text = PARTITA_STR("counts");

static void good_partita_app_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_app_options *)at = (partita_app_options){
        .size = sizeof(partita_app_options), .name = PARTITA_STR("wrong"), .workers = 1, .drop_host = let_go};
}

static void good_partita_partition_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_partition_options *)at = (partita_partition_options){.size = sizeof(partita_partition_options),
                                                                   .name = good_text,
                                                                   .drop_host = let_go,
                                                                   .state_size = sizeof(uint64_t)};
}

static void good_partita_source_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_source_options *)at = (partita_source_options){
        .size = sizeof(partita_source_options), .credits = 1000, .drop_host = let_go, .drop = give_back};
}

static void good_partita_computation_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_computation_options *)at = (partita_computation_options){.size = sizeof(partita_computation_options),
                                                                       .name = PARTITA_STR("pass"),
                                                                       .drop_host = let_go,
                                                                       .chain = pass_chain,
                                                                       .drop = give_back};
}

static void good_partita_step_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_step_options *)at = (partita_step_options){.size = sizeof(partita_step_options),
                                                         .name = PARTITA_STR("count"),
                                                         .partition = good_text,
                                                         .drop_host = let_go,
                                                         .word_key = last_digit,
                                                         .compute = pass_message,
                                                         .drop = give_back};
}

static void good_partita_sink_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_sink_options *)at = (partita_sink_options){
        .size = sizeof(partita_sink_options), .name = PARTITA_STR("out"), .drop_host = let_go};
}

static void good_partita_tcp_source_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_tcp_source_options *)at =
        (partita_tcp_source_options){.size = sizeof(partita_tcp_source_options),
                                     .address = PARTITA_STR("127.0.0.1:0"),
                                     .decode_frame = decode,
                                     .drop_host = let_go,
                                     .drop = give_back,
                                     .ack_request = {(const uint8_t *)"ack", 3}};
}

/* Nobody is where it connects to. */
static void good_partita_tcp_sink_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_tcp_sink_options *)at = (partita_tcp_sink_options){.size = sizeof(partita_tcp_sink_options),
                                                                 .name = PARTITA_STR("peer"),
                                                                 .drop_host = let_go,
                                                                 .address = PARTITA_STR("127.0.0.1:1"),
                                                                 .encode_message = encode};
}

static void good_partita_wait(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_wait *)at = not_at_all;
}

static void good_partita_buffer_options(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_buffer_options *)at = (partita_buffer_options){.size = sizeof(partita_buffer_options)};
}

static void good_partita_batch(void *at, scratch *scratch) {
    *(partita_batch *)at = (partita_batch){.size = sizeof(partita_batch),
                                           .len = 1,
                                           .values = one_value,
                                           .tokens = one_word,
                                           .tokens_len = 1,
                                           .position_out = &scratch->position};
}

static void good_partita_admission(void *at, scratch *scratch) {
    *(partita_admission *)at = (partita_admission){.size = sizeof(partita_admission),
                                                   .wanted = 1,
                                                   .tokens = one_word,
                                                   .tokens_len = 1,
                                                   .position_out = &scratch->position};
}

static void good_partita_push(void *at, scratch *scratch) {
    (void)scratch;
    *(partita_push *)at = (partita_push){.size = sizeof(partita_push),
                                         .done = 1,
                                         .len = 1,
                                         .values = one_value,
                                         .word_keys = one_word,
                                         .completed = one_size,
                                         .steps = 1,
                                         .ends = 1};
}

static void good_partita_completions(void *at, scratch *scratch) {
    *(partita_completions *)at = (partita_completions){.size = sizeof(partita_completions),
                                                       .capacity = 1,
                                                       .tokens = scratch->tokens,
                                                       .dead = scratch->dead,
                                                       .reasons = scratch->reasons,
                                                       .texts = scratch->texts,
                                                       .text_size = sizeof scratch->texts};
}

static void good_partita_parts(void *at, scratch *scratch) {
    *(partita_parts *)at = (partita_parts){.size = sizeof(partita_parts),
                                           .capacity = 1,
                                           .word_keys = scratch->keys,
                                           .byte_keys = scratch->bytes};
}

/* ---- the application ---- */

static void declare(world *world, uint32_t threads) {
    partita_app_options app;
    partita_partition_options counts;
    partita_source_options source;
    partita_computation_options pass;
    partita_step_options count;
    partita_sink_options out;
    good_partita_app_options(&app, NULL);
    good_partita_partition_options(&counts, NULL);
    good_partita_source_options(&source, NULL);
    good_partita_computation_options(&pass, NULL);
    good_partita_step_options(&count, NULL);
    good_partita_sink_options(&out, NULL);
    *world = (struct world){.threads = threads};
    app.threads = threads;
    CHECK_OK(partita_app_new(&app, &world->app, NULL));
    CHECK_OK(partita_app_add_partition(world->app, &counts, NULL));
    CHECK_OK(partita_app_add_pipeline(world->app, str("words"), &world->words, NULL));
    CHECK_OK(partita_pipeline_from_source(world->words, &source, NULL));
    CHECK_OK(partita_pipeline_to(world->words, &pass, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(world->words, &count, NULL));
    count.name = str("again"), count.run = pass_run, count.compute = NULL, count.keys = digits, count.word_key = NULL;
    CHECK_OK(partita_pipeline_to_state_partition(world->words, &count, NULL));
    CHECK_OK(partita_pipeline_to_sink(world->words, &out, &world->queue, NULL));
    CHECK_OK(partita_cancel_new(&world->cancel));
    CHECK_STATUS(partita_app_new(NULL, NULL, &world->error), PARTITA_INVALID_ARGUMENT);
    if (threads != PARTITA_THREADS_ENGINE) return;
    partita_tcp_source_options listen;
    partita_tcp_sink_options connect;
    good_partita_tcp_source_options(&listen, NULL);
    good_partita_tcp_sink_options(&connect, NULL);
    CHECK_OK(partita_app_add_pipeline(world->app, str("net"), &world->net, NULL));
    CHECK_OK(partita_pipeline_from_tcp(world->net, &listen, NULL));
    CHECK_OK(partita_pipeline_to_tcp(world->net, &connect, &world->peer, NULL));
}

static void send_one(world *world) {
    size_t accepted = 0;
    counter_add(&held, 1);
    CHECK_OK(partita_send(world->sender, one_value, 1, &soon, &accepted));
}

/* Starts it; workers of the host's are inside when it returns. */
static void begin(world *world) {
    CHECK_OK(partita_app_start(world->app, NULL));
    CHECK_OK(partita_sender_new(world->words, &world->sender, NULL));
    CHECK_OK(partita_buffer_new(world->words, NULL, &world->buffer, NULL));
    CHECK_OK(partita_quarantine_reader_new(world->app, str("counts"), &world->reader, NULL));
    if (world->threads != PARTITA_THREADS_HOST) return;
    crew_enter(&world->crew, world->app, 1);
    partita_value value;
    size_t len = 0;
    send_one(world);
    CHECK_OK(partita_sink_poll(world->queue, &value, 1, &soon, &len));
    CHECK_EQ(len, 1);
    give_back(NULL, &value, 1);
    CHECK_OK(partita_app_drain(world->app, &soon, NULL));
}

/* A call that was made on purpose, or by mistake, may have done so before. */
static void unless_gone(partita_status status) {
    if (status != PARTITA_INVALID_HANDLE) CHECK_OK(status);
}

/* Closes it, whatever became of it. What a sender admitted is in flight until the sender is freed. */
static void close_world(world *world) {
    if (world->sender.id != 0) unless_gone(partita_sender_free(world->sender));
    unless_gone(partita_app_close(world->app, &soon, NULL));
    crew_leave(&world->crew);
    world->crew.size = 0;
    partita_metrics metrics = {.size = sizeof metrics, .values_held = 77};
    partita_status read = partita_app_metrics(world->app, &metrics);
    if (read == PARTITA_OK) CHECK_EQ(metrics.values_held, 0);
    CHECK_EQ(counter_read(&held), 0);
}

static void free_world(world *world) {
    unless_gone(partita_app_free(world->app));
    unless_gone(partita_cancel_free(world->cancel));
    unless_gone(partita_error_free(world->error));
}

#endif
