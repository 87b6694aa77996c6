/* Stateless steps: alone and with others in one call, before, between and behind steps with a state, and in
 * parallel; and messages sent in two halves. */
#include "check.h"

#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>

enum { KEYS = 8, STEPS_MAX = 8, LEN_MAX = 6000 };

typedef struct world world;

/* What a step without a state does to a message. */
typedef struct stage {
    world *world;
    /* What it adds, how many outputs a message has then, and which message it fails on; 0 for none. */
    uint64_t add, outputs, fails_on;
    /* It leaves its thread on this message; 0 for none. */
    uint64_t exits_on;
} stage;

/* What a test uses. */
struct world {
    counter held, released, dead;
    /* Calls of chain functions, and of partition functions. */
    atomic_int chains, keys;
    /* A chain stops behind so many messages of all steps; 0 for never. */
    size_t stops_after;
    /* A chain leaves this many outputs without keys. */
    size_t keyless;
    /* Spoils what a chain answers. */
    void (*spoil)(partita_chain *chain, partita_status *status);
    bool reserves;
    stage stages[STEPS_MAX];
    size_t hosts;
    /* How it is declared. */
    uint32_t workers, threads, run_length;
    uint64_t credits, capacity;
    partita_app app;
    partita_pipeline pipeline;
    partita_sink sink;
    partita_sender sender;
    char path[256];
};

#define WORLD(...) {.held = COUNTER, .released = COUNTER, .dead = COUNTER, __VA_ARGS__}

static partita_error error;

static void give(world *world, uint64_t values) { counter_add(&world->held, values); }

static void take(world *world, uint64_t values) { counter_add(&world->held, -values); }

static void drop_source(void *host, const partita_value *values, size_t len) {
    (void)values;
    take(host, len);
}

static void share_source(void *host, const partita_value *values, size_t len, size_t times) {
    (void)values;
    give(host, len * (times - 1));
}

static void drop_outputs(void *host, const partita_value *values, size_t len) {
    (void)values;
    take(((stage *)host)->world, len);
}

static void share_outputs(void *host, const partita_value *values, size_t len, size_t times) {
    (void)values;
    give(((stage *)host)->world, len * (times - 1));
}

static void release_world(void *host) { counter_add(&((world *)host)->released, 1); }

static void release_stage(void *host) { release_world(((stage *)host)->world); }

static partita_status bury(void *host, partita_dead_letters *letters) {
    world *world = host;
    for (size_t index = 0; index < letters->len; index++) {
        const partita_dead_letter *letter = (const void *)((const char *)letters->letters + index * letters->letter_size);
        snprintf(world->path, sizeof world->path, "%.*s", (int)letter->path.len, letter->path.ptr);
    }
    take(world, letters->len);
    counter_add(&world->dead, letters->len);
    return PARTITA_OK;
}

static uint64_t key(void *host, partita_value data) {
    (void)host;
    return data.word % KEYS;
}

static partita_status keys(void *host, partita_keys *keys) {
    (void)host;
    for (; keys->done < keys->len; keys->done++) keys->words[keys->done] = key(NULL, keys->values[keys->done]);
    return PARTITA_OK;
}

static partita_status keys_counted(void *host, partita_keys *batch) {
    ((stage *)host)->world->keys++;
    return keys(host, batch);
}

static int32_t count(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    (void)host;
    ++*(uint64_t *)state.ptr;
    CHECK_OK(partita_emit(emitter, data));
    return PARTITA_CHANGED;
}

/* ---- steps without a state ---- */

static jmp_buf way_out;
static atomic_int left;

/* Nothing of the engine's on the stack is gone through, as with a goroutine that ends. */
static void leave_for_good(stage *stage) {
    CHECK_OK(partita_app_worker_lost(stage->world->app, 0, str("the thread left")));
    longjmp(way_out, 1);
}

/* Enters as the only worker, again when it was lost. */
static void *work_again(void *argument) {
    if (setjmp(way_out) != 0) left++;
    CHECK_OK(partita_app_run_worker(((world *)argument)->app, 0));
    return NULL;
}

static int32_t compute_one(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    stage *stage = host;
    CHECK_EQ(state.word, 0);
    give(stage->world, stage->outputs);
    bool fails = data.word == stage->fails_on && data.word;
    for (uint64_t index = 0; index < stage->outputs; index++) {
        CHECK_OK(partita_emit(emitter, word(data.word + stage->add + index + (fails ? 1000 : 0))));
    }
    if (fails) {
        CHECK_OK(partita_emitter_fail(emitter, str("not this one")));
        return PARTITA_COMPUTE_FAILED;
    }
    take(stage->world, 1);
    return 0;
}

