/* Calls that wait: deadlines, cancels, callbacks that block, and closing meanwhile. */
#include "little.h"

static partita_error error;

/* Computes when it is let: one message for each that `second` counts. */
static int32_t compute_when_let(void *host, partita_value data, partita_value state,
                                partita_emitter *emitter) {
    little *little = host;
    counter_wait(&little->second, counter_add(&little->first, 1));
    return little_count(host, data, state, emitter);
}

static partita_status deliver_when_let(void *host, partita_delivery *delivery) {
    little *little = host;
    counter_wait(&little->second, counter_add(&little->first, 1));
    little_back(little, 1);
    delivery->done = 1;
    return PARTITA_OK;
}

/* ---- polling ---- */

static void an_empty_queue_says_so_at_once_or_at_the_deadline(void) {
    little little = LITTLE();
    little_start(&little);
    partita_value values[4];
    size_t len = 77;
    partita_wait short_wait = wait_ms(5);
    CHECK_STATUS(partita_sink_poll(little.sink, values, 4, &not_at_all, &len), PARTITA_WOULD_BLOCK);
    CHECK_STATUS(partita_sink_poll(little.sink, values, 4, &short_wait, &len), PARTITA_TIMEOUT);
    CHECK_EQ(len, 77);
    CHECK_OK(partita_sink_poll(little.sink, values, 0, NULL, &len));
    CHECK_EQ(len, 0);
    little_send(&little, 3);
    while (metrics_of(little.app).computed < 3) sched_yield();
    /* Counted, they are as good as in the queue. */
    partita_wait long_enough = wait_ms(100);
    CHECK_REFUSED(partita_app_drain(little.app, &long_enough, &error), error, PARTITA_TIMEOUT,
                  "sink \"out\" has");
    CHECK_REFUSED(partita_app_drain(little.app, &not_at_all, &error), error, PARTITA_WOULD_BLOCK,
                  "application \"little\"");
    little_poll(&little, 3);
    CHECK_OK(partita_app_drain(little.app, &not_at_all, NULL));
    /* Once intake has ended, the end of the queue is told as soon as it is reached. */
    little_send(&little, 1);
    CHECK_OK(partita_app_stop(little.app));
    CHECK_OK(partita_app_stop(little.app));
    little_poll(&little, 1);
    CHECK_STATUS(partita_sink_poll(little.sink, values, 4, NULL, &len), PARTITA_STOPPED);
    CHECK_STATUS(partita_sink_poll(little.sink, values, 4, &not_at_all, &len), PARTITA_STOPPED);
    CHECK_OK(partita_app_wait(little.app, NULL, NULL));
    size_t accepted;
    CHECK_STATUS(little_send_until(&little, 1, NULL, &accepted), PARTITA_STOPPED);
    CHECK_STATUS(little_send_until(&little, 0, NULL, &accepted), PARTITA_STOPPED);
    CHECK_OK(partita_app_drain(little.app, NULL, NULL));
    little_finish(&little);
}

static void a_full_queue_holds_up_its_pipeline_until_it_is_read(void) {
    little little = LITTLE(.capacity = 1, .credits = 64);
    little_start(&little);
    for (int round = 0; round < 20; round++) {
        little_send(&little, 30);
        little_poll(&little, 30);
    }
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    CHECK_EQ(metrics_of(little.app).delivered, 600);
    little_finish(&little);
}

/* ---- sending ---- */

static void a_send_takes_what_there_is_room_for(void) {
    little little = LITTLE(.credits = 10);
    little_start(&little);
    size_t accepted;
    partita_wait short_wait = wait_ms(5);
    CHECK_STATUS(little_send_until(&little, 25, &not_at_all, &accepted), PARTITA_WOULD_BLOCK);
    CHECK_EQ(accepted, 10);
    CHECK_STATUS(little_send_until(&little, 25, &not_at_all, &accepted), PARTITA_WOULD_BLOCK);
    CHECK_EQ(accepted, 0);
    CHECK_STATUS(little_send_until(&little, 25, &short_wait, &accepted), PARTITA_TIMEOUT);
    CHECK_EQ(accepted, 0);
    little_poll(&little, 4);
    CHECK_STATUS(little_send_until(&little, 25, &short_wait, &accepted), PARTITA_TIMEOUT);
    CHECK_EQ(accepted, 4);
    little_poll(&little, 10);
    CHECK_EQ(metrics_of(little.app).in_flight, 0);
    little_finish(&little);
}

