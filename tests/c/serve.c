/* Threads that serve: they come out of the engine with runs, which are computed outside of callbacks. */
#include "little.h"

enum { SERVER = 1 };

static partita_error error;

/* Takes note of every second run, and computes the others on the spot. */
static bool always;
static counter inside = COUNTER;

/* The word 7 fails; the others are counted and passed on. */
static partita_status compute(partita_run *run) {
    CHECK_OK(partita_run_reserve(run, 1000));
    CHECK(run->outputs_capacity >= 1000);
    for (; run->done < run->len; run->done++) {
        if (run->values[run->done].word == 7) {
            run->failure.len = (size_t)snprintf(run->failure.text, run->failure.capacity, "it is 7");
            return PARTITA_FAILED;
        }
        run->outputs[run->outputs_len++] = (partita_output){run->values[run->done], run->done};
        run->flags[run->done] = PARTITA_CHANGED;
    }
    return PARTITA_OK;
}

static partita_status take_note(void *host, partita_run *run) {
    (void)host;
    CHECK_EQ(run->later, 1);
    if (always || counter_add(&inside, 1) % 2 == 1) return PARTITA_LATER;
    return compute(run);
}

/* One call, on a thread of its own. */
typedef struct served {
    partita_app app;
    partita_status answer, status;
    partita_run *run;
} served;

static void *serve_once(void *argument) {
    served *served = argument;
    served->status = partita_app_serve(served->app, SERVER, served->answer, &served->run);
    return NULL;
}

/* Is the worker until the application closes; every call comes from another thread. */
static void *serve(void *argument) {
    served served = {.app = ((little *)argument)->app, .answer = PARTITA_CONTRACT};
    for (;;) {
        join(start(serve_once, &served));
        if (served.status == PARTITA_CLOSED) return NULL;
        CHECK_OK(served.status);
        if (served.run == NULL) return NULL;
        served.answer = compute(served.run);
    }
}

static void runs_are_computed_outside_and_answered_on_any_thread(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .blocking = 1, .run_length = 5, .capacity = 1000,
                           .policy = PARTITA_POLICY_SKIP, .run = take_note);
    little_start(&little);
    pthread_t server = start(serve, &little);
    little_send(&little, 500);
    little_poll(&little, 499);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    CHECK_EQ(metrics_of(little.app).computed, 499);
    CHECK(counter_read(&inside) > 1);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    join(server);
    little_finish(&little);
}

static void *close_it(void *argument) {
    CHECK_OK(partita_app_close(*(partita_app *)argument, &soon, NULL));
    return NULL;
}

static void a_close_waits_for_the_answer(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .blocking = 1, .capacity = 100, .run = take_note);
    partita_run *run = NULL;
    always = true;
    little_start(&little);
    little_send(&little, 1);
    CHECK_OK(partita_app_serve(little.app, SERVER, PARTITA_OK, &run));
    CHECK(run != NULL);
    CHECK_EQ(run->len, 1);
    CHECK_STATUS(partita_app_run_worker(little.app, SERVER), PARTITA_BUSY);
    partita_wait short_wait = wait_ms(5);
    CHECK_REFUSED(partita_app_close(little.app, &short_wait, &error), error, PARTITA_TIMEOUT,
                  "step 1 \"count\" has 1 message");
    pthread_t closer = start(close_it, &little.app);
    CHECK_OK(partita_app_serve(little.app, SERVER, compute(run), &run));
    CHECK(run == NULL);
    join(closer);
    CHECK_STATUS(partita_app_serve(little.app, SERVER, PARTITA_OK, &run), PARTITA_CLOSED);
    little_finish(&little);
}