/* A message on its way through a chain. */
typedef struct item {
    uint64_t value, step;
} item;

/* Runs messages depth first through all the steps of a call, as a binding does. */
static partita_status chain_all(void *host, partita_chain *chain) {
    world *world = ((stage *)host)->world;
    CHECK_EQ(chain->size, sizeof *chain);
    CHECK(chain->steps > 0 && chain->len > 0 && chain->hosts[0] == host);
    world->chains++;
    partita_status status = PARTITA_OK;
    item *stack = malloc((LEN_MAX * 2) * sizeof *stack);
    size_t seen = 0;
    for (size_t index = 0; index < chain->len && status == PARTITA_OK; index++) {
        size_t top = 0;
        bool stops = false;
        stack[top++] = (item){chain->values[index].word, 0};
        while (top > 0 && status == PARTITA_OK && !stops) {
            item item = stack[--top];
            if (item.step == chain->steps) {
                if (chain->outputs_len == chain->outputs_capacity) {
                    if (!world->reserves) {
                        chain->completed[0] = 0, chain->outputs_len = 0;
                        status = PARTITA_OUTPUTS_FULL;
                        break;
                    }
                    CHECK_OK(partita_chain_reserve(chain, 2 * chain->outputs_capacity));
                }
                chain->outputs[chain->outputs_len] = (partita_output){word(item.value), index};
                if (chain->word_keys && chain->keys_len == chain->outputs_len && world->keyless == 0) {
                    chain->word_keys[chain->keys_len++] = key(NULL, word(item.value));
                }
                chain->outputs_len++;
                continue;
            }
            stage *stage = chain->hosts[item.step];
            if (item.value == stage->exits_on && item.value) {
                chain->failed = word(item.value), chain->failed_step = (uint32_t)item.step;
                chain->failed_from = (uint32_t)index;
                give(world, chain->outputs_len + (chain->failed_step > 0));
                take(world, chain->completed[0]);
                free(stack);
                leave_for_good(stage);
            }
            if (item.value == stage->fails_on && item.value) {
                chain->failed = word(item.value), chain->failed_step = (uint32_t)item.step;
                chain->failed_from = (uint32_t)index;
                chain->failure.len = (size_t)snprintf(chain->failure.text, chain->failure.capacity, "not this one");
                status = PARTITA_FAILED;
                break;
            }
            chain->completed[item.step]++;
            for (uint64_t more = stage->outputs; more > 0; more--) {
                stack[top].value = item.value + stage->add + more - 1;
                stack[top++].step = item.step + 1;
            }
            seen++;
            stops = world->stops_after > 0 && seen >= world->stops_after;
        }
        if (status == PARTITA_OUTPUTS_FULL) break;
        /* What is on its way waits: the furthest first. */
        while (top > 0) {
            item item = stack[--top];
            if (chain->outputs_len == chain->outputs_capacity) {
                CHECK_OK(partita_chain_reserve(chain, chain->outputs_len + 1));
            }
            chain->outputs[chain->outputs_len++] = (partita_output){word(item.value), index};
            if (item.step < chain->steps) chain->waiting[item.step]++;
        }
        if (stops) break;
    }
    if (status != PARTITA_OUTPUTS_FULL) {
        give(world, chain->outputs_len + (chain->failed_step > 0));
        take(world, chain->completed[0]);
    } else {
        memset(chain->completed, 0, chain->steps * sizeof *chain->completed);
        memset(chain->waiting, 0, chain->steps * sizeof *chain->waiting);
        chain->keys_len = 0;
    }
    free(stack);
    if (world->spoil) world->spoil(chain, &status);
    return status;
}

/* ---- declaring ---- */

