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
    nothing_is_answered_later_on_threads_that_do_not_serve();
    mistakes_are_refused();
    return 0;
}
