/* Completions by callback, by poll and by waiting; the watermark; and answers to callers. */
#include "little.h"

static partita_error error;

/* ---- what tests share ---- */

enum { TOKENS = 4096 };

/* What was told of each token. */
typedef struct told {
    little little;
    uint64_t times[TOKENS], dead[TOKENS];
    uint32_t reasons[TOKENS];
    char texts[TOKENS][40];
    counter count;
    /* What answers were for each token, and their sum. */
    uint64_t answers[TOKENS], sums[TOKENS];
} told;

#define TOLD(...) {.little = LITTLE(__VA_ARGS__), .count = COUNTER}

static void tell(told *told, uint64_t token, uint64_t dead, uint32_t reason, partita_str text) {
    CHECK(token < TOKENS);
    told->times[token]++;
    told->dead[token] = dead, told->reasons[token] = reason;
    snprintf(told->texts[token], sizeof told->texts[token], "%.*s", (int)text.len, text.ptr ? text.ptr : "");
    counter_add(&told->count, 1);
}

/* The host of the application is its `little`, which is the first member of a `told`. */
static partita_status note_completed(void *host, partita_completed *completed) {
    CHECK_EQ(completed->size, sizeof *completed);
    CHECK_EQ(completed->completion_size, sizeof *completed->completions);
    CHECK(completed->len > 0);
    for (size_t index = 0; index < completed->len; index++) {
        const partita_completion *one = &completed->completions[index];
        tell(host, one->token, one->dead, one->reason, one->text);
    }
    return PARTITA_OK;
}

/* Polls until nothing more comes: with what it ends. */
static partita_status poll_all(told *told, const partita_wait *wait) {
    uint64_t tokens[8], dead[8];
    uint32_t reasons[8];
    char texts[8][16];
    partita_completions into = {.size = sizeof into,
                                .capacity = 8,
                                .tokens = tokens,
                                .dead = dead,
                                .reasons = reasons,
                                .texts = texts[0],
                                .text_size = sizeof texts[0]};
    for (;;) {
        size_t len = 0;
        partita_status status = partita_app_poll_completions(told->little.app, &into, wait, &len);
        if (status != PARTITA_OK) return status;
        CHECK(len > 0 && len <= 8);
        for (size_t index = 0; index < len; index++) {
            tell(told, tokens[index], dead[index], reasons[index], str(texts[index]));
        }
    }
}

/* Sends so many words, from 0 on, with these tokens; gives the position behind them. */
static uint64_t send_with(little *little, size_t count, const uint64_t *tokens, size_t tokens_len) {
    partita_value values[TOKENS];
    CHECK(count <= TOKENS);
    for (size_t index = 0; index < count; index++) values[index] = word(index);
    uint64_t position = 0;
    size_t accepted = 0;
    partita_batch batch = {.size = sizeof batch,
                           .len = count,
                           .values = values,
                           .tokens = tokens,
                           .tokens_len = tokens_len,
                           .position_out = &position};
    little_given(little, count);
    CHECK_OK(partita_send_batch(little->sender, &batch, &soon, &accepted));
    CHECK_EQ(accepted, count);
    return position;
}