typedef struct sending {
    little *little;
    partita_wait wait;
    partita_status answer;
    size_t accepted;
    size_t count;
} sending;

static void *send_all(void *argument) {
    sending *sending = argument;
    do {
        sending->answer =
            little_send_until(sending->little, sending->count, &sending->wait, &sending->accepted);
    } while (sending->answer == PARTITA_BUSY);
    counter_add(&sending->little->second, 1);
    return NULL;
}

static int32_t compute_fails(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    little *little = host;
    if (data.word != 5) return little_count(host, data, state, emitter);
    counter_add(&little->first, 1);
    counter_wait(&little->second, 1);
    return PARTITA_COMPUTE_FAILED;
}

static void whatever_ends_intake_ends_a_send_that_waits(void) {
    for (int end = 0; end < 4; end++) {
        little little = LITTLE(.credits = 10, .compute = end == 2 ? compute_fails : NULL);
        little_start(&little);
        little_send(&little, 10);
        if (end == 2) counter_wait(&little.first, 1);
        sending sending = {.little = &little, .wait = soon, .count = 5};
        CHECK_OK(end == 3 ? partita_cancel_new(&sending.wait.cancel) : PARTITA_OK);
        pthread_t thread = start(send_all, &sending);
        switch (end) {
        case 0: CHECK_OK(partita_app_stop(little.app)); break;
        case 1: CHECK_OK(partita_app_close(little.app, &soon, NULL)); break;
        case 2: counter_add(&little.second, 1); break;
        case 3: CHECK_OK(partita_cancel_fire(sending.wait.cancel)); break;
        }
        join(thread);
        static const partita_status expected[] = {PARTITA_STOPPED, PARTITA_CLOSED, PARTITA_FAILED,
                                                  PARTITA_CANCELLED};
        CHECK_STATUS(sending.answer, expected[end]);
        CHECK_EQ(sending.accepted, 0);
        if (end == 3) CHECK_OK(partita_cancel_free(sending.wait.cancel));
        little_finish(&little);
    }
}

static void a_sender_is_one_threads_at_a_time(void) {
    little little = LITTLE(.credits = 1);
    little_start(&little);
    little_send(&little, 1);
    sending sending = {.little = &little, .wait = soon, .count = 100};
    pthread_t thread = start(send_all, &sending);
    /* It has the sender from some moment on, until all is polled. */
    size_t accepted;
    partita_status status;
    do {
        partita_value value = word(0);
        status = partita_send(little.sender, &value, 1, &not_at_all, &accepted);
    } while (status == PARTITA_WOULD_BLOCK);
    CHECK_STATUS(status, PARTITA_BUSY);
    CHECK_STATUS(partita_sender_free(little.sender), PARTITA_BUSY);
    partita_sender other;
    CHECK_OK(partita_sender_new(little.pipeline, &other, NULL));
    CHECK_OK(partita_sender_free(other));
    little_poll(&little, 101);
    join(thread);
    CHECK_OK(sending.answer);
    CHECK_OK(partita_sender_free(little.sender));
    little_finish(&little);
}

/* ---- cancels ---- */

typedef struct waiting {
    little *little;
    partita_wait wait;
    int kind;
    partita_status answer;
} waiting;