static void an_answer_that_claims_too_much_fails_the_application(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .blocking = 1, .capacity = 100, .run = take_note);
    partita_run *run = NULL;
    served served;
    always = true;
    little_start(&little);
    little_send(&little, 1);
    CHECK_OK(partita_app_serve(little.app, SERVER, PARTITA_OK, &run));
    run->done = 2;
    served.app = little.app, served.answer = PARTITA_OK;
    pthread_t server = start(serve_once, &served);
    CHECK_REFUSED(partita_app_wait(little.app, &soon, &error), error, PARTITA_FAILED,
                  "it claims 2 messages done of a run of 1");
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    join(server);
    CHECK_OK(served.status);
    CHECK(served.run == NULL);
    little_back(&little, 1); /* what is done is the host's */
    little_finish(&little);
}

/* Where workers and senders sleep outside of the engine: how often each was woken. */
enum { WORKERS = 2, SENDER = 9 };
static counter woken[] = {COUNTER, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER, COUNTER};
static counter naps = COUNTER;

static void park(void *host, uint32_t index, int64_t timeout_ns) {
    (void)host, (void)index, (void)timeout_ns;
    CHECK(!"a worker sleeps inside");
}

static void unpark(void *host, uint32_t number) {
    (void)host;
    CHECK(number <= SENDER);
    counter_add(&woken[number], 1);
}

/* A worker that computes and sleeps outside. */
typedef struct turner {
    partita_app app;
    uint32_t index;
} turner;

static void *take_turns(void *argument) {
    turner *turner = argument;
    partita_status answer = PARTITA_CONTRACT;
    for (uint64_t slept = 0;;) {
        partita_served served = {.size = sizeof served};
        partita_status status = partita_app_serve_turn(turner->app, turner->index, answer, &served);
        if (status == PARTITA_WOULD_BLOCK) {
            CHECK(served.run == NULL);
            CHECK_EQ(served.idle_ns, PARTITA_FOREVER);
            CHECK_STATUS(partita_app_run_worker(turner->app, turner->index), PARTITA_BUSY);
            counter_add(&naps, 1);
            counter_wait(&woken[turner->index], ++slept);
            /* Woken twice is awake once. */
            slept = counter_read(&woken[turner->index]);
            continue;
        }
        if (status == PARTITA_CLOSED) return NULL;
        CHECK_OK(status);
        if (served.run == NULL) return NULL;
        answer = compute(served.run);
    }
}

static void workers_sleep_outside_and_wake_for_messages_and_for_the_close(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .workers = WORKERS, .unattended = true, .run_length = 5,
                           .capacity = 1000, .policy = PARTITA_POLICY_SKIP, .run = take_note, .park = park,
                           .unpark = unpark);
    turner turners[WORKERS];
    pthread_t threads[WORKERS];
    always = true;
    little_start(&little);
    for (uint32_t index = 0; index < WORKERS; index++) {
        turners[index] = (turner){little.app, index};
        threads[index] = start(take_turns, &turners[index]);
    }
    for (int round = 0; round < 50; round++) {
        little_send(&little, 8);
        little_poll(&little, 7);
        CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    }
    /* All sleep now. */
    counter_wait(&naps, WORKERS);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    for (uint32_t index = 0; index < WORKERS; index++) join(threads[index]);
    little_finish(&little);
}