static void begin(world *world) {
    partita_app_options app = {.size = sizeof app,
                               .name = str("chains"),
                               .workers = world->workers ? world->workers : 2,
                               .threads = world->threads,
                               .run_length = world->run_length,
                               .host = world,
                               .drop_host = release_world,
                               .dead_letters = bury};
    partita_partition_options counts = {.size = sizeof counts, .name = str("counts"), .state_size = sizeof(uint64_t)};
    partita_source_options source = {.size = sizeof source,
                                     .credits = world->credits,
                                     .host = world,
                                     .drop_host = release_world,
                                     .drop = drop_source,
                                     .share = share_source};
    world->hosts = 2;
    CHECK_OK(partita_app_new(&app, &world->app, NULL));
    CHECK_OK(partita_app_add_partition(world->app, &counts, NULL));
    CHECK_OK(partita_app_add_pipeline(world->app, str("numbers"), &world->pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(world->pipeline, &source, NULL));
}

static partita_computation_options computation(world *world, const char *name, stage is) {
    stage *stage = &world->stages[world->hosts++ - 2];
    *stage = is;
    stage->world = world;
    return (partita_computation_options){.size = sizeof(partita_computation_options),
                                         .name = str(name),
                                         .policy = PARTITA_POLICY_SKIP,
                                         .host = stage,
                                         .drop_host = release_stage,
                                         .compute = compute_one,
                                         .drop = drop_outputs,
                                         .share = share_outputs};
}

static void to(world *world, const char *name, bool chained, stage is) {
    partita_computation_options options = computation(world, name, is);
    if (chained) options.compute = NULL, options.chain = chain_all;
    CHECK_OK(partita_pipeline_to(world->pipeline, &options, NULL));
}

static void to_counts(world *world, const char *name, bool chained) {
    stage *stage = &world->stages[world->hosts++ - 2];
    stage->world = world;
    partita_step_options options = {.size = sizeof options,
                                    .name = str(name),
                                    .partition = str("counts"),
                                    .policy = PARTITA_POLICY_SKIP,
                                    .host = stage,
                                    .drop_host = release_stage,
                                    .keys = keys_counted,
                                    .compute = count,
                                    .drop = drop_outputs,
                                    .share = share_outputs,
                                    .chain = chained ? chain_all : NULL};
    CHECK_OK(partita_pipeline_to_state_partition(world->pipeline, &options, NULL));
}

static void to_queue(world *world) {
    partita_sink_options sink = {.size = sizeof sink, .name = str("out"), .capacity = world->capacity};
    CHECK_OK(partita_pipeline_to_sink(world->pipeline, &sink, &world->sink, NULL));
}

static void go(world *world) {
    to_queue(world);
    CHECK_OK(partita_app_start(world->app, NULL));
    CHECK_OK(partita_sender_new(world->pipeline, &world->sender, NULL));
}

/* Sends the numbers from `from` to `end`. */
static void send(world *world, uint64_t from, uint64_t end) {
    partita_value values[1024];
    size_t accepted, len = (size_t)(end - from);
    CHECK(len <= 1024);
    for (size_t index = 0; index < len; index++) values[index] = word(from + index);
    give(world, len);
    CHECK_OK(partita_send(world->sender, values, len, &soon, &accepted));
    CHECK_EQ(accepted, len);
}

static size_t poll_all(world *world, uint64_t *out, size_t count) {
    size_t got = 0;
    while (got < count) {
        partita_value values[64];
        size_t len = 0, most = count - got < 64 ? count - got : 64;
        CHECK_OK(partita_sink_poll(world->sink, values, most, &soon, &len));
        for (size_t index = 0; index < len; index++) out[got++] = values[index].word;
        take(world, len);
    }
    return got;
}

static void end(world *world) {
    finish(world->app);
    CHECK_EQ(counter_read(&world->held), 0);
    CHECK_EQ(counter_read(&world->released), world->hosts);
}

static void drained(world *world) { CHECK_OK(partita_app_drain(world->app, &soon, NULL)); }

/* ---- tests ---- */

/* Checks that each key's numbers come in order. */
static void check_order(const uint64_t *out, size_t len, uint64_t add) {
    uint64_t last[KEYS] = {0};
    for (size_t index = 0; index < len; index++) {
        uint64_t at = (out[index] - add) % KEYS;
        CHECK(out[index] > last[at]);
        last[at] = out[index];
    }
}

static void steps_without_a_state_stand_anywhere(void) {
    for (int chained = 0; chained < 2; chained++) {
        world world = WORLD(.run_length = 16);
        begin(&world);
        to(&world, "add", chained, (stage){.add = 10, .outputs = 1});
        to(&world, "twice", chained, (stage){.add = 0, .outputs = 2});
        to_counts(&world, "first", chained);
        to(&world, "between", chained, (stage){.add = 8, .outputs = 1});
        to_counts(&world, "second", chained);
        to(&world, "behind", chained, (stage){.add = 1000, .outputs = 1});
        go(&world);
        send(&world, 0, 200);
        uint64_t out[400];
        poll_all(&world, out, 400);
        uint64_t sum = 0;
        for (size_t index = 0; index < 400; index++) sum += out[index] - 1018;
        CHECK_EQ(sum, 2 * (199 * 200 / 2) + 200);
        drained(&world);
        partita_metrics metrics = metrics_of(world.app);
        CHECK_EQ(metrics.sent, 200);
        CHECK_EQ(metrics.computed, 2 * 200 + 4 * 400);
        CHECK_EQ(metrics.emitted, 200 + 5 * 400);
        for (size_t index = 0; index < 6; index++) {
            partita_stage_metrics stage = stage_of(world.app, 1 + index);
            CHECK_EQ(stage.completed, index < 2 ? 200 : 400);
            CHECK_EQ(stage.emitted, index < 1 ? 200 : 400);
        }
        /* In one call with the steps and the keys behind them. */
        if (chained) CHECK_EQ(world.keys, 0);
        end(&world);
    }
}

static void a_pipeline_may_have_no_state_at_all(void) {
    for (int chained = 0; chained < 2; chained++) {
        world world = WORLD(.capacity = 16);
        begin(&world);
        to(&world, "add", chained, (stage){.add = 1, .outputs = 1});
        to(&world, "same", chained, (stage){.outputs = 1});
        to_queue(&world);
        partita_sink first = world.sink;
        partita_sink_options again = {.size = sizeof again, .name = str("again"), .capacity = 300};
        CHECK_OK(partita_pipeline_to_sink(world.pipeline, &again, &world.sink, NULL));
        CHECK_OK(partita_app_start(world.app, NULL));
        CHECK_OK(partita_sender_new(world.pipeline, &world.sender, NULL));
        send(&world, 0, 200);
        for (size_t got = 0; got < 200;) {
            partita_value value;
            size_t len;
            CHECK_OK(partita_sink_poll(first, &value, 1, &soon, &len));
            CHECK_EQ(value.word, ++got);
            take(&world, 1);
        }
        uint64_t out[200];
        poll_all(&world, out, 200);
        for (size_t index = 0; index < 200; index++) CHECK_EQ(out[index], index + 1);
        drained(&world);
        CHECK_EQ(metrics_of(world.app).delivered, 400);
        end(&world);
    }
}

static void steps_next_to_each_other_are_one_call(void) {
    world world = WORLD(.run_length = 128);
    begin(&world);
    for (int index = 0; index < 3; index++) {
        const char *names[] = {"a", "b", "c"};
        to(&world, names[index], true, (stage){.add = 1, .outputs = 1});
    }
    to_counts(&world, "count", true);
    go(&world);
    send(&world, 0, 100);
    CHECK_EQ(world.chains, 1);
    uint64_t out[100];
    poll_all(&world, out, 100);
    check_order(out, 100, 0);
    CHECK_EQ(world.keys, 0);
    /* Where it does not write keys, the partition function is asked. */
    world.keyless = 1;
    send(&world, 100, 200);
    poll_all(&world, out, 100);
    check_order(out, 100, 0);
    CHECK_EQ(world.chains, 2);
    CHECK_EQ(world.keys, 1);
    drained(&world);
    end(&world);
}

static void a_call_may_stop_anywhere_and_order_is_kept(void) {
    for (size_t stops_after = 1; stops_after < 8; stops_after++) {
        world world = WORLD(.run_length = 32, .stops_after = stops_after);
        begin(&world);
        to(&world, "two", true, (stage){.add = 0, .outputs = 2});
        to(&world, "one", true, (stage){.add = 8, .outputs = 1});
        to(&world, "same", true, (stage){.outputs = 1});
        go(&world);
        partita_value values[100];
        size_t accepted;
        for (size_t index = 0; index < 100; index++) values[index] = word(index * 2);
        give(&world, 100);
        CHECK_OK(partita_send(world.sender, values, 100, &soon, &accepted));
        uint64_t out[200];
        poll_all(&world, out, 200);
        for (size_t index = 0; index < 200; index++) CHECK_EQ(out[index], index + 8);
        drained(&world);
        for (size_t index = 0; index < 3; index++) {
            CHECK_EQ(stage_of(world.app, 1 + index).completed, index == 0 ? 100 : 200);
        }
        end(&world);
    }
}

static void one_message_may_have_more_outputs_than_fit(void) {
    for (int reserves = 0; reserves < 2; reserves++) {
        for (int behind = 0; behind < 2; behind++) {
            world world = WORLD(.run_length = 8, .credits = 64, .reserves = reserves, .capacity = 100);
            begin(&world);
            if (behind) to_counts(&world, "count", true);
            to(&world, "many", true, (stage){.outputs = 2500});
            to(&world, "same", true, (stage){.outputs = 1});
            go(&world);
            send(&world, 0, 1);
            uint64_t out[2500];
            poll_all(&world, out, 2500);
            for (size_t index = 0; index < 2500; index++) CHECK_EQ(out[index], index);
            drained(&world);
            end(&world);
        }
    }
}

static void a_message_that_fails_half_way_takes_no_other_with_it(void) {
    for (int chained = 0; chained < 2; chained++) {
        for (int behind = 0; behind < 2; behind++) {
            world world = WORLD(.run_length = 64);
            begin(&world);
            if (behind) to_counts(&world, "count", chained);
            to(&world, "three", chained, (stage){.outputs = 3});
            to(&world, "fails", chained, (stage){.outputs = 1, .fails_on = 11});
            to(&world, "same", chained, (stage){.outputs = 1});
            go(&world);
            partita_value values[3] = {word(0), word(10), word(20)};
            size_t accepted;
            give(&world, 3);
            CHECK_OK(partita_send(world.sender, values, 3, &soon, &accepted));
            uint64_t out[8], expected[] = {0, 1, 2, 10, 12, 20, 21, 22}, sum = 0;
            poll_all(&world, out, 8);
            for (size_t index = 0; index < 8; index++) {
                sum += out[index];
                if (!behind) CHECK_EQ(out[index], expected[index]);
            }
            CHECK_EQ(sum, 88);
            drained(&world);
            CHECK_EQ(counter_read(&world.dead), 1);
            CHECK(strstr(world.path, "\"fails\"") != NULL);
            CHECK_EQ(metrics_of(world.app).dead[PARTITA_DEAD_COMPUTE], 1);
            end(&world);
        }
    }
}

/* ---- contracts ---- */

static void too_many_done(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->completed[0] = chain->len + 1;
}
static void nothing_done(partita_chain *chain, partita_status *status) {
    give(((stage *)chain->hosts[0])->world, chain->completed[0]);
    take(((stage *)chain->hosts[0])->world, chain->outputs_len);
    chain->completed[0] = 0, chain->outputs_len = 0, chain->keys_len = 0, *status = PARTITA_OK;
}
static void waits_for_the_first(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->waiting[0] = 1;
}
static void more_wait_than_are_there(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->waiting[1] = SIZE_MAX;
}
static void follows_from_nobody(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->outputs[chain->outputs_len - 1].from = chain->len;
}
static void out_of_order(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->outputs[chain->outputs_len - 1].from = 0;
}
static void failed_without_a_word(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->failed_step = 1, chain->failed = word(5);
    give(((stage *)chain->hosts[0])->world, 1);
}
static void failed_behind_the_end(partita_chain *chain, partita_status *status) {
    chain->failed_step = chain->steps + 1, chain->failed = word(5), *status = PARTITA_FAILED;
    give(((stage *)chain->hosts[0])->world, 1);
}
static void failed_with_all_done(partita_chain *chain, partita_status *status) {
    (void)chain;
    *status = PARTITA_FAILED;
}
static void more_keys_than_outputs(partita_chain *chain, partita_status *status) {
    (void)status;
    CHECK_OK(partita_chain_reserve(chain, chain->outputs_len + 10));
    chain->word_keys[chain->keys_len++] = 1;
}
static void more_keys_than_fit(partita_chain *chain, partita_status *status) {
    (void)status;
    chain->keys_len = chain->outputs_capacity + 1;
}
static void odd_status(partita_chain *chain, partita_status *status) {
    (void)chain;
    *status = PARTITA_BUSY;
}

static void a_broken_contract_ends_the_application_and_loses_nothing(void) {
    static const struct {
        void (*spoil)(partita_chain *chain, partita_status *status);
        const char *words;
    } cases[] = {
        {too_many_done, "messages done of a run of"},
        {nothing_done, "no message is done, and none failed"},
        {waits_for_the_first, "outputs wait for its steps"},
        {more_wait_than_are_there, "outputs wait for its steps"},
        {follows_from_nobody, "an output follows from message"},
        {out_of_order, "an output follows from message"},
        {failed_without_a_word, "a message failed, but it did not say so"},
        {failed_behind_the_end, "failed at step 3"},
        {failed_with_all_done, "a message failed, but all of the run are done"},
        {more_keys_than_outputs, "more keys than outputs were given"},
        {more_keys_than_fit, "keys where"},
        {odd_status, "it answered the status"},
    };
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
        for (int behind = 0; behind < 2; behind++) {
            world world = WORLD(.spoil = cases[index].spoil, .run_length = 32);
            begin(&world);
            if (behind) to_counts(&world, "before", true);
            to(&world, "a", true, (stage){.outputs = 1});
            to(&world, "b", true, (stage){.outputs = 1});
            to_counts(&world, "count", true);
            go(&world);
            /* One key, so that they come together. */
            partita_value values[10];
            for (size_t at = 0; at < 10; at++) values[at] = word(KEYS * (at + 1));
            size_t accepted;
            give(&world, 10);
            CHECK_OK(partita_send(world.sender, values, 10, &soon, &accepted));
            CHECK_REFUSED(partita_app_wait(world.app, &soon, &error), error, PARTITA_FAILED, cases[index].words);
            end(&world);
        }
    }
}

