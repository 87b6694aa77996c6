/* Threads that send, poll, read, ask, cancel, make and free handles, while others close and free the
 * application. Every message is handed back once, and every call answers what its header says. */
#include "world.h"

#include <sched.h>

enum { ROUNDS = 30, ENOUGH = 600, BATCH = 20 };

typedef struct race {
    world world;
    partita_app app;
    partita_pipeline pipeline;
    partita_sender sender;
    partita_sink queue;
    uint64_t round;
    /* How many messages were accepted. */
    counter accepted;
    pthread_mutex_t lock;
    partita_cancel cancel;
    bool over;
} race;

static int32_t pass(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    ((struct state *)state.ptr)->sum++;
    CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

static partita_status deliver(void *host, partita_delivery *delivery) {
    drop_messages(host, delivery->values, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

/* Whether a call found the application's end; else it answered what it may while it runs. */
static bool is_over(partita_status status) {
    switch (status) {
    case PARTITA_OK:
    case PARTITA_TIMEOUT:
    case PARTITA_CANCELLED: return false;
    case PARTITA_BUSY:
    case PARTITA_WOULD_BLOCK:
        /* Valgrind runs one thread at a time: who only asks again keeps the others from answering. */
        sched_yield();
        return false;
    case PARTITA_CLOSED:
    case PARTITA_INVALID_HANDLE: return true;
    default: CHECK_OK(status); return true;
    }
}

static partita_wait some_wait(race *race, unsigned choice) {
    partita_wait wait = choice % 3 == 0 ? not_at_all : choice % 3 == 1 ? wait_ms(1) : soon;
    pthread_mutex_lock(&race->lock);
    if (choice % 2) wait.cancel = race->cancel;
    pthread_mutex_unlock(&race->lock);
    return wait;
}

static bool race_is_over(race *race) {
    pthread_mutex_lock(&race->lock);
    bool over = race->over;
    pthread_mutex_unlock(&race->lock);
    return over;
}

/* Sends a batch; what is not accepted stays ours. */
static partita_status send_some(race *race, partita_sender sender, unsigned choice) {
    partita_value values[BATCH];
    uint64_t keys[BATCH];
    size_t len = choice % BATCH + 1, accepted = 0;
    for (size_t index = 0; index < len; index++) {
        keys[index] = (choice + index) % KEYS;
        values[index] = pointer(message_new(&race->world, keys[index], choice));
    }
    partita_wait wait = some_wait(race, choice);
    partita_status status;
    if (choice % 5 == 0) {
        partita_batch batch = {.size = sizeof batch, .len = len, .values = values, .word_keys = keys};
        status = partita_send_batch(sender, &batch, &wait, &accepted);
    } else {
        status = partita_send(sender, values, len, &wait, &accepted);
    }
    CHECK(accepted <= len);
    if (status == PARTITA_OK) CHECK_EQ(accepted, len);
    drop_messages(&race->world, values + accepted, len - accepted);
    counter_add(&race->accepted, accepted);
    /* The cancel of the wait may be gone already: that is no end. */
    return status == PARTITA_INVALID_HANDLE && wait.cancel.id != 0 ? PARTITA_CANCELLED : status;
}

/* Two threads use one sender. */
static void *send_through_one(void *argument) {
    race *race = argument;
    for (unsigned choice = 0; !is_over(send_some(race, race->sender, choice)); choice++) {}
    return NULL;
}

/* Each batch through a sender of its own. */
static void *send_through_many(void *argument) {
    race *race = argument;
    for (unsigned choice = 1;; choice++) {
        partita_sender sender;
        partita_status status = partita_sender_new(race->pipeline, &sender, NULL);
        if (is_over(status)) return NULL;
        status = send_some(race, sender, choice);
        partita_status freed = partita_sender_free(sender);
        if (freed != PARTITA_INVALID_HANDLE) CHECK_OK(freed);
        if (is_over(status)) return NULL;
    }
}

static void *poll_queue(void *argument) {
    race *race = argument;
    for (unsigned choice = 0;; choice++) {
        partita_value values[7];
        size_t len = 0;
        partita_wait wait = some_wait(race, choice);
        partita_status status = partita_sink_poll(race->queue, values, 7, &wait, &len);
        if (status == PARTITA_OK) drop_messages(&race->world, values, len);
        else CHECK_EQ(len, 0);
        if (status == PARTITA_INVALID_HANDLE && wait.cancel.id != 0) continue;
        if (is_over(status)) return NULL;
    }
}

/* Reads counters, and states whenever nothing is in flight. */
static void *ask(void *argument) {
    race *race = argument;
    for (unsigned choice = 0;; choice++) {
        partita_metrics metrics = {.size = sizeof metrics};
        partita_stage_metrics stage = {.size = sizeof stage};
        partita_status status = partita_app_metrics(race->app, &metrics);
        if (is_over(status)) return NULL;
        CHECK(metrics.stages == 4);
        if (is_over(partita_app_stage(race->app, choice % 4, &stage))) return NULL;
        partita_status failure = partita_app_failure(race->app, NULL);
        if (is_over(failure)) return NULL;
        partita_reader reader;
        status = partita_reader_new(race->app, str("counts"), &reader, NULL);
        if (status == PARTITA_OK) {
            partita_value states[3];
            partita_parts parts = {.size = sizeof parts, .capacity = 3, .states = states};
            size_t len = 0;
            CHECK_OK(partita_reader_next(reader, &parts, &len));
            for (size_t index = 0; index < len; index++) ((state *)states[index].ptr)->sum++;
            CHECK_OK(partita_reader_free(reader));
        }
        if (is_over(status)) return NULL;
    }
}

/* Fires cancels, and frees those that others may still wait with. */
static void *cancel(void *argument) {
    race *race = argument;
    while (!race_is_over(race)) {
        partita_cancel next;
        CHECK_OK(partita_cancel_new(&next));
        pthread_mutex_lock(&race->lock);
        partita_cancel last = race->cancel;
        race->cancel = next;
        pthread_mutex_unlock(&race->lock);
        if (last.id != 0) {
            CHECK_OK(partita_cancel_fire(last));
            CHECK_OK(partita_cancel_free(last));
        }
        sched_yield();
    }
    /* There is none if all was over before this thread came. */
    if (race->cancel.id != 0) {
        CHECK_OK(partita_cancel_fire(race->cancel));
        CHECK_OK(partita_cancel_free(race->cancel));
    }
    return NULL;
}

/* Closes, again at each deadline; then frees, as another thread does too. */
static void *close_and_free(void *argument) {
    race *race = argument;
    counter_wait(&race->accepted, ENOUGH);
    partita_wait wait = wait_ms((int64_t)(race->round % 3));
    partita_status status;
    do {
        status = partita_app_close(race->app, &wait, NULL);
    } while (status == PARTITA_TIMEOUT || status == PARTITA_WOULD_BLOCK);
    if (status == PARTITA_OK) {
        partita_metrics metrics = {.size = sizeof metrics};
        if (partita_app_metrics(race->app, &metrics) == PARTITA_OK) CHECK_EQ(metrics.parts, 0);
        status = partita_app_free(race->app);
    }
    if (status != PARTITA_INVALID_HANDLE) CHECK_OK(status);
    pthread_mutex_lock(&race->lock);
    race->over = true;
    pthread_mutex_unlock(&race->lock);
    return NULL;
}

static void run(uint64_t round) {
    race race = {.world = WORLD(.key_kind = PARTITA_KEY_WORD),
                 .accepted = COUNTER,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .round = round};
    uint32_t threads = round % 2 ? PARTITA_THREADS_HOST : PARTITA_THREADS_ENGINE;
    partita_app_options options = {
        .size = sizeof options, .name = str("race"), .workers = 2, .threads = threads, .run_length = 8};
    CHECK_OK(partita_app_new(&options, &race.app, NULL));
    partita_partition_options counts = partition_of(&race.world, "counts", PARTITA_KEY_WORD, round % 4 < 2);
    CHECK_OK(partita_app_add_partition(race.app, &counts, NULL));
    CHECK_OK(partita_app_add_pipeline(race.app, str("words"), &race.pipeline, NULL));
    partita_source_options source = source_of(&race.world, 32);
    CHECK_OK(partita_pipeline_from_source(race.pipeline, &source, NULL));
    partita_step_options step = step_of(&race.world, "pass", "counts");
    step.word_key = word_key, step.compute = pass;
    CHECK_OK(partita_pipeline_to_state_partition(race.pipeline, &step, NULL));
    partita_sink_options one = sink_of(&race.world, "one", deliver, 0), two = sink_of(&race.world, "two", NULL, 4);
    CHECK_OK(partita_pipeline_to_sink(race.pipeline, &one, NULL, NULL));
    CHECK_OK(partita_pipeline_to_sink(race.pipeline, &two, &race.queue, NULL));
    CHECK_OK(partita_app_start(race.app, NULL));
    CHECK_OK(partita_sender_new(race.pipeline, &race.sender, NULL));
    crew crew = {.size = 0};
    if (threads == PARTITA_THREADS_HOST) crew_enter(&crew, race.app, 2);
    void *(*const racers[])(void *) = {send_through_one, send_through_one, send_through_many, poll_queue, poll_queue,
                                       ask, cancel, close_and_free, close_and_free};
    enum { RACERS = sizeof racers / sizeof *racers };
    pthread_t running[RACERS];
    for (size_t index = 0; index < RACERS; index++) running[index] = start(racers[index], &race);
    for (size_t index = 0; index < RACERS; index++) join(running[index]);
    crew_leave(&crew);
    CHECK_EQ(race.world.messages, 0);
    CHECK_EQ(race.world.states, 0);
    CHECK_EQ(counter_read(&race.world.released), 5);
    CHECK_STATUS(partita_app_close(race.app, NULL, NULL), PARTITA_INVALID_HANDLE);
}

/* ---- starting and closing at once ---- */

static void *start_it(void *argument) {
    partita_status status = partita_app_start(*(partita_app *)argument, NULL);
    if (status != PARTITA_ALREADY_STARTED && status != PARTITA_INVALID_HANDLE) CHECK_OK(status);
    return NULL;
}

static void *close_it(void *argument) {
    partita_status status = partita_app_close(*(partita_app *)argument, &soon, NULL);
    if (status != PARTITA_INVALID_HANDLE) CHECK_OK(status);
    return NULL;
}

static void *free_it(void *argument) {
    partita_status status = partita_app_free(*(partita_app *)argument);
    if (status != PARTITA_BUSY && status != PARTITA_INVALID_HANDLE) CHECK_OK(status);
    return NULL;
}

/* A start, a close and a free at once end in an application that is freed, or can be. */
static void a_start_meets_a_close(void) {
    for (int round = 0; round < 100; round++) {
        world world = WORLD(.key_kind = PARTITA_KEY_WORD);
        partita_app_options options = {.size = sizeof options, .name = str("meeting"), .workers = 2};
        partita_app app;
        CHECK_OK(partita_app_new(&options, &app, NULL));
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("words"), &pipeline, NULL));
        partita_source_options source = source_of(&world, 32);
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        pthread_t threads[] = {start(start_it, &app), start(close_it, &app),
                               round % 2 ? start(free_it, &app) : start(start_it, &app)};
        for (size_t index = 0; index < 3; index++) join(threads[index]);
        /* A close that returned has closed it, whoever was first. */
        partita_status freed = partita_app_free(app);
        if (freed != PARTITA_INVALID_HANDLE) CHECK_OK(freed);
        CHECK_EQ(counter_read(&world.released), 1);
    }
}

int main(void) {
    for (uint64_t round = 0; round < ROUNDS; round++) run(round);
    a_start_meets_a_close();
    return 0;
}
