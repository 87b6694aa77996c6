/* Steps that block: threads of their own, with the same promises, and nothing else waits for them. */
#include "little.h"

#include <setjmp.h>

enum { THREADS = 3 };

static partita_error error;

/* Callbacks that block say so in `first`, and wait until `second` is not 0. */
static int32_t block(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    little *little = host;
    counter_add(&little->first, 1);
    counter_wait(&little->second, 1);
    return little_count(host, data, state, emitter);
}

static uint64_t every_word(void *host, partita_value data) {
    (void)host;
    return data.word;
}

/* Declares a second pipeline that does not block, and ends in nothing. */
static partita_pipeline declare_other(little *little) {
    partita_partition_options partition = little_partition(little, "others");
    partita_source_options source = little_source(little);
    partita_step_options step = little_step(little, "count", "others");
    partita_pipeline pipeline;
    source.credits = 10, step.blocking = 0, step.compute = little_count;
    CHECK_OK(partita_app_add_partition(little->app, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(little->app, str("others"), &pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(pipeline, NULL));
    return pipeline;
}

static void the_rest_goes_on_while_callbacks_block_and_a_close_waits_for_them(void) {
    little little = LITTLE(.blocking = THREADS, .compute = block, .capacity = 100);
    little_declare(&little);
    partita_pipeline pipeline = declare_other(&little);
    partita_sender other;
    uint32_t threads = 0;
    CHECK_STATUS(partita_app_thread_count(little.app, &threads), PARTITA_NOT_STARTED);
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_app_thread_count(little.app, &threads));
    CHECK_EQ(threads, 1 + THREADS);
    CHECK_STATUS(partita_app_thread_count(little.app, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    CHECK_OK(partita_sender_new(pipeline, &other, NULL));
    little_send(&little, LITTLE_KEYS);
    counter_wait(&little.first, THREADS);

    /* Far more than its credits. */
    partita_value values[1000];
    size_t accepted = 0;
    for (size_t index = 0; index < 1000; index++) values[index] = word(index);
    little_given(&little, 1000);
    CHECK_OK(partita_send(other, values, 1000, &soon, &accepted));
    CHECK_EQ(accepted, 1000);
    CHECK_EQ(counter_read(&little.first), THREADS);

    partita_wait short_wait = wait_ms(5);
    CHECK_REFUSED(partita_app_close(little.app, &short_wait, &error), error, PARTITA_TIMEOUT,
                  "step 1 \"count\" has");
    counter_add(&little.second, 1);
    CHECK_OK(partita_app_close(little.app, &soon, NULL));
    CHECK_STATUS(partita_app_thread_count(little.app, &threads), PARTITA_CLOSED);
    finish(little.app);
    CHECK_STATUS(partita_app_thread_count(little.app, &threads), PARTITA_INVALID_HANDLE);
    CHECK_EQ(counter_read(&little.released), little_hosts(&little) + 3);
}

static void what_blocks_keeps_its_promises(void) {
    little little = LITTLE(.blocking = THREADS, .workers = 2, .run_length = 3);
    little_start(&little);
    for (int round = 0; round < 20; round++) little_works(&little);
    little_finish(&little);
}

/* ---- threads of the host's ---- */

static counter lost = COUNTER, replaced = COUNTER;
static little losing = LITTLE(.threads = PARTITA_THREADS_HOST, .blocking = 2, .policy = PARTITA_POLICY_SKIP);

static _Thread_local jmp_buf way_out;
static _Thread_local uint32_t place;

/* Leaves its thread on the word 7, once. */
static partita_status run_and_leave(void *host, partita_run *run) {
    CHECK(place > 0);
    for (size_t index = 0; index < run->len; index++) {
        if (run->values[index].word == 7 && counter_add(&lost, 1) == 1) {
            CHECK_STATUS(partita_app_worker_lost(losing.app, 0, str("not this one")), PARTITA_INVALID_ARGUMENT);
            CHECK_OK(partita_app_worker_lost(losing.app, place, str("the thread is gone")));
            longjmp(way_out, 1);
        }
        little_back(host, 1);
        run->done++;
    }
    return PARTITA_OK;
}

static void *enter_again(void *argument) {
    place = *(uint32_t *)argument;
    if (setjmp(way_out) != 0) counter_add(&replaced, 1);
    partita_status left = partita_app_run_worker(losing.app, place);
    /* It may have come too late: nobody waits for it to enter. */
    if (left != PARTITA_CLOSED) CHECK_OK(left);
    return NULL;
}

static void threads_of_the_host_run_what_blocks_and_may_be_lost_in_it(void) {
    losing.run = run_and_leave;
    little_declare(&losing);
    CHECK_OK(partita_app_start(losing.app, NULL));
    CHECK_OK(partita_sender_new(losing.pipeline, &losing.sender, NULL));
    uint32_t count = 0, indexes[WORKERS_MAX];
    CHECK_OK(partita_app_thread_count(losing.app, &count));
    CHECK_EQ(count, 3);
    CHECK_STATUS(partita_app_run_worker(losing.app, count), PARTITA_INVALID_ARGUMENT);
    pthread_t threads[WORKERS_MAX];
    for (uint32_t index = 0; index < count; index++) {
        indexes[index] = index;
        threads[index] = start(enter_again, &indexes[index]);
    }
    little_send(&losing, 100);
    CHECK_OK(partita_app_drain(losing.app, &soon, NULL));
    counter_wait(&replaced, 1);
    CHECK_EQ(metrics_of(losing.app).computed, 99);
    CHECK_OK(partita_app_close(losing.app, &soon, NULL));
    for (uint32_t index = 0; index < count; index++) join(threads[index]);
    finish(losing.app);
    CHECK_EQ(counter_read(&losing.held), 0);
}

static void without_threads_it_has_none(void) {
    little little = LITTLE(.threads = PARTITA_THREADS_NONE, .blocking = THREADS, .capacity = 100);
    little_start(&little);
    uint32_t threads = 9;
    CHECK_OK(partita_app_thread_count(little.app, &threads));
    CHECK_EQ(threads, 0);
    little_works(&little);
    little_finish(&little);
}

/* ---- parallel steps ---- */

/* Waits until as many are inside as there are threads. */
static int32_t meet(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    little *little = host;
    (void)state;
    uint64_t number = counter_add(&little->first, 1);
    counter_wait(&little->first, (number + THREADS - 1) / THREADS * THREADS);
    return partita_emit(emitter, data) == PARTITA_OK ? 0 : PARTITA_COMPUTE_FAILED;
}

static partita_computation_options meeting(little *little) {
    return (partita_computation_options){.size = sizeof(partita_computation_options),
                                         .name = str("meet"),
                                         .parallel = 1,
                                         .host = little,
                                         .drop_host = little_release,
                                         .compute = meet,
                                         .drop = little_drop,
                                         .blocking = THREADS};
}

static void a_parallel_step_uses_all_of_its_threads(void) {
    little little = LITTLE(.capacity = 100);
    partita_app_options app = little_app(&little, "parallel");
    partita_source_options source = little_source(&little);
    partita_computation_options step = meeting(&little);
    partita_sink_options sink = little_sink(&little, "out");
    CHECK_OK(partita_app_new(&app, &little.app, NULL));
    CHECK_OK(partita_app_add_pipeline(little.app, str("words"), &little.pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little.pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to(little.pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_to_sink(little.pipeline, &sink, &little.sink, NULL));
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    for (int round = 0; round < 50; round++) {
        little_send(&little, THREADS);
        little_poll(&little, THREADS);
    }
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
}

/* ---- mistakes ---- */

static void mistakes_are_told(void) {
    little little = LITTLE(.blocking = 1025);
    little_declare(&little);
    CHECK_REFUSED(partita_app_check(little.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "threads of blocking steps: expected 0 to 1024, got 1025");
    CHECK_OK(partita_app_free(little.app));

    little.blocking = 2;
    little_declare(&little);
    partita_step_options second = little_step(&little, "second", "counts");
    second.blocking = 3, second.word_key = every_word;
    CHECK_OK(partita_pipeline_to_state_partition(declare_other(&little), &second, NULL));
    CHECK_REFUSED(partita_app_check(little.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "it is blocking with 3 threads, and another step of partition \"counts\" with 2");
    CHECK_OK(partita_app_free(little.app));

    partita_computation_options ordered = meeting(&little);
    ordered.parallel = 0;
    little_declare(&little);
    CHECK_OK(partita_pipeline_to(little.pipeline, &ordered, NULL));
    CHECK_REFUSED(partita_app_check(little.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "it is blocking, and neither parallel nor has it a state");
    CHECK_OK(partita_app_free(little.app));
}

/* A program that was built before there were such steps says nothing of them. */
static void a_struct_without_the_field_does_not_block(void) {
    little little = LITTLE(.blocking = 5, .capacity = 100);
    partita_app_options app = little_app(&little, "old");
    partita_partition_options partition = little_partition(&little, "counts");
    partita_source_options source = little_source(&little);
    partita_step_options step = little_step(&little, "count", "counts");
    step.size = offsetof(partita_step_options, blocking);
    CHECK_OK(partita_app_new(&app, &little.app, NULL));
    CHECK_OK(partita_app_add_partition(little.app, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(little.app, str("words"), &little.pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little.pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(little.pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_done(little.pipeline, NULL));
    CHECK_OK(partita_app_start(little.app, NULL));
    uint32_t threads = 0;
    CHECK_OK(partita_app_thread_count(little.app, &threads));
    CHECK_EQ(threads, 1);
    finish(little.app);
}

int main(void) {
    the_rest_goes_on_while_callbacks_block_and_a_close_waits_for_them();
    what_blocks_keeps_its_promises();
    threads_of_the_host_run_what_blocks_and_may_be_lost_in_it();
    without_threads_it_has_none();
    a_parallel_step_uses_all_of_its_threads();
    mistakes_are_told();
    a_struct_without_the_field_does_not_block();
    return 0;
}