/* ---- threads ---- */

static void a_thread_that_ends_half_way_through_a_chain_loses_one_message(void) {
    for (int parallel = 0; parallel < 2; parallel++) {
        world world = WORLD(.workers = 1, .threads = PARTITA_THREADS_HOST);
        begin(&world);
        if (parallel) {
            partita_computation_options options = computation(&world, "spread", (stage){.outputs = 1});
            options.parallel = 1;
            options.compute = NULL, options.chain = chain_all;
            CHECK_OK(partita_pipeline_to(world.pipeline, &options, NULL));
        } else {
            to_counts(&world, "count", true);
        }
        to(&world, "same", true, (stage){.outputs = 1});
        to(&world, "exits", true, (stage){.outputs = 1, .exits_on = 17});
        go(&world);
        left = 0;
        pthread_t worker = start(work_again, &world);
        send(&world, 1, 100);
        uint64_t out[98], sum = 0;
        poll_all(&world, out, 98);
        for (size_t index = 0; index < 98; index++) sum += out[index];
        CHECK_EQ(sum, 99 * 100 / 2 - 17);
        drained(&world);
        CHECK_EQ(counter_read(&world.dead), 1);
        CHECK(strstr(world.path, "\"exits\"") != NULL);
        CHECK_OK(partita_app_close(world.app, &soon, NULL));
        join(worker);
        CHECK_EQ(left, 1);
        end(&world);
    }
}