static void a_sender_is_told_of_room_once(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .credits = 4, .capacity = 1000, .park = park,
                           .unpark = unpark, .unattended = true, .run = take_note);
    partita_wait at_once = {.size = sizeof at_once};
    size_t accepted;
    always = true;
    little_start(&little);
    uint64_t before = counter_read(&woken[SENDER]);
    CHECK_OK(partita_sender_watch(little.sender, SENDER));
    CHECK_EQ(counter_read(&woken[SENDER]), before + 1); /* there is room */
    CHECK_STATUS(little_send_until(&little, 8, &at_once, &accepted), PARTITA_WOULD_BLOCK);
    CHECK_EQ(accepted, 4);
    CHECK_OK(partita_sender_watch(little.sender, SENDER));
    CHECK_OK(partita_sender_watch(little.sender, SENDER)); /* twice is once */
    CHECK_EQ(counter_read(&woken[SENDER]), before + 1);
    turner turner = {little.app, 0};
    pthread_t thread = start(take_turns, &turner);
    little_poll(&little, 4);
    counter_wait(&woken[SENDER], before + 2);
    little_send(&little, 4);
    little_poll(&little, 4);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    CHECK_EQ(counter_read(&woken[SENDER]), before + 2);
    /* And that nothing is let in any more. */
    CHECK_STATUS(little_send_until(&little, 8, &at_once, &accepted), PARTITA_WOULD_BLOCK);
    CHECK_OK(partita_sender_watch(little.sender, SENDER));
    little_poll(&little, accepted);
    counter_wait(&woken[SENDER], before + 3);
    CHECK_OK(partita_app_stop(little.app));
    before = counter_read(&woken[SENDER]);
    CHECK_STATUS(partita_sender_watch(little.sender, SENDER), PARTITA_STOPPED);
    CHECK_EQ(counter_read(&woken[SENDER]), before);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    join(thread);
    /* Nobody may be woken any more: the call says so itself. */
    CHECK_STATUS(partita_sender_watch(little.sender, SENDER), PARTITA_CLOSED);
    CHECK_EQ(counter_read(&woken[SENDER]), before);
    little_finish(&little);
}

static partita_status answer_later(void *host, partita_run *run) {
    (void)host;
    CHECK_EQ(run->later, 0);
    return PARTITA_LATER;
}

static void nothing_is_answered_later_on_threads_that_do_not_serve(void) {
    little little = LITTLE(.capacity = 100, .run = answer_later);
    little_start(&little);
    little_send(&little, 1);
    CHECK_REFUSED(partita_app_wait(little.app, &soon, &error), error, PARTITA_FAILED,
                  "it answered the status 22");
    little_finish(&little);
}

static void mistakes_are_refused(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_HOST, .blocking = 1);
    partita_run *run = NULL;
    little_declare(&little);
    CHECK_STATUS(partita_app_serve(little.app, 0, PARTITA_OK, &run), PARTITA_NOT_STARTED);
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_STATUS(partita_app_serve(little.app, 0, PARTITA_OK, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_serve(little.app, 2, PARTITA_OK, &run), PARTITA_INVALID_ARGUMENT);
    /* It has no way to sleep outside. */
    partita_served served = {.size = sizeof served};
    partita_sender sender;
    CHECK_STATUS(partita_app_serve_turn(little.app, 0, PARTITA_OK, &served), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_serve_turn(little.app, 0, PARTITA_OK, NULL), PARTITA_INVALID_ARGUMENT);
    served.size = sizeof(size_t);
    CHECK_STATUS(partita_app_serve_turn(little.app, 0, PARTITA_OK, &served), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_sender_new(little.pipeline, &sender, NULL));
    CHECK_STATUS(partita_sender_watch(sender, SENDER), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_sender_free(sender));
    CHECK_STATUS(partita_sender_watch(sender, SENDER), PARTITA_INVALID_HANDLE);
    finish(little.app);
    CHECK_STATUS(partita_app_serve(little.app, 0, PARTITA_OK, &run), PARTITA_INVALID_HANDLE);

    little.threads = PARTITA_THREADS_ENGINE;
    little_start(&little);
    CHECK_STATUS(partita_app_serve(little.app, 0, PARTITA_OK, &run), PARTITA_INVALID_ARGUMENT);
    finish(little.app);
}

int main(void) {
    runs_are_computed_outside_and_answered_on_any_thread();
    a_close_waits_for_the_answer();
    an_answer_that_claims_too_much_fails_the_application();
    workers_sleep_outside_and_wake_for_messages_and_for_the_close();
    a_sender_is_told_of_room_once();
    nothing_is_answered_later_on_threads_that_do_not_serve();
    mistakes_are_refused();
    return 0;
}
