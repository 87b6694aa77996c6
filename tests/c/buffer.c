/* Buffers: messages that are sent one at a time go on many together. */
#include "little.h"

#include <setjmp.h>

static partita_buffer a_buffer(little *little, uint64_t messages, int64_t flush_ns) {
    partita_buffer_options options = {
        .size = sizeof options, .messages = messages, .flush_ns = flush_ns};
    partita_buffer buffer;
    CHECK_OK(partita_buffer_new(little->pipeline, &options, &buffer, NULL));
    return buffer;
}

/* Puts `count` words in, from `first` on, and tells how many were accepted. */
static partita_status put_until(little *little, partita_buffer buffer, uint64_t first, size_t count,
                                const partita_wait *wait, size_t *accepted) {
    partita_value values[64];
    CHECK(count <= 64);
    for (size_t index = 0; index < count; index++) values[index] = word(first + index);
    little_given(little, count);
    *accepted = 0;
    partita_status status = partita_buffer_send(buffer, values, count, wait, accepted);
    little_back(little, count - *accepted);
    return status;
}

static void put(little *little, partita_buffer buffer, uint64_t first, size_t count) {
    size_t accepted;
    CHECK_OK(put_until(little, buffer, first, count, &soon, &accepted));
    CHECK_EQ(accepted, count);
}

/* ---- a pipeline that is kept busy ---- */

/* Says that it is there, and computes when it is let. */
static int32_t compute_when_let(void *host, partita_value data, partita_value state,
                                partita_emitter *emitter) {
    little *little = host;
    counter_add(&little->first, 1);
    counter_wait(&little->second, 1);
    return little_count(host, data, state, emitter);
}

static counter keys_found = COUNTER;

/* One key, so that one worker at a time computes. */
static partita_status find_keys(void *host, partita_keys *keys) {
    (void)host;
    for (size_t index = 0; index < keys->len; index++) keys->words[index] = 0;
    keys->done = keys->len;
    counter_add(&keys_found, keys->len);
    return PARTITA_OK;
}

/* One message is being computed until it is let. */
static void keep_busy(little *little) {
    keys_found = (counter)COUNTER;
    little->compute = compute_when_let;
    little->keys = find_keys;
    little_start(little);
    little_send(little, 1);
    counter_wait(&little->first, 1);
    CHECK_EQ(counter_read(&keys_found), 1);
}

static void let_go(little *little) { counter_add(&little->second, 1); }

/* ---- when it is emptied ---- */

static void a_lone_message_is_not_delayed(void) {
    little little = LITTLE();
    little_start(&little);
    partita_buffer buffer = a_buffer(&little, 1000, PARTITA_FOREVER);
    for (int round = 0; round < 100; round++) {
        put(&little, buffer, 0, 1);
        little_poll(&little, 1);
    }
    /* Also when nobody reads what came before. */
    put(&little, buffer, 0, 1);
    put(&little, buffer, 1, 1);
    little_poll(&little, 2);
    CHECK_OK(partita_buffer_free(buffer));
    little_finish(&little);
}

static void who_fills_it_empties_it_and_a_flush_does_too(void) {
    little little = LITTLE();
    keep_busy(&little);
    partita_buffer buffer = a_buffer(&little, 3, PARTITA_FOREVER);
    put(&little, buffer, 1, 1);
    put(&little, buffer, 2, 1);
    CHECK_EQ(counter_read(&keys_found), 1);
    put(&little, buffer, 3, 1);
    CHECK_EQ(counter_read(&keys_found), 4);
    put(&little, buffer, 4, 2);
    CHECK_EQ(counter_read(&keys_found), 4);
    CHECK_OK(partita_buffer_flush(buffer));
    CHECK_EQ(counter_read(&keys_found), 6);
    CHECK_OK(partita_buffer_flush(buffer));
    let_go(&little);
    little_poll(&little, 6);
    little_finish(&little);
}

static void a_worker_empties_it_when_the_time_has_come(void) {
    little little = LITTLE(.workers = 2);
    keep_busy(&little);
    partita_buffer buffer = a_buffer(&little, 1000, 1000000);
    for (uint64_t round = 1; round < 10; round++) {
        put(&little, buffer, round, 1);
        counter_wait(&keys_found, 1 + round);
    }
    let_go(&little);
    little_poll(&little, 10);
    little_finish(&little);
}