static counter together = COUNTER;

static int32_t meet(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    /* Only if two are here at once do they go on. */
    if (data.word < 2) {
        counter_add(&together, 1);
        counter_wait(&together, 2);
    }
    return compute_one(host, data, state, emitter);
}

static void a_parallel_step_runs_messages_of_one_batch_at_once(void) {
    world world = WORLD(.workers = 2);
    begin(&world);
    partita_computation_options options = computation(&world, "meet", (stage){.outputs = 1});
    options.parallel = 1, options.compute = meet;
    CHECK_OK(partita_pipeline_to(world.pipeline, &options, NULL));
    to(&world, "same", false, (stage){.outputs = 1});
    to_counts(&world, "count", false);
    go(&world);
    send(&world, 0, 2);
    uint64_t out[1000], sum = 0;
    poll_all(&world, out, 2);
    CHECK_EQ(out[0] + out[1], 1);
    send(&world, 10, 1010);
    poll_all(&world, out, 1000);
    for (size_t index = 0; index < 1000; index++) sum += out[index];
    CHECK_EQ(sum, (1009 * 1010 - 9 * 10) / 2);
    drained(&world);
    end(&world);
}

/* ---- two halves ---- */

static partita_push push_of(size_t done, const partita_value *values, size_t len, const size_t *completed, size_t steps) {
    return (partita_push){.size = sizeof(partita_push),
                          .done = done,
                          .len = len,
                          .values = values,
                          .completed = completed,
                          .steps = steps};
}

