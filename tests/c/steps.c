/* Applications without threads: a loop that steps them, a clock of the host's, and the stepper that a
 * seed decides. */
#include "little.h"

#include <setjmp.h>

static partita_error error;

static partita_stepped step(little *little, uint64_t budget) {
    partita_stepped stepped = {.size = sizeof stepped};
    CHECK_OK(partita_app_step(little->app, budget, &stepped));
    CHECK(stepped.turns <= budget);
    return stepped;
}

static pthread_t stepper;

/* Every callback is made on the thread that steps. */
static partita_status deliver_here(void *host, partita_delivery *delivery) {
    little *little = host;
    CHECK(pthread_equal(pthread_self(), stepper));
    CHECK_STATUS(partita_app_step(little->app, 1, NULL), PARTITA_WOULD_DEADLOCK);
    little_back(host, delivery->len);
    counter_add(&little->first, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

static void a_loop_runs_what_is_sent_turn_by_turn(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_NONE, .run_length = 4, .deliver = deliver_here);
    stepper = pthread_self();
    little_start(&little);
    CHECK_EQ(step(&little, 1000).idle_ns, PARTITA_FOREVER);
    little_send(&little, 100);
    CHECK_EQ(metrics_of(little.app).computed, 0);
    CHECK_EQ(step(&little, 0).idle_ns, 0);
    uint64_t turns = 0;
    for (;;) {
        partita_stepped stepped = step(&little, 3);
        turns += stepped.turns;
        if (stepped.idle_ns != 0) break;
    }
    CHECK(turns >= 50);
    CHECK_EQ(counter_read(&little.first), 100);
    CHECK_OK(partita_app_drain(little.app, &not_at_all, NULL));
    little_finish(&little);
}

static void who_waits_runs_it_or_is_told_that_nothing_can_come(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_NONE, .credits = 10, .capacity = 4);
    little_start(&little);
    size_t accepted, len;
    CHECK_STATUS(little_send_until(&little, 11, NULL, &accepted), PARTITA_WOULD_DEADLOCK);
    CHECK_EQ(accepted, 10);
    CHECK_REFUSED(partita_app_drain(little.app, NULL, &error), error, PARTITA_WOULD_DEADLOCK,
                  "sink \"out\" has 4 unread messages");
    partita_wait short_wait = wait_ms(5);
    CHECK_STATUS(partita_app_drain(little.app, &short_wait, NULL), PARTITA_TIMEOUT);
    CHECK_STATUS(partita_app_wait(little.app, NULL, NULL), PARTITA_WOULD_DEADLOCK);
    little_poll(&little, 10);
    CHECK_OK(partita_app_drain(little.app, NULL, NULL));
    partita_value value;
    CHECK_STATUS(partita_sink_poll(little.sink, &value, 1, NULL, &len), PARTITA_WOULD_DEADLOCK);
    little_finish(&little);
}

static void what_is_queued_at_the_close_is_dropped_by_who_closes(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_NONE, .capacity = 4);
    little_start(&little);
    little_works(&little);
    little_send(&little, 50);
    step(&little, 2);
    partita_reader reader;
    CHECK_STATUS(partita_reader_new(little.app, str("counts"), &reader, NULL), PARTITA_BUSY);
    CHECK_OK(partita_app_close(little.app, NULL, NULL));
    CHECK_STATUS(partita_app_step(little.app, 1, NULL), PARTITA_CLOSED);
    CHECK_STATUS(partita_app_advance(little.app, 1), PARTITA_CLOSED);
    little_finish(&little);
}

/* ---- the host's clock ---- */

/* Declares and starts the little application with these options of its own. If there is a pause, a word
 * that fails is tried again after it. */