static void *wait_for_nothing(void *argument) {
    waiting *waiting = argument;
    little *little = waiting->little;
    const partita_wait *wait = &waiting->wait;
    partita_value value;
    size_t len;
    switch (waiting->kind) {
    case 0: waiting->answer = little_send_until(little, 1, wait, &len); break;
    case 1: waiting->answer = partita_sink_poll(little->sink, &value, 1, wait, &len); break;
    case 2: waiting->answer = partita_app_drain(little->app, wait, NULL); break;
    case 3: waiting->answer = partita_app_wait(little->app, wait, NULL); break;
    case 4: waiting->answer = partita_app_close(little->app, wait, NULL); break;
    }
    return NULL;
}

/* A worker is in its callback, a message is in flight, there are no credits, and nothing to poll. */
static void a_cancel_ends_every_wait(void) {
    for (int before = 0; before < 2; before++) {
        little little = LITTLE(.credits = 1, .compute = compute_when_let);
        little_start(&little);
        little_send(&little, 1);
        counter_wait(&little.first, 1);
        waiting waitings[5];
        pthread_t threads[5];
        partita_cancel cancel;
        CHECK_OK(partita_cancel_new(&cancel));
        if (before) CHECK_OK(partita_cancel_fire(cancel));
        /* The close last: it ends the others otherwise. */
        for (int kind = 0; kind < 4; kind++) {
            waitings[kind] = (waiting){.little = &little, .wait = soon, .kind = kind};
            waitings[kind].wait.cancel = cancel;
            threads[kind] = start(wait_for_nothing, &waitings[kind]);
        }
        if (!before) CHECK_OK(partita_cancel_fire(cancel));
        CHECK_OK(partita_cancel_fire(cancel));
        for (int kind = 0; kind < 4; kind++) {
            join(threads[kind]);
            CHECK_STATUS(waitings[kind].answer, PARTITA_CANCELLED);
        }
        waitings[4] = (waiting){.little = &little, .wait = soon, .kind = 4};
        waitings[4].wait.cancel = cancel;
        wait_for_nothing(&waitings[4]);
        CHECK_STATUS(waitings[4].answer, PARTITA_CANCELLED);
        CHECK_OK(partita_cancel_free(cancel));
        counter_add(&little.second, 1);
        little_finish(&little);
    }
}

static void a_wait_keeps_a_cancel_that_is_freed(void) {
    little little = LITTLE();
    little_start(&little);
    waiting waiting = {.little = &little, .wait = soon, .kind = 1};
    CHECK_OK(partita_cancel_new(&waiting.wait.cancel));
    partita_cancel cancel = waiting.wait.cancel;
    pthread_t thread = start(wait_for_nothing, &waiting);
    CHECK_OK(partita_cancel_free(cancel));
    CHECK_STATUS(partita_cancel_fire(cancel), PARTITA_INVALID_HANDLE);
    CHECK_OK(partita_app_stop(little.app));
    join(thread);
    /* It came before the cancel was freed, or found it stale. */
    CHECK(waiting.answer == PARTITA_STOPPED || waiting.answer == PARTITA_INVALID_HANDLE);
    little_finish(&little);
}

/* ---- callbacks that block ---- */