static partita_status admit(partita_sender sender, size_t wanted, const partita_wait *wait, size_t *admitted) {
    partita_admission admission = {.size = sizeof admission, .wanted = wanted};
    return partita_sender_admit(sender, &admission, wait, admitted);
}

static void begin_halves(world *world) {
    begin(world);
    to(world, "a", false, (stage){.outputs = 1});
    to(world, "b", false, (stage){.outputs = 1});
    to_counts(world, "count", false);
    go(world);
}

static void what_came_of_admitted_messages_is_pushed(void) {
    world world = WORLD(.credits = 10);
    begin_halves(&world);
    size_t admitted;
    CHECK_OK(admit(world.sender, 0, &not_at_all, &admitted));
    CHECK_EQ(admitted, 0);
    CHECK_OK(admit(world.sender, 4, &soon, &admitted));
    CHECK_EQ(admitted, 4);
    CHECK_EQ(metrics_of(world.app).in_flight, 4);
    CHECK_STATUS(partita_app_drain(world.app, &not_at_all, NULL), PARTITA_WOULD_BLOCK);
    /* The first has two outputs; the second is gone; the third fails on its way, and so has one. */
    partita_value values[] = {word(8), word(16), word(24)};
    uint64_t found[] = {0, 0, 0};
    size_t completed[] = {3, 4};
    give(&world, 3);
    partita_push push = push_of(2, values, 2, completed, 2);
    push.word_keys = found;
    CHECK_OK(partita_sender_push(world.sender, &push));
    size_t none[] = {0, 0}, wrong[] = {0};
    give(&world, 1);
    push = push_of(0, values + 2, 1, none, 2);
    push.failed = 1, push.failed_step = 1, push.failed_value = word(99), push.failure = str("not this one");
    give(&world, 1);
    CHECK_OK(partita_sender_push(world.sender, &push));
    take(&world, 1);
    /* What is wrong is refused, and changes nothing. */
    push = push_of(3, NULL, 0, none, 2);
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push = push_of(1, NULL, 0, wrong, 1);
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push = push_of(1, NULL, 1, none, 2);
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push = push_of(1, NULL, 0, none, 2);
    push.failed = 1, push.failed_step = 3;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    CHECK_STATUS(partita_sender_push(world.sender, NULL), PARTITA_INVALID_ARGUMENT);
    push = push_of(2, NULL, 0, none, 2);
    CHECK_OK(partita_sender_push(world.sender, &push));
    push = push_of(0, values, 1, none, 2);
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    uint64_t out[3];
    poll_all(&world, out, 3);
    CHECK(out[0] == 8 && out[1] == 16 && out[2] == 24);
    drained(&world);
    CHECK_EQ(metrics_of(world.app).sent, 4);
    CHECK_EQ(metrics_of(world.app).dead[PARTITA_DEAD_COMPUTE], 1);
    CHECK_EQ(world.keys, 1);
    CHECK_STATUS(admit(world.sender, 1, &soon, NULL), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_app_stop(world.app));
    CHECK_STATUS(admit(world.sender, 0, &soon, &admitted), PARTITA_STOPPED);
    CHECK_STATUS(admit(world.sender, 1, &soon, &admitted), PARTITA_STOPPED);
    end(&world);
}