static void start_with(little *little, const partita_app_options *app, uint64_t pause_ns) {
    partita_partition_options counts = little_partition(little, "counts");
    partita_source_options source = little_source(little);
    partita_step_options count = little_step(little, "count", "counts");
    count.retries = pause_ns != 0, count.retry_pause_ns = pause_ns;
    partita_sink_options out = little_sink(little, "out");
    CHECK_OK(partita_app_new(app, &little->app, NULL));
    CHECK_OK(partita_app_add_partition(little->app, &counts, NULL));
    CHECK_OK(partita_app_add_pipeline(little->app, str("words"), &little->pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little->pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(little->pipeline, &count, NULL));
    CHECK_OK(partita_pipeline_to_sink(little->pipeline, &out, &little->sink, NULL));
    CHECK_OK(partita_app_start(little->app, NULL));
    CHECK_OK(partita_sender_new(little->pipeline, &little->sender, NULL));
}

typedef struct watch {
    int64_t now;
    bool gone;
} watch;

static int64_t watch_now(void *host) {
    watch *watch = host;
    CHECK(!watch->gone);
    return watch->now;
}

static void watch_gone(void *host) {
    watch *watch = host;
    CHECK(!watch->gone);
    watch->gone = true;
}

static void the_hosts_clock_is_asked_and_does_not_pass_while_the_host_waits(void) {
    little little = LITTLE(.credits = 10);
    watch watch = {.now = 77};
    partita_app_options app = little_app(&little, "watched");
    app.threads = PARTITA_THREADS_NONE, app.now = watch_now;
    app.host = &watch, app.drop_host = watch_gone;
    start_with(&little, &app, 0);
    /* It does not take a minute. */
    size_t accepted;
    CHECK_STATUS(little_send_until(&little, 11, &soon, &accepted), PARTITA_TIMEOUT);
    CHECK_EQ(accepted, 10);
    CHECK_STATUS(partita_app_drain(little.app, &soon, NULL), PARTITA_TIMEOUT);
    CHECK_STATUS(partita_app_advance(little.app, 1), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    CHECK(watch.gone);
    CHECK_STATUS(little_send_until(&little, 1, &soon, &accepted), PARTITA_CLOSED);
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
}

static int32_t fail_once(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    little *little = host;
    if (counter_add(&little->first, 1) == 1) return PARTITA_COMPUTE_FAILED;
    return little_count(host, data, state, emitter);
}

static void a_step_says_how_long_its_loop_may_sleep(void) {
    little little = LITTLE(.compute = fail_once, .deliver = deliver_here);
    watch watch = {.now = 1000};
    stepper = pthread_self();
    partita_app_options app = little_app(&little, "watched");
    app.threads = PARTITA_THREADS_NONE, app.now = watch_now;
    app.host = &watch, app.drop_host = watch_gone;
    start_with(&little, &app, 500);
    little_send(&little, 1);
    CHECK_EQ(step(&little, 100).idle_ns, 500);
    watch.now += 300;
    partita_stepped stepped = step(&little, 100);
    CHECK_EQ(stepped.idle_ns, 200);
    CHECK_EQ(stepped.turns, 0);
    /* Without a deadline there is nothing to wait for while the clock stands. */
    CHECK_STATUS(partita_app_drain(little.app, NULL, NULL), PARTITA_WOULD_DEADLOCK);
    watch.now += 200;
    CHECK_EQ(step(&little, 100).idle_ns, PARTITA_FOREVER);
    CHECK_EQ(metrics_of(little.app).delivered, 1);
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
}

static void a_wait_sleeps_until_the_next_timer_by_the_systems_clock(void) {
    little little = LITTLE(.compute = fail_once, .deliver = deliver_here);
    stepper = pthread_self();
    partita_app_options app = little_app(&little, "system");
    app.threads = PARTITA_THREADS_NONE;
    start_with(&little, &app, 5000000);
    little_send(&little, 1);
    CHECK_OK(partita_app_drain(little.app, NULL, NULL));
    CHECK_EQ(metrics_of(little.app).delivered, 1);
    finish(little.app);
}

static void the_steppers_clock_is_moved_by_who_advances_it_and_by_who_waits(void) {
    for (int waits = 0; waits < 2; waits++) {
        little little = LITTLE(.compute = fail_once, .deliver = deliver_here);
        stepper = pthread_self();
        partita_app_options app = little_app(&little, "seeded");
        app.threads = PARTITA_THREADS_STEPPED, app.seed = 7;
        start_with(&little, &app, INT64_C(3600000000000));
        little_send(&little, 1);
        CHECK_EQ(step(&little, 100).idle_ns, INT64_C(3600000000000));
        CHECK_OK(partita_app_advance(little.app, INT64_C(3599999999999)));
        CHECK_EQ(step(&little, 100).idle_ns, 1);
        if (waits) {
            CHECK_OK(partita_app_drain(little.app, NULL, NULL));
        } else {
            CHECK_OK(partita_app_advance(little.app, 1));
            CHECK_EQ(step(&little, 100).idle_ns, PARTITA_FOREVER);
        }
        CHECK_EQ(metrics_of(little.app).delivered, 1);
        finish(little.app);
    }
}

/* ---- the stepper ---- */

/* The order in which the words of a seed come out. */
static void order_of(uint64_t seed, partita_value out[], size_t count) {
    little little = LITTLE();
    partita_app_options app = little_app(&little, "seeded");
    app.threads = PARTITA_THREADS_STEPPED, app.seed = seed, app.workers = 0;
    start_with(&little, &app, 0);
    little_send(&little, count);
    for (size_t len, taken = 0; taken < count; taken += len) {
        CHECK_OK(partita_sink_poll(little.sink, out + taken, count - taken, NULL, &len));
        little_back(&little, len);
    }
    CHECK_OK(partita_app_advance(little.app, 1000000000));
    CHECK_STATUS(partita_app_advance(little.app, -1), PARTITA_INVALID_ARGUMENT);
    little_finish(&little);
}

static void a_seed_is_one_order(void) {
    enum { COUNT = 40, SEEDS = 8 };
    partita_value orders[SEEDS][COUNT], again[COUNT];
    int different = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        order_of(seed, orders[seed], COUNT);
        order_of(seed, again, COUNT);
        CHECK(memcmp(orders[seed], again, sizeof again) == 0);
        different += memcmp(orders[seed], orders[0], sizeof again) != 0;
    }
    CHECK(different >= SEEDS / 2);
}

/* ---- what is refused ---- */

static void steps_are_for_applications_without_threads(void) {
    little with = LITTLE();
    little_start(&with);
    CHECK_STATUS(partita_app_step(with.app, 1, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_app_advance(with.app, 1), PARTITA_INVALID_ARGUMENT);
    little_finish(&with);
    little without = LITTLE(.threads = PARTITA_THREADS_NONE);
    little_declare(&without);
    CHECK_STATUS(partita_app_step(without.app, 1, NULL), PARTITA_NOT_STARTED);
    CHECK_OK(partita_app_start(without.app, NULL));
    CHECK_OK(partita_sender_new(without.pipeline, &without.sender, NULL));
    CHECK_STATUS(partita_app_run_worker(without.app, 0), PARTITA_INVALID_ARGUMENT);
    little_send(&without, 1);
    partita_stepped stepped = {.size = 1};
    CHECK_STATUS(partita_app_step(without.app, 1, &stepped), PARTITA_INVALID_ARGUMENT);
    CHECK_EQ(metrics_of(without.app).computed, 0);
    little_finish(&without);
    CHECK_STATUS(partita_app_step(without.app, 1, NULL), PARTITA_INVALID_HANDLE);
    partita_app_options app = little_app(&with, "odd");
    app.now = watch_now;
    CHECK_REFUSED(partita_app_new(&app, &with.app, &error), error, PARTITA_INVALID_ARGUMENT, "now: expected");
    app.now = NULL, app.seed = 1;
    CHECK_REFUSED(partita_app_new(&app, &with.app, &error), error, PARTITA_INVALID_ARGUMENT, "seed: expected");
}

static void *step_elsewhere(void *argument) {
    little *little = argument;
    CHECK_STATUS(partita_app_step(little->app, 1, NULL), PARTITA_BUSY);
    return NULL;
}

static partita_status deliver_while_another_steps(void *host, partita_delivery *delivery) {
    join(start(step_elsewhere, host));
    little_back(host, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

static void one_thread_at_a_time_steps(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_NONE, .deliver = deliver_while_another_steps);
    little_start(&little);
    little_send(&little, 1);
    CHECK_EQ(step(&little, 100).idle_ns, PARTITA_FOREVER);
    CHECK_EQ(metrics_of(little.app).delivered, 1);
    little_finish(&little);
}

/* ---- a thread that leaves a step ---- */

static jmp_buf way_out;

static int32_t leave_at_seven(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host, (void)state, (void)emitter;
    return data.word == 7 ? PARTITA_COMPUTE_FAILED : 0;
}

static partita_status run_and_leave(void *host, partita_run *run) {
    little *little = host;
    for (; run->done < run->len; run->done++) {
        if (leave_at_seven(NULL, run->values[run->done], run->states[run->done], NULL) != 0) {
            CHECK_STATUS(partita_app_worker_lost(little->app, 1, str("no worker")), PARTITA_INVALID_ARGUMENT);
            CHECK_OK(partita_app_worker_lost(little->app, 0, str("the thread left")));
            longjmp(way_out, 1);
        }
        little_back(little, 1);
    }
    return PARTITA_OK;
}

static void a_thread_that_leaves_a_step_loses_one_message(void) {
    static little little;
    little = (struct little)LITTLE(.threads = PARTITA_THREADS_NONE, .run = run_and_leave,
                                   .policy = PARTITA_POLICY_SKIP);
    static volatile int left;
    little_start(&little);
    CHECK_STATUS(partita_app_worker_lost(little.app, 0, str("not inside")), PARTITA_INVALID_ARGUMENT);
    little_send(&little, 16);
    if (setjmp(way_out) != 0) left++;
    CHECK_EQ(step(&little, 1000).idle_ns, PARTITA_FOREVER);
    CHECK_EQ(left, 1);
    partita_metrics metrics = metrics_of(little.app);
    CHECK_EQ(metrics.computed, 15);
    CHECK_EQ(metrics.dead[PARTITA_DEAD_COMPUTE], 1);
    little_finish(&little);
}

int main(void) {
    a_loop_runs_what_is_sent_turn_by_turn();
    who_waits_runs_it_or_is_told_that_nothing_can_come();
    what_is_queued_at_the_close_is_dropped_by_who_closes();
    the_hosts_clock_is_asked_and_does_not_pass_while_the_host_waits();
    a_step_says_how_long_its_loop_may_sleep();
    a_wait_sleeps_until_the_next_timer_by_the_systems_clock();
    the_steppers_clock_is_moved_by_who_advances_it_and_by_who_waits();
    a_seed_is_one_order();
    steps_are_for_applications_without_threads();
    one_thread_at_a_time_steps();
    a_thread_that_leaves_a_step_loses_one_message();
    return 0;
}