static void a_worker_empties_it_when_all_else_is_done(void) {
    little little = LITTLE();
    keep_busy(&little);
    partita_buffer buffer = a_buffer(&little, 1000, PARTITA_FOREVER);
    put(&little, buffer, 1, 50);
    CHECK_EQ(counter_read(&keys_found), 1);
    let_go(&little);
    CHECK_EQ(metrics_of(little.app).sent, 51);
    little_poll(&little, 51);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    little_finish(&little);
}

/* ---- order ---- */

enum { SENDERS = 3, EACH = 3000 };

typedef struct sending {
    little *little;
    partita_buffer buffer;
    uint64_t number;
} sending;

static void *send_one_at_a_time(void *argument) {
    sending *sending = argument;
    for (uint64_t index = 0; index < EACH; index++) {
        put(sending->little, sending->buffer, sending->number << 32 | index, 1);
    }
    return NULL;
}

static uint64_t high_half(void *host, partita_value data) {
    (void)host;
    return data.word >> 32;
}

/* All of one key come in the order sent: the state is the next one. */
static int32_t compute_in_order(void *host, partita_value data, partita_value state,
                                partita_emitter *emitter) {
    (void)emitter;
    CHECK_EQ(*(uint64_t *)state.ptr, data.word & 0xffffffff);
    ++*(uint64_t *)state.ptr;
    little_back(host, 1);
    return PARTITA_CHANGED;
}