static void messages_are_arranged_by_the_shards_that_compute_them(void) {
    enum { COUNT = 500 };
    world world = WORLD(.credits = COUNT - 100);
    begin(&world);
    to_counts(&world, "count", false);
    go(&world);
    uint64_t keys[COUNT];
    uint32_t order[COUNT];
    partita_value values[COUNT];
    for (size_t index = 0; index < COUNT; index++) keys[index] = index % 50;
    size_t admitted;
    partita_admission admission = {.size = sizeof admission, .wanted = COUNT, .word_keys = keys};
    /* What is wrong is refused, and admits nothing. */
    CHECK_STATUS(partita_sender_admit(world.sender, &admission, &soon, &admitted), PARTITA_INVALID_ARGUMENT);
    admission.order = order, admission.word_keys = NULL;
    CHECK_STATUS(partita_sender_admit(world.sender, &admission, &soon, &admitted), PARTITA_INVALID_ARGUMENT);
    admission.word_keys = keys;
    uint64_t tokens[COUNT] = {0};
    admission.tokens = tokens, admission.tokens_len = COUNT;
    CHECK_STATUS(partita_sender_admit(world.sender, &admission, &soon, &admitted), PARTITA_INVALID_ARGUMENT);
    admission.tokens = NULL, admission.tokens_len = 0;
    CHECK_EQ(metrics_of(world.app).in_flight, 0);
    CHECK_OK(partita_sender_admit(world.sender, &admission, &soon, &admitted));
    CHECK_EQ(admitted, COUNT - 100);
    CHECK_STATUS(partita_sender_admit(world.sender, &admission, &soon, &admitted), PARTITA_INVALID_ARGUMENT);
    /* Each comes once, and those of one key in their order. */
    bool seen[COUNT] = {false};
    uint64_t sum = 0;
    uint32_t last[50] = {0};
    for (size_t index = 0; index < COUNT - 100; index++) {
        uint32_t at = order[index];
        CHECK(at < COUNT - 100 && !seen[at] && at >= last[at % 50]);
        seen[at] = true, last[at % 50] = at;
        values[index] = word(8 * at);
        sum += 8 * at;
    }
    partita_push push = push_of(COUNT - 101, values, COUNT - 101, NULL, 0);
    push.arranged = 1;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.done++, push.len++, push.arranged = 0;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.arranged = 2;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.arranged = 1, push.word_keys = keys;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.word_keys = NULL;
    give(&world, COUNT - 100);
    CHECK_OK(partita_sender_push(world.sender, &push));
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    uint64_t out[COUNT];
    poll_all(&world, out, COUNT - 100);
    for (size_t index = 0; index < COUNT - 100; index++) sum -= out[index];
    CHECK_EQ(sum, 0);
    CHECK_EQ(world.keys, 0);
    drained(&world);
    end(&world);
}