static void a_callback_that_blocks_holds_up_draining_and_closing_and_nothing_else(void) {
    for (int sink = 0; sink < 2; sink++) {
        little little = LITTLE(.compute = sink ? NULL : compute_when_let,
                               .deliver = sink ? deliver_when_let : NULL);
        little_start(&little);
        uint64_t released = counter_read(&little.released);
        little_send(&little, 5);
        counter_wait(&little.first, 1);
        partita_wait short_wait = wait_ms(20);
        CHECK_REFUSED(partita_app_drain(little.app, &short_wait, &error), error, PARTITA_TIMEOUT,
                      sink ? "5 messages of application \"little\" / pipeline \"words\" / source at sinks"
                           : "step 1 \"count\" has 5 messages in flight");
        CHECK_REFUSED(partita_app_wait(little.app, &short_wait, &error), error, PARTITA_TIMEOUT, "5 messages");
        little_send(&little, 2);
        CHECK_REFUSED(partita_app_close(little.app, &short_wait, &error), error, PARTITA_TIMEOUT, "messages");
        /* It has freed nothing, and let nobody in again. */
        CHECK_STATUS(partita_app_free(little.app), PARTITA_BUSY);
        size_t accepted;
        CHECK_STATUS(little_send_until(&little, 1, NULL, &accepted), PARTITA_CLOSED);
        CHECK(metrics_of(little.app).values_held >= 1);
        CHECK_EQ(counter_read(&little.released), released);
        CHECK_STATUS(partita_app_close(little.app, &not_at_all, NULL), PARTITA_WOULD_BLOCK);
        counter_add(&little.second, 100);
        CHECK_OK(partita_app_close(little.app, &soon, NULL));
        partita_metrics metrics = metrics_of(little.app);
        CHECK_EQ(metrics.sent, 7);
        CHECK_EQ(metrics.dead[PARTITA_DEAD_CLOSED] + metrics.delivered, 7);
        CHECK(metrics.dead[PARTITA_DEAD_CLOSED] >= 6);
        little_finish(&little);
    }
}

/* What a run emits to a queue after the close has emptied it is seen nevertheless. */
static void a_close_ends_whenever_the_last_callback_returns(void) {
    for (int round = 0; round < 50; round++) {
        little little = LITTLE(.compute = compute_when_let, .run_length = 1, .threads = round % 2);
        little_start(&little);
        little_send(&little, 2);
        counter_wait(&little.first, 1);
        partita_wait short_wait = wait_ms(1);
        CHECK_STATUS(partita_app_close(little.app, round % 3 ? &not_at_all : &short_wait, NULL),
                     round % 3 ? PARTITA_WOULD_BLOCK : PARTITA_TIMEOUT);
        waiting closing = {.little = &little, .wait = soon, .kind = 4};
        pthread_t thread = start(wait_for_nothing, &closing);
        counter_add(&little.second, 100);
        join(thread);
        CHECK_OK(closing.answer);
        little_finish(&little);
    }
}

static void who_gives_up_closing_leaves_it_to_another(void) {
    for (int round = 0; round < 50; round++) {
        little little = LITTLE(.compute = compute_when_let, .threads = round % 2);
        little_start(&little);
        little_send(&little, 1);
        counter_wait(&little.first, 1);
        waiting closings[3] = {{.little = &little, .wait = soon, .kind = 4},
                               {.little = &little, .wait = wait_ms(round % 5), .kind = 4},
                               {.little = &little, .wait = soon, .kind = 4}};
        CHECK_OK(partita_cancel_new(&closings[2].wait.cancel));
        pthread_t threads[3];
        for (int index = 0; index < 3; index++) threads[index] = start(wait_for_nothing, &closings[index]);
        CHECK_OK(partita_cancel_fire(closings[2].wait.cancel));
        counter_add(&little.second, 1);
        for (int index = 0; index < 3; index++) join(threads[index]);
        CHECK_OK(closings[0].answer);
        CHECK_OK(partita_cancel_free(closings[2].wait.cancel));
        little_finish(&little);
    }
}

/* With the host's workers, and none there, whoever closes drops what was sent. */
static void an_application_without_a_worker_can_be_closed(void) {
    for (int round = 0; round < 20; round++) {
        little little = LITTLE(.threads = PARTITA_THREADS_HOST, .credits = 100);
        little_declare(&little);
        CHECK_OK(partita_app_start(little.app, NULL));
        CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
        sending sending = {.little = &little, .wait = soon, .count = 1000};
        pthread_t thread = start(send_all, &sending);
        CHECK_OK(partita_app_close(little.app, &soon, NULL));
        join(thread);
        CHECK_STATUS(sending.answer, PARTITA_CLOSED);
        CHECK_EQ(metrics_of(little.app).dead[PARTITA_DEAD_CLOSED], sending.accepted);
        little.crew.size = 0;
        little_finish(&little);
    }
}