static void each_thread_keeps_its_order(void) {
    uint64_t limits[] = {1, 2, 7, 256};
    for (size_t turn = 0; turn < 4; turn++) {
        little little = LITTLE(.workers = 2, .credits = turn == 1 ? 5 : 1000);
        partita_app_options app = little_app(&little, "little");
        partita_partition_options partition = little_partition(&little, "counts");
        partita_source_options source = little_source(&little);
        partita_step_options step = little_step(&little, "count", "counts");
        step.word_key = high_half, step.compute = compute_in_order;
        CHECK_OK(partita_app_new(&app, &little.app, NULL));
        CHECK_OK(partita_app_add_partition(little.app, &partition, NULL));
        CHECK_OK(partita_app_add_pipeline(little.app, str("words"), &little.pipeline, NULL));
        CHECK_OK(partita_pipeline_from_source(little.pipeline, &source, NULL));
        CHECK_OK(partita_pipeline_to_state_partition(little.pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(little.pipeline, NULL));
        CHECK_OK(partita_app_start(little.app, NULL));
        /* The time comes at any moment. */
        partita_buffer buffer = a_buffer(&little, limits[turn], 20000);
        sending all[SENDERS];
        pthread_t threads[SENDERS];
        for (uint64_t number = 0; number < SENDERS; number++) {
            all[number] = (sending){&little, buffer, number};
            threads[number] = start(send_one_at_a_time, &all[number]);
        }
        for (int number = 0; number < SENDERS; number++) join(threads[number]);
        CHECK_OK(partita_app_drain(little.app, &soon, NULL));
        CHECK_EQ(metrics_of(little.app).computed, SENDERS * EACH);
        CHECK_EQ(counter_read(&little.held), 0);
        finish(little.app);
    }
}

/* ---- waits ---- */

static void a_wait_in_vain_leaves_a_prefix_and_nothing_half_sent(void) {
    little little = LITTLE(.credits = 5);
    keep_busy(&little);
    partita_buffer buffer = a_buffer(&little, 1000, PARTITA_FOREVER);
    size_t accepted;
    partita_wait short_wait = wait_ms(5);
    CHECK_STATUS(put_until(&little, buffer, 1, 6, &not_at_all, &accepted), PARTITA_WOULD_BLOCK);
    CHECK_EQ(accepted, 4);
    CHECK_STATUS(put_until(&little, buffer, 5, 1, &short_wait, &accepted), PARTITA_TIMEOUT);
    CHECK_EQ(accepted, 0);
    /* What was in it has gone on, so that its credits come back. */
    CHECK_EQ(counter_read(&keys_found), 5);
    partita_cancel cancel;
    CHECK_OK(partita_cancel_new(&cancel));
    CHECK_OK(partita_cancel_fire(cancel));
    partita_wait cancelled = {.size = sizeof cancelled, .timeout_ns = PARTITA_FOREVER, .cancel = cancel};
    CHECK_STATUS(put_until(&little, buffer, 5, 1, &cancelled, &accepted), PARTITA_CANCELLED);
    CHECK_EQ(accepted, 0);
    CHECK_OK(partita_cancel_free(cancel));
    let_go(&little);
    little_poll(&little, 5);
    put(&little, buffer, 5, 1);
    little_poll(&little, 1);
    CHECK_EQ(metrics_of(little.app).computed, 6);
    little_finish(&little);
}

/* ---- the end ---- */

static void what_is_in_it_is_computed_after_a_stop_and_a_free(void) {
    for (int freed = 0; freed < 2; freed++) {
        little little = LITTLE();
        keep_busy(&little);
        partita_buffer buffer = a_buffer(&little, 1000, PARTITA_FOREVER);
        put(&little, buffer, 1, 10);
        if (freed) {
            CHECK_OK(partita_buffer_free(buffer));
            CHECK_STATUS(partita_buffer_flush(buffer), PARTITA_INVALID_HANDLE);
        } else {
            size_t accepted;
            CHECK_OK(partita_app_stop(little.app));
            CHECK_STATUS(put_until(&little, buffer, 11, 1, NULL, &accepted), PARTITA_STOPPED);
            CHECK_STATUS(put_until(&little, buffer, 11, 0, NULL, &accepted), PARTITA_STOPPED);
        }
        let_go(&little);
        little_poll(&little, 11);
        CHECK_OK(partita_app_drain(little.app, &soon, NULL));
        little_finish(&little);
    }
}

static void what_is_in_it_at_the_close_is_dropped_and_counted(void) {
    little little = LITTLE();
    keep_busy(&little);
    partita_buffer buffer = a_buffer(&little, 1000, PARTITA_FOREVER);
    put(&little, buffer, 1, 10);
    CHECK_STATUS(partita_app_close(little.app, &not_at_all, NULL), PARTITA_WOULD_BLOCK);
    size_t accepted;
    CHECK_STATUS(put_until(&little, buffer, 11, 1, NULL, &accepted), PARTITA_CLOSED);
    let_go(&little);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    CHECK_EQ(metrics_of(little.app).dead[PARTITA_DEAD_CLOSED], 11);
    CHECK_EQ(metrics_of(little.app).sent, 11);
    CHECK_OK(partita_buffer_flush(buffer));
    little_finish(&little);
    CHECK_STATUS(partita_buffer_free(buffer), PARTITA_INVALID_HANDLE);
}

static little losing = LITTLE(.workers = 2, .threads = PARTITA_THREADS_HOST, .policy = PARTITA_POLICY_SKIP);
static _Thread_local uint32_t place = 9;
static _Thread_local jmp_buf way_out;
static counter lost = COUNTER;

static partita_status find_keys_and_leave(void *host, partita_keys *keys) {
    for (size_t index = 0; index < keys->len; index++) {
        if (keys->values[index].word == 7 && place != 9 && counter_add(&lost, 1) == 1) {
            CHECK_OK(partita_app_worker_lost(losing.app, place, str("the thread is gone")));
            longjmp(way_out, 1);
        }
        keys->words[keys->done++] = 0;
    }
    (void)host;
    return PARTITA_OK;
}

static void *enter_again(void *argument) {
    place = *(uint32_t *)argument;
    (void)setjmp(way_out);
    /* It may come only after the other has done all and the application is closed. */
    partita_status left = partita_app_run_worker(losing.app, place);
    if (left != PARTITA_CLOSED) CHECK_OK(left);
    return NULL;
}

static void another_worker_goes_on_where_one_is_lost(void) {
    losing.keys = find_keys_and_leave;
    losing.compute = compute_when_let;
    little_declare(&losing);
    CHECK_OK(partita_app_start(losing.app, NULL));
    CHECK_OK(partita_sender_new(losing.pipeline, &losing.sender, NULL));
    pthread_t threads[2];
    uint32_t indexes[2] = {0, 1};
    for (int index = 0; index < 2; index++) threads[index] = start(enter_again, &indexes[index]);
    little_send(&losing, 1);
    counter_wait(&losing.first, 1);
    partita_buffer buffer = a_buffer(&losing, 1000, 1000000);
    put(&losing, buffer, 1, 20);
    counter_wait(&lost, 1);
    let_go(&losing);
    /* All but the one whose key was being found. */
    little_poll(&losing, 20);
    CHECK_OK(partita_app_drain(losing.app, &soon, NULL));
    CHECK_EQ(metrics_of(losing.app).dead[PARTITA_DEAD_PARTITION], 1);
    CHECK_OK(partita_app_close(losing.app, &soon, NULL));
    for (int index = 0; index < 2; index++) join(threads[index]);
    finish(losing.app);
    CHECK_EQ(counter_read(&losing.held), 0);
}

/* ---- misuse ---- */

static partita_buffer inside;

static int32_t compute_and_send(void *host, partita_value data, partita_value state,
                                partita_emitter *emitter) {
    little *little = host;
    size_t accepted;
    little->answers[0] = partita_buffer_send(inside, &data, 1, NULL, &accepted);
    little->answers[1] = partita_buffer_flush(inside);
    little->answers[2] = partita_buffer_free(inside);
    return little_count(host, data, state, emitter);
}

static void what_is_wrong_is_refused(void) {
    little little = LITTLE(.compute = compute_and_send);
    little_declare(&little);
    partita_buffer buffer;
    partita_error error;
    CHECK_REFUSED(partita_buffer_new(little.pipeline, NULL, &buffer, &error), error, PARTITA_NOT_STARTED,
                  "application \"little\"");
    CHECK_OK(partita_app_start(little.app, NULL));
    partita_buffer_options options = {.size = sizeof options, .flush_ns = -2};
    CHECK_REFUSED(partita_buffer_new(little.pipeline, &options, &buffer, &error), error, PARTITA_INVALID_ARGUMENT,
                  "flush_ns: expected 0 or more, or PARTITA_FOREVER, got -2");
    options = (partita_buffer_options){.size = 3};
    CHECK_STATUS(partita_buffer_new(little.pipeline, &options, &buffer, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_buffer_new(little.pipeline, NULL, NULL, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_buffer_new((partita_pipeline){0}, NULL, &buffer, NULL), PARTITA_INVALID_HANDLE);
    options = (partita_buffer_options){.size = sizeof options, .messages = UINT64_MAX};
    CHECK_OK(partita_buffer_new(little.pipeline, &options, &buffer, NULL));
    CHECK_OK(partita_buffer_free(buffer));
    CHECK_OK(partita_buffer_new(little.pipeline, NULL, &buffer, NULL));
    partita_value value = word(1);
    size_t accepted = 77;
    CHECK_STATUS(partita_buffer_send(buffer, NULL, 1, NULL, &accepted), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_buffer_send(buffer, &value, 1, NULL, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_buffer_send((partita_buffer){7}, &value, 1, NULL, &accepted), PARTITA_INVALID_HANDLE);
    CHECK_EQ(accepted, 77);
    CHECK_OK(partita_buffer_send(buffer, NULL, 0, NULL, &accepted));
    inside = buffer;
    put(&little, buffer, 1, 1);
    little_poll(&little, 1);
    CHECK_STATUS(little.answers[0], PARTITA_WOULD_DEADLOCK);
    CHECK_STATUS(little.answers[1], PARTITA_WOULD_DEADLOCK);
    CHECK_STATUS(little.answers[2], PARTITA_OK);
    CHECK_STATUS(partita_buffer_free(buffer), PARTITA_INVALID_HANDLE);
    little_finish(&little);
}

int main(void) {
    a_lone_message_is_not_delayed();
    who_fills_it_empties_it_and_a_flush_does_too();
    a_worker_empties_it_when_the_time_has_come();
    a_worker_empties_it_when_all_else_is_done();
    each_thread_keeps_its_order();
    a_wait_in_vain_leaves_a_prefix_and_nothing_half_sent();
    what_is_in_it_is_computed_after_a_stop_and_a_free();
    what_is_in_it_at_the_close_is_dropped_and_counted();
    another_worker_goes_on_where_one_is_lost();
    what_is_wrong_is_refused();
    return 0;
}