static void a_sender_that_goes_gives_its_credits_back(void) {
    world world = WORLD(.credits = 10);
    begin_halves(&world);
    size_t admitted;
    CHECK_OK(admit(world.sender, 100, &soon, &admitted));
    CHECK_EQ(admitted, 10);
    /* Some are given up, and one waits for the second step: the engine runs that. */
    size_t completed[] = {1, 0}, waiting[] = {0, 1}, many[] = {0, 2};
    partita_value value = word(8);
    partita_push push = push_of(0, &value, 1, completed, 2);
    push.waiting = many;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.waiting = waiting, push.given_up = 11;
    CHECK_STATUS(partita_sender_push(world.sender, &push), PARTITA_INVALID_ARGUMENT);
    push.done = 1, push.given_up = 2;
    give(&world, 1);
    CHECK_OK(partita_sender_push(world.sender, &push));
    uint64_t out[1];
    poll_all(&world, out, 1);
    CHECK_EQ(out[0], 8);
    while (metrics_of(world.app).in_flight > 7) sched_yield();
    CHECK_EQ(stage_of(world.app, 2).completed, 1);
    partita_sender other;
    CHECK_OK(partita_sender_new(world.pipeline, &other, NULL));
    CHECK_OK(admit(other, 3, &not_at_all, &admitted));
    CHECK_EQ(admitted, 3);
    CHECK_STATUS(admit(other, 1, &not_at_all, &admitted), PARTITA_WOULD_BLOCK);
    CHECK_OK(partita_sender_free(world.sender));
    push = push_of(3, NULL, 0, (size_t[]){3, 0}, 2);
    CHECK_OK(partita_sender_push(other, &push));
    drained(&world);
    CHECK_OK(admit(other, 1, &soon, &admitted));
    CHECK_OK(partita_sender_free(other));
    end(&world);
}

static void what_is_pushed_into_an_end_is_handed_back(void) {
    for (int fails = 0; fails < 2; fails++) {
        world world = WORLD(.credits = 10);
        begin_halves(&world);
        size_t admitted, none[] = {0, 0};
        CHECK_OK(admit(world.sender, 2, &soon, &admitted));
        partita_value values[] = {word(1)};
        if (fails) {
            /* A key that nobody can find ends the application. */
            CHECK_OK(partita_app_stop(world.app));
        } else {
            partita_wait short_wait = wait_ms(1);
            CHECK_STATUS(partita_app_close(world.app, &short_wait, NULL), PARTITA_TIMEOUT);
        }
        give(&world, 1);
        partita_push push = push_of(2, values, 1, none, 2);
        CHECK_OK(partita_sender_push(world.sender, &push));
        if (fails) {
            uint64_t out[1];
            poll_all(&world, out, 1);
        }
        end(&world);
        CHECK_EQ(counter_read(&world.dead), 0);
    }
}

/* ---- mistakes ---- */

static void mistakes_are_told(void) {
    world world = WORLD(.credits = 10);
    begin(&world);
    partita_computation_options options = computation(&world, "", (stage){.outputs = 1});
    options.policy = PARTITA_POLICY_RESET;
    CHECK_OK(partita_pipeline_to(world.pipeline, &options, NULL));
    to_queue(&world);
    CHECK_REFUSED(partita_app_check(world.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "its policy is reset, and it has no state: expected stop or skip");
    CHECK_REFUSED(partita_app_check(world.app, &error), error, PARTITA_INVALID_TOPOLOGY,
                  "step 1 \"\": the name is empty");
    options = computation(&world, "both", (stage){.outputs = 1});
    options.chain = chain_all;
    CHECK_REFUSED(partita_pipeline_to(world.pipeline, &options, &error), error, PARTITA_INVALID_ARGUMENT,
                  "expected one of chain and compute to be set, got both or none");
    options = computation(&world, "policy", (stage){.outputs = 1});
    options.policy = 77;
    CHECK_REFUSED(partita_pipeline_to(world.pipeline, &options, &error), error, PARTITA_INVALID_ARGUMENT,
                  "policy 77 is unknown");
    CHECK_STATUS(partita_chain_reserve(NULL, 1), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_app_close(world.app, NULL, NULL));
    CHECK_OK(partita_app_free(world.app));
    CHECK_EQ(counter_read(&world.released), world.hosts);
}

int main(void) {
    steps_without_a_state_stand_anywhere();
    a_pipeline_may_have_no_state_at_all();
    steps_next_to_each_other_are_one_call();
    a_call_may_stop_anywhere_and_order_is_kept();
    one_message_may_have_more_outputs_than_fit();
    a_message_that_fails_half_way_takes_no_other_with_it();
    a_broken_contract_ends_the_application_and_loses_nothing();
    a_thread_that_ends_half_way_through_a_chain_loses_one_message();
    a_parallel_step_runs_messages_of_one_batch_at_once();
    what_came_of_admitted_messages_is_pushed();
    messages_are_arranged_by_the_shards_that_compute_them();
    a_sender_that_goes_gives_its_credits_back();
    what_is_pushed_into_an_end_is_handed_back();
    mistakes_are_told();
    return 0;
}