static partita_status take_all(void *host, partita_delivery *delivery) {
    little_back(host, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

static int32_t fail_on_odd(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    if (data.word % 2 == 0) return little_count(host, data, state, emitter);
    partita_emitter_fail(emitter, str("it is odd, and that is quite enough"));
    return PARTITA_COMPUTE_FAILED;
}

/* ---- tests ---- */

static void a_batch_is_told_of_once_when_nothing_of_it_is_left(void) {
    static told told = TOLD(.completed = note_completed, .deliver = take_all, .workers = 2);
    little_start(&told.little);
    uint64_t position = 0;
    for (uint64_t token = 0; token < 100; token++) {
        position = send_with(&told.little, 1 + token % 9, &token, 1);
    }
    counter_wait(&told.count, 100);
    uint64_t watermark = 0;
    CHECK_OK(partita_pipeline_watermark(told.little.pipeline, position, &soon, &watermark));
    CHECK_EQ(watermark, position);
    little_finish(&told.little);
    CHECK_EQ(counter_read(&told.count), 100);
    for (uint64_t token = 0; token < 100; token++) {
        CHECK_EQ(told.times[token], 1);
        CHECK_EQ(told.dead[token], 0);
    }
}

static void each_message_can_have_a_completion_of_its_own(void) {
    static told told = TOLD(.compute = fail_on_odd, .policy = PARTITA_POLICY_SKIP, .deliver = take_all);
    static uint64_t tokens[TOKENS];
    for (uint64_t index = 0; index < TOKENS; index++) tokens[index] = TOKENS - 1 - index;
    little_start(&told.little);
    CHECK_EQ(send_with(&told.little, TOKENS, tokens, TOKENS), TOKENS);
    CHECK_OK(partita_app_stop(told.little.app));
    CHECK_STATUS(poll_all(&told, &soon), PARTITA_STOPPED);
    for (uint64_t index = 0; index < TOKENS; index++) {
        uint64_t token = tokens[index];
        CHECK_EQ(told.times[token], 1);
        CHECK_EQ(told.dead[token], index % 2);
        CHECK_EQ(told.reasons[token], index % 2 ? PARTITA_DEAD_COMPUTE : 0);
        /* It is cut to the room there is. */
        CHECK(strcmp(told.texts[token], index % 2 ? "it is odd, and " : "") == 0);
    }
    little_finish(&told.little);
}

static void what_dies_when_it_closes_is_told_of_and_can_be_polled_afterwards(void) {
    static told told = TOLD(.capacity = 3, .credits = 64);
    little_start(&told.little);
    for (uint64_t token = 0; token < 5; token++) send_with(&told.little, 10, &token, 1);
    uint64_t watermark = 77;
    /* Nobody reads the queue: the first batch cannot be done. */
    CHECK_STATUS(partita_pipeline_watermark(told.little.pipeline, 1000, &not_at_all, &watermark),
                 PARTITA_WOULD_BLOCK);
    CHECK_EQ(watermark, 77);
    CHECK_STATUS(poll_all(&told, &not_at_all), PARTITA_WOULD_BLOCK);
    CHECK_OK(partita_app_close(told.little.app, &soon, NULL));
    CHECK_STATUS(poll_all(&told, &soon), PARTITA_CLOSED);
    uint64_t dead = 0;
    for (uint64_t token = 0; token < 5; token++) {
        CHECK_EQ(told.times[token], 1);
        dead += told.dead[token];
        CHECK_EQ(told.reasons[token], PARTITA_DEAD_CLOSED);
    }
    CHECK_EQ(dead, 50);
    CHECK_OK(partita_pipeline_watermark(told.little.pipeline, 50, &soon, &watermark));
    CHECK_EQ(watermark, 50);
    CHECK_STATUS(partita_pipeline_watermark(told.little.pipeline, 51, &soon, &watermark), PARTITA_CLOSED);
    little_finish(&told.little);
}

static void *close_it(void *argument) {
    CHECK_OK(partita_app_close(((little *)argument)->app, &soon, NULL));
    return NULL;
}

static void *poll_to_the_end(void *argument) {
    CHECK_STATUS(poll_all(argument, NULL), PARTITA_CLOSED);
    return NULL;
}

static void who_waits_for_completions_learns_that_it_closes(void) {
    static told told = TOLD(.credits = 8);
    little_start(&told.little);
    pthread_t poller = start(poll_to_the_end, &told);
    uint64_t token = 9;
    send_with(&told.little, 8, &token, 1);
    little_poll(&told.little, 3);
    pthread_t closer = start(close_it, &told.little);
    join(poller);
    join(closer);
    CHECK_EQ(told.times[9], 1);
    CHECK_EQ(told.dead[9], 5);
    little_finish(&told.little);
}

static partita_status answer(void *host, partita_answers *answers) {
    told *told = host;
    CHECK_EQ(answers->size, sizeof *answers);
    for (; answers->done < answers->len; answers->done++) {
        uint64_t token = answers->tokens[answers->done];
        CHECK(token < TOKENS);
        /* An answer comes before it is told that there is no more. */
        CHECK_EQ(told->times[token], 0);
        told->answers[token]++;
        told->sums[token] += answers->values[answers->done].word;
    }
    little_back(&told->little, answers->len);
    return PARTITA_OK;
}

static void who_watches_is_told_when_nothing_is_under_way(void) {
    static told told = TOLD(.completed = note_completed, .deliver = take_all);
    little_start(&told.little);
    CHECK_OK(partita_pipeline_watch(told.little.pipeline, 1, PARTITA_FOREVER));
    counter_wait(&told.count, 1);
    send_with(&told.little, 100, NULL, 0);
    CHECK_OK(partita_pipeline_watch(told.little.pipeline, 2, PARTITA_FOREVER));
    CHECK_OK(partita_pipeline_watch(told.little.pipeline, 3, 0));
    counter_wait(&told.count, 3);
    CHECK_STATUS(partita_pipeline_watch(told.little.pipeline, 4, -2), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_pipeline_watch((partita_pipeline){0}, 4, 0), PARTITA_INVALID_HANDLE);
    CHECK_OK(partita_app_stop(told.little.app));
    CHECK_STATUS(partita_pipeline_watch(told.little.pipeline, 4, 0), PARTITA_STOPPED);
    for (uint64_t token = 1; token <= 4; token++) {
        CHECK_EQ(told.times[token], token < 4);
        CHECK_EQ(told.dead[token], 0);
    }
    little_finish(&told.little);
}

static void callers_are_answered_and_nobody_else(void) {
    static told told = TOLD(.completed = note_completed, .answer = answer, .workers = 2);
    static uint64_t tokens[1000];
    for (uint64_t index = 0; index < 1000; index++) tokens[index] = index;
    little_start(&told.little);
    little_send(&told.little, 500);
    send_with(&told.little, 1000, tokens, 1000);
    little_send(&told.little, 500);
    counter_wait(&told.count, 1000);
    CHECK_OK(partita_app_drain(told.little.app, &soon, NULL));
    for (uint64_t token = 0; token < 1000; token++) {
        CHECK_EQ(told.times[token], 1);
        CHECK_EQ(told.answers[token], 1);
        CHECK_EQ(told.sums[token], token);
    }
    partita_metrics metrics = metrics_of(told.little.app);
    CHECK_EQ(metrics.delivered, 1000);
    CHECK_EQ(metrics.discarded, 1000);
    little_finish(&told.little);
}

static partita_status fail_to_learn(void *host, partita_completed *completed) {
    note_completed(host, completed);
    memcpy(completed->failure.text, "no paper", 8);
    completed->failure.len = 8;
    return PARTITA_FAILED;
}

static void a_callback_that_cannot_take_completions_ends_the_application(void) {
    static told told = TOLD(.completed = fail_to_learn, .deliver = take_all);
    little_start(&told.little);
    uint64_t token = 3;
    send_with(&told.little, 5, &token, 1);
    CHECK_REFUSED(partita_app_wait(told.little.app, &soon, &error), error, PARTITA_FAILED,
                  "application \"little\" / completions: the callback failed: no paper");
    little_finish(&told.little);
    CHECK_EQ(told.times[3], 1);
}

static void misuse_is_refused_and_changes_nothing(void) {
    static told told = TOLD(.completed = note_completed, .deliver = take_all);
    little_start(&told.little);
    partita_value values[3] = {{.word = 1}, {.word = 2}, {.word = 3}};
    uint64_t tokens[3] = {1, 2, 3}, watermark = 77;
    size_t len = 77;
    partita_batch batch = {.size = sizeof batch, .len = 3, .values = values, .tokens = tokens, .tokens_len = 2};
    CHECK_STATUS(partita_send_batch(told.little.sender, &batch, &soon, &len), PARTITA_INVALID_ARGUMENT);
    batch.tokens = NULL, batch.tokens_len = 1;
    CHECK_STATUS(partita_send_batch(told.little.sender, &batch, &soon, &len), PARTITA_INVALID_ARGUMENT);
    partita_completions into = {.size = sizeof into, .capacity = 3, .tokens = tokens};
    CHECK_STATUS(partita_app_poll_completions(told.little.app, &into, &soon, &len), PARTITA_UNSUPPORTED);
    CHECK_STATUS(partita_app_poll_completions(told.little.app, &into, &soon, NULL), PARTITA_INVALID_ARGUMENT);
    into.tokens = NULL;
    CHECK_STATUS(partita_app_poll_completions(told.little.app, &into, &soon, &len), PARTITA_INVALID_ARGUMENT);
    into.size = 3;
    CHECK_STATUS(partita_app_poll_completions(told.little.app, &into, &soon, &len), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_pipeline_watermark(told.little.pipeline, 0, NULL, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_pipeline_watermark((partita_pipeline){0}, 0, NULL, &watermark), PARTITA_INVALID_HANDLE);
    CHECK_EQ(len, 77);
    CHECK_EQ(watermark, 77);
    CHECK_EQ(metrics_of(told.little.app).sent, 0);
    little_finish(&told.little);

    told.little = (little)LITTLE(.capacity = 4);
    little_declare(&told.little);
    partita_sink_options sink = little_sink(&told.little, "answers");
    sink.answer = answer;
    CHECK_REFUSED(partita_pipeline_to_sink(told.little.pipeline, &sink, NULL, &error), error,
                  PARTITA_INVALID_ARGUMENT, "capacity is set for a callback");
    sink.capacity = 0, sink.deliver = take_all;
    CHECK_REFUSED(partita_pipeline_to_sink(told.little.pipeline, &sink, NULL, &error), error,
                  PARTITA_INVALID_ARGUMENT, "answer and deliver are both set: expected one of them");
    sink.deliver = NULL;
    CHECK_OK(partita_pipeline_to_sink(told.little.pipeline, &sink, NULL, NULL));
    sink.name = str("more answers");
    CHECK_OK(partita_pipeline_to_sink(told.little.pipeline, &sink, NULL, NULL));
    CHECK_REFUSED(partita_app_check(told.little.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "pipeline \"words\": two sinks answer callers: expected one at most");
    CHECK_OK(partita_app_close(told.little.app, &soon, NULL));
    CHECK_OK(partita_app_free(told.little.app));
}

static partita_status learn_and_call(void *host, partita_completed *completed) {
    told *told = host;
    uint64_t watermark = 0;
    CHECK_STATUS(partita_pipeline_watermark(told->little.pipeline, 1, NULL, &watermark), PARTITA_WOULD_DEADLOCK);
    CHECK_OK(partita_pipeline_watermark(told->little.pipeline, 0, &not_at_all, &watermark));
    CHECK(watermark > 0);
    CHECK_STATUS(partita_app_close(told->little.app, NULL, NULL), PARTITA_WOULD_DEADLOCK);
    return note_completed(host, completed);
}

static void inside_the_callback_nothing_waits(void) {
    static told told = TOLD(.completed = learn_and_call, .deliver = take_all);
    little_start(&told.little);
    uint64_t token = 3;
    send_with(&told.little, 5, &token, 1);
    counter_wait(&told.count, 1);
    little_finish(&told.little);
}

int main(void) {
    a_batch_is_told_of_once_when_nothing_of_it_is_left();
    each_message_can_have_a_completion_of_its_own();
    what_dies_when_it_closes_is_told_of_and_can_be_polled_afterwards();
    who_waits_for_completions_learns_that_it_closes();
    who_watches_is_told_when_nothing_is_under_way();
    callers_are_answered_and_nobody_else();
    a_callback_that_cannot_take_completions_ends_the_application();
    misuse_is_refused_and_changes_nothing();
    inside_the_callback_nothing_waits();
    return 0;
}