/* ---- readers ---- */

static void a_reader_holds_up_senders_and_closing(void) {
    little little = LITTLE();
    little_start(&little);
    partita_reader reader, other;
    little_send(&little, 10);
    CHECK_REFUSED(partita_reader_new(little.app, str("counts"), &reader, &error), error, PARTITA_BUSY,
                  "10 ");
    little_poll(&little, 10);
    CHECK_OK(partita_reader_new(little.app, str("counts"), &reader, NULL));
    CHECK_REFUSED(partita_reader_new(little.app, str("counts"), &other, &error), error, PARTITA_BUSY,
                  "1 reader still open");
    uint64_t keys[3], sum = 0;
    partita_value states[3];
    partita_parts parts = {.size = sizeof parts, .capacity = 3, .word_keys = keys, .states = states};
    size_t len, seen = 0;
    for (CHECK_OK(partita_reader_next(reader, &parts, &len)); len > 0;
         CHECK_OK(partita_reader_next(reader, &parts, &len))) {
        for (size_t index = 0; index < len; index++) {
            CHECK(keys[index] < LITTLE_KEYS);
            sum += *(uint64_t *)states[index].ptr;
        }
        seen += len;
    }
    CHECK_EQ(seen, LITTLE_KEYS);
    CHECK_EQ(sum, 10);
    size_t accepted;
    CHECK_STATUS(little_send_until(&little, 1, &not_at_all, &accepted), PARTITA_WOULD_BLOCK);
    partita_wait short_wait = wait_ms(5);
    CHECK_STATUS(little_send_until(&little, 1, &short_wait, &accepted), PARTITA_TIMEOUT);
    CHECK_OK(partita_app_drain(little.app, &not_at_all, NULL));
    /* A send that waits goes on when it is freed. */
    sending sending = {.little = &little, .wait = soon, .count = 3};
    pthread_t thread = start(send_all, &sending);
    CHECK_OK(partita_reader_free(reader));
    CHECK_STATUS(partita_reader_free(reader), PARTITA_INVALID_HANDLE);
    join(thread);
    CHECK_OK(sending.answer);
    little_poll(&little, 3);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));

    CHECK_OK(partita_reader_new(little.app, str("counts"), &reader, NULL));
    CHECK_REFUSED(partita_app_close(little.app, &short_wait, &error), error, PARTITA_TIMEOUT,
                  "1 reader still open");
    CHECK_OK(partita_reader_next(reader, &parts, &len));
    CHECK_EQ(len, 3);
    CHECK_OK(partita_reader_free(reader));
    little_finish(&little);
}

/* Workers of the engine, that is: those that have worked sleep like those that have not. */
static void workers_that_have_nothing_to_do_use_no_processor(void) {
    little little = LITTLE(.workers = 4);
    little_start(&little);
    little_works(&little);
    partita_wait half_a_second = wait_ms(500);
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    CHECK_STATUS(partita_app_wait(little.app, &half_a_second, NULL), PARTITA_TIMEOUT);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    int64_t used_ns = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    CHECK(used_ns < 5000000);
    little_finish(&little);
}

int main(void) {
    an_empty_queue_says_so_at_once_or_at_the_deadline();
    a_full_queue_holds_up_its_pipeline_until_it_is_read();
    a_send_takes_what_there_is_room_for();
    whatever_ends_intake_ends_a_send_that_waits();
    a_sender_is_one_threads_at_a_time();
    a_cancel_ends_every_wait();
    a_wait_keeps_a_cancel_that_is_freed();
    a_callback_that_blocks_holds_up_draining_and_closing_and_nothing_else();
    a_close_ends_whenever_the_last_callback_returns();
    who_gives_up_closing_leaves_it_to_another();
    an_application_without_a_worker_can_be_closed();
    a_reader_holds_up_senders_and_closing();
    workers_that_have_nothing_to_do_use_no_processor();
    return 0;
}
