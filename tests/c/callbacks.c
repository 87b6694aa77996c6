/* Callbacks that fail, that break their contract, and that call back in. */
#include "little.h"

static partita_error error;

/* ---- calls from inside callbacks ---- */

/* Calls what would wait for the callback that calls it: refused, at once, with nothing changed. */
static void check_waiting_is_refused(little *little) {
    partita_value values[1] = {{.word = 1}};
    partita_batch batch = {.size = sizeof batch, .len = 1, .values = values};
    partita_reader reader;
    size_t len = 77;
#define REFUSED(call) CHECK_STATUS(call, PARTITA_WOULD_DEADLOCK)
    REFUSED(partita_send(little->sender, values, 1, NULL, &len));
    REFUSED(partita_send(little->sender, values, 1, &not_at_all, &len));
    REFUSED(partita_send_batch(little->sender, &batch, NULL, &len));
    partita_admission admission = {.size = sizeof admission, .wanted = 1};
    REFUSED(partita_sender_admit(little->sender, &admission, &not_at_all, &len));
    REFUSED(partita_sink_poll(little->sink, values, 1, &soon, &len));
    REFUSED(partita_sink_poll(little->sink, values, 1, NULL, &len));
    REFUSED(partita_app_wait(little->app, NULL, NULL));
    REFUSED(partita_app_drain(little->app, &not_at_all, NULL));
    REFUSED(partita_app_free(little->app));
    REFUSED(partita_reader_new(little->app, str("counts"), &reader, NULL));
    partita_error refused = {0};
    CHECK_REFUSED(partita_app_close(little->app, NULL, &refused), refused, PARTITA_WOULD_DEADLOCK,
                  "the call was made inside a callback and would wait for it");
    if (little->threads == PARTITA_THREADS_HOST) REFUSED(partita_app_run_worker(little->app, 0));
#undef REFUSED
    CHECK_EQ(len, 77);
}

/* Calls what the header allows in callbacks. */
static void check_asking_is_allowed(little *little) {
    metrics_of(little->app);
    stage_of(little->app, 0);
    partita_cancel cancel;
    CHECK_OK(partita_cancel_new(&cancel));
    CHECK_OK(partita_cancel_fire(cancel));
    CHECK_OK(partita_cancel_free(cancel));
    partita_error refused = {0};
    CHECK_REFUSED(partita_app_check(little->app, &refused), refused, PARTITA_ALREADY_STARTED, "started");
    partita_app_options options = {.size = sizeof options, .name = str("another")};
    partita_app another;
    CHECK_OK(partita_app_new(&options, &another, NULL));
    CHECK_OK(partita_app_close(another, NULL, NULL));
    CHECK_OK(partita_app_free(another));
}

static void call_back_in(void *host) {
    little *little = host;
    check_waiting_is_refused(little);
    check_asking_is_allowed(little);
    counter_add(&little->first, 1);
}

static partita_status keys_and_calls(void *host, partita_keys *keys) {
    call_back_in(host);
    for (size_t index = 0; index < keys->len; index++) {
        keys->words[index] = keys->values[index].word % LITTLE_KEYS;
    }
    keys->done = keys->len;
    return PARTITA_OK;
}

static partita_status run_and_calls(void *host, partita_run *run) {
    little *little = host;
    call_back_in(little);
    /* Polling without a wait is allowed, and finds what is there; the last two are computed while it closes. */
    partita_value value;
    size_t len;
    partita_status polled = partita_sink_poll(little->sink, &value, 1, &not_at_all, &len);
    CHECK(polled == PARTITA_OK || polled == PARTITA_WOULD_BLOCK || polled == PARTITA_CLOSED);
    if (polled == PARTITA_OK) little_back(little, len);
    CHECK_OK(partita_run_reserve(run, 2 * run->len));
    CHECK(run->outputs_capacity >= 2 * run->len);
    for (size_t index = 0; index < run->len; index++) {
        if (run->values[index].word == 3) {
            run->done = index;
            return PARTITA_FAILED;
        }
        run->outputs[run->outputs_len++] = (partita_output){run->values[index], index};
        run->done = index + 1;
    }
    return PARTITA_OK;
}

static partita_status build_and_calls(void *host, partita_build *build) {
    call_back_in(host);
    little_given(host, build->len);
    memset(build->states, 0, build->len * sizeof *build->states);
    for (size_t index = 0; index < build->len; index++) {
        build->states[index].ptr = calloc(1, sizeof(uint64_t));
    }
    build->done = build->len;
    return PARTITA_OK;
}

static void drop_state_and_call(void *host, const partita_value *values, size_t len) {
    call_back_in(host);
    for (size_t index = 0; index < len; index++) free(values[index].ptr);
    little_back(host, len);
}

static void drop_and_call(void *host, const partita_value *values, size_t len) {
    call_back_in(host);
    little_drop(host, values, len);
}

static partita_status letters_and_calls(void *host, partita_dead_letters *letters) {
    call_back_in(host);
    little_back(host, letters->len);
    return PARTITA_OK;
}

static void release_and_call(void *host) {
    call_back_in(host);
    little_release(host);
}

static void no_callback_can_wait_for_its_application(void) {
    for (uint32_t threads = 0; threads < 2; threads++) {
        little little = LITTLE(.threads = threads, .policy = PARTITA_POLICY_SKIP, .run = run_and_calls,
                               .keys = keys_and_calls, .again = keys_and_calls, .build = build_and_calls,
                               .drop_state = drop_state_and_call, .drop = drop_and_call,
                               .dead_letters = letters_and_calls, .drop_host = release_and_call);
        little_start(&little);
        little_send(&little, 8);
        /* Run by run: the run callback polls too. */
        while (metrics_of(little.app).delivered < 7) {
            partita_value value;
            size_t len;
            partita_wait wait = wait_ms(1);
            partita_status polled = partita_sink_poll(little.sink, &value, 1, &wait, &len);
            CHECK(polled == PARTITA_OK || polled == PARTITA_TIMEOUT);
            if (polled == PARTITA_OK) little_back(&little, len);
        }
        CHECK_OK(partita_app_drain(little.app, &soon, NULL));
        CHECK_EQ(metrics_of(little.app).dead[PARTITA_DEAD_COMPUTE], 1);
        /* What is left in the queue at the close is dropped by the close. */
        little_send(&little, 2);
        uint64_t calls = counter_read(&little.first);
        CHECK(calls >= 6);
        little_finish(&little);
        CHECK(counter_read(&little.first) > calls);
    }
}

static partita_status deliver_and_call(void *host, partita_delivery *delivery) {
    call_back_in(host);
    little_back(host, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_OK;
}

/* A sink that is a callback has nothing to poll, wherever that is asked. */
static void a_sink_callback_cannot_wait_for_its_application(void) {
    little queue = LITTLE();
    little_start(&queue);
    little little = LITTLE(.deliver = deliver_and_call);
    little_start(&little);
    partita_value value;
    size_t len;
    CHECK_STATUS(partita_sink_poll(little.sink, &value, 1, NULL, &len), PARTITA_UNSUPPORTED);
    /* Inside, the handle of the sink is another one's, which would wait for nobody. */
    little.sink = queue.sink;
    CHECK_STATUS(partita_sink_poll(little.sink, &value, 1, &not_at_all, &len), PARTITA_WOULD_BLOCK);
    little_finish(&little);
    little_finish(&queue);
}

/* `drop_host` is a callback too: it may declare, and no lock is held while it does. */
static partita_app declaring;

static void release_and_check(void *host) {
    partita_pipeline pipeline;
    partita_app_check(declaring, NULL);
    partita_app_add_pipeline(declaring, str("from drop_host"), &pipeline, NULL);
    partita_app_start(declaring, NULL);
    partita_app_close(declaring, &not_at_all, NULL);
    counter_add(host, 1);
}

static void a_host_that_is_released_may_call_in(void) {
    for (int ending = 0; ending < 3; ending++) {
        counter released = COUNTER;
        partita_app_options options = {.size = sizeof options, .name = str("x")};
        CHECK_OK(partita_app_new(&options, &declaring, NULL));
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(declaring, str("p"), &pipeline, NULL));
        partita_source_options source = {
            .size = sizeof source, .host = &released, .drop_host = release_and_check};
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        if (ending == 0) {
            /* It takes the place of the first. */
            partita_pipeline_from_source(pipeline, &source, NULL);
            CHECK(counter_read(&released) >= 1);
        }
        if (ending == 2) CHECK_OK(partita_app_close(declaring, NULL, NULL));
        CHECK_OK(partita_app_free(declaring));
        CHECK_EQ(counter_read(&released), ending == 0 ? 2 : 1);
    }
}

/* ---- broken contracts ---- */

/* Takes the whole run. */
static partita_status broken(void *host, partita_run *run) {
    little_back(host, run->len);
    run->done = run->len;
    return PARTITA_OK;
}

static partita_status run_claims_more(void *host, partita_run *run) {
    broken(host, run);
    run->done++;
    return PARTITA_OK;
}

static partita_status run_claims_more_outputs(void *host, partita_run *run) {
    broken(host, run);
    run->outputs_len = run->outputs_capacity + 1;
    return PARTITA_OK;
}

static partita_status run_follows_from_what_is_not_done(void *host, partita_run *run) {
    broken(host, run);
    little_given(host, 1);
    run->outputs[run->outputs_len++] = (partita_output){word(1), run->len};
    return PARTITA_OK;
}

static partita_status run_descends(void *host, partita_run *run) {
    broken(host, run);
    little_given(host, 2);
    run->outputs[run->outputs_len++] = (partita_output){word(1), 1};
    run->outputs[run->outputs_len++] = (partita_output){word(1), 0};
    return PARTITA_OK;
}

/* It forgets to say what it did. */
static partita_status run_says_nothing(void *host, partita_run *run) {
    broken(host, run);
    run->done = 0;
    return PARTITA_OK;
}

static partita_status run_fails_on_nothing(void *host, partita_run *run) {
    broken(host, run);
    return PARTITA_FAILED;
}

/* One is done; the others were not touched, and are handed to `drop`. */
static partita_status run_answers_nonsense(void *host, partita_run *run) {
    little_back(host, 1);
    run->done = 1;
    return 99;
}

static partita_status run_knows_no_data(void *host, partita_run *run) {
    (void)host, (void)run;
    return PARTITA_UNSUPPORTED;
}

static partita_status run_deletes_early(void *host, partita_run *run) {
    broken(host, run);
    run->flags[0] = PARTITA_DELETE;
    return PARTITA_OK;
}

static int32_t compute_answers_nonsense(void *host, partita_value data, partita_value state,
                                        partita_emitter *emitter) {
    (void)data, (void)state, (void)emitter;
    little_back(host, 1);
    return 77;
}

static int32_t compute_answers_less(void *host, partita_value data, partita_value state,
                                    partita_emitter *emitter) {
    (void)data, (void)state, (void)emitter;
    little_back(host, 1);
    return -2;
}

static partita_status keys_claims_more(void *host, partita_keys *keys) {
    (void)host;
    keys->done = keys->len + 1;
    return PARTITA_OK;
}

static partita_status keys_does_nothing(void *host, partita_keys *keys) {
    (void)host, (void)keys;
    return PARTITA_OK;
}

static partita_status keys_fails_on_nothing(void *host, partita_keys *keys) {
    (void)host;
    memset(keys->words, 0, keys->len * sizeof *keys->words);
    keys->done = keys->len;
    return PARTITA_FAILED;
}

static partita_status keys_answers_nonsense(void *host, partita_keys *keys) {
    (void)host, (void)keys;
    return -1;
}

static partita_status build_claims_more(void *host, partita_build *build) {
    (void)host;
    build->done = build->len + 1;
    return PARTITA_OK;
}

static partita_status build_does_nothing(void *host, partita_build *build) {
    (void)host, (void)build;
    return PARTITA_OK;
}

static partita_status build_answers_nonsense(void *host, partita_build *build) {
    (void)host, (void)build;
    return 99;
}

static partita_status build_fails_on_nothing(void *host, partita_build *build) {
    (void)host;
    memset(build->states, 0, build->len * sizeof *build->states);
    build->done = build->len;
    return PARTITA_FAILED;
}

static partita_status build_has_no_outputs(void *host, partita_build *build) {
    (void)host, (void)build;
    return PARTITA_OUTPUTS_FULL;
}

static partita_status sink_claims_more(void *host, partita_delivery *delivery) {
    little_back(host, delivery->len);
    delivery->done = delivery->len + 1;
    return PARTITA_OK;
}

/* It forgets to say what it did. */
static partita_status sink_says_nothing(void *host, partita_delivery *delivery) {
    little_back(host, delivery->len);
    return PARTITA_OK;
}

static partita_status sink_fails_on_nothing(void *host, partita_delivery *delivery) {
    little_back(host, delivery->len);
    delivery->done = delivery->len;
    return PARTITA_FAILED;
}

static partita_status sink_answers_nonsense(void *host, partita_delivery *delivery) {
    little_back(host, 1);
    delivery->done = 1;
    return 99;
}

/* Sends ten messages of ten keys; waits for the failure that this leads to; looks it up; closes. */
static void check_fails(little *little, partita_status code, const char *path, const char *words) {
    little_start(little);
    size_t accepted;
    partita_status sent = little_send_until(little, 10, &soon, &accepted);
    CHECK(sent == PARTITA_OK || sent == PARTITA_FAILED);
    CHECK_REFUSED(partita_app_wait(little->app, &soon, &error), error, PARTITA_FAILED, words);
    CHECK_REFUSED(partita_app_drain(little->app, &soon, &error), error, PARTITA_FAILED, words);
    CHECK_STATUS(partita_app_failure(little->app, &error), PARTITA_FAILED);
    partita_error_item item = {.size = sizeof item};
    CHECK_OK(partita_error_get(error, 0, &item));
    CHECK_EQ(item.code, code);
    if (!str_is(item.path, path)) fprintf(stderr, "%.*s\n", (int)item.path.len, item.path.ptr);
    CHECK(str_is(item.path, path));
    CHECK_OK(partita_error_free(error));
    CHECK_STATUS(little_send_until(little, 1, &soon, &accepted), PARTITA_FAILED);
    CHECK_EQ(accepted, 0);
    CHECK_OK(partita_app_stop(little->app));
    little_finish(little);
}

static const char *const step_path = "application \"little\" / pipeline \"words\" / step 1 \"count\"";
static const char *const again_path = "application \"little\" / pipeline \"words\" / step 2 \"again\"";
static const char *const sink_path = "application \"little\" / pipeline \"words\" / sink \"out\"";
static const char *const part_path = "application \"little\" / partition \"counts\"";

static void a_broken_contract_fails_the_application(void) {
    const struct {
        const char *path, *words;
        partita_run_fn run;
        partita_compute_fn compute;
        partita_partition_fn keys, again;
        partita_build_fn build;
        partita_sink_fn deliver;
    } cases[] = {
        {step_path, "it claims ", .run = run_claims_more},
        {step_path, " outputs where ", .run = run_claims_more_outputs},
        {step_path, "an output follows from message ", .run = run_follows_from_what_is_not_done},
        {step_path, "an output follows from message 0: expected 1 to ", .run = run_descends},
        {step_path, "no message is done, and none failed", .run = run_says_nothing},
        {step_path, "a message failed, but all of the run are done", .run = run_fails_on_nothing},
        {step_path, "it answered the status 99", .run = run_answers_nonsense},
        {step_path, "it answered the status 16", .run = run_knows_no_data},
        {step_path, "deleted before the last message that is done", .run = run_deletes_early},
        {step_path, "it answered 77: expected flags", .compute = compute_answers_nonsense},
        {step_path, "it answered -2: expected flags", .compute = compute_answers_less},
        {step_path, "claims 11 keys of 10 messages", .keys = keys_claims_more},
        {step_path, "gave no key and did not fail", .keys = keys_does_nothing},
        {step_path, "it failed with all keys given", .keys = keys_fails_on_nothing},
        {step_path, "it answered the status -1", .keys = keys_answers_nonsense},
        {again_path, "it claims ", .again = keys_claims_more},
        {again_path, "gave no key and did not fail", .again = keys_does_nothing},
        {again_path, "it failed with all keys given", .again = keys_fails_on_nothing},
        {again_path, "it answered the status -1", .again = keys_answers_nonsense},
        {part_path, "it claims ", .build = build_claims_more},
        {part_path, "the builder built nothing and did not fail", .build = build_does_nothing},
        {part_path, "it failed with all states built", .build = build_fails_on_nothing},
        {part_path, "it answered the status 99", .build = build_answers_nonsense},
        {part_path, "a builder has no outputs", .build = build_has_no_outputs},
        {sink_path, "it claims more messages done than it was given", .deliver = sink_claims_more},
        {sink_path, "no message is done, and none failed", .deliver = sink_says_nothing},
        {sink_path, "it failed with all done", .deliver = sink_fails_on_nothing},
        {sink_path, "it answered the status 99", .deliver = sink_answers_nonsense},
    };
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
        for (uint32_t policy = 0; policy < 2; policy++) {
            /* Of the first keys two share a shard at least: some run has two messages. */
            little little = LITTLE(.policy = policy, .run = cases[index].run,
                                   .compute = cases[index].compute, .keys = cases[index].keys,
                                   .again = cases[index].again, .build = cases[index].build,
                                   .deliver = cases[index].deliver);
            check_fails(&little, PARTITA_CONTRACT, cases[index].path, cases[index].words);
        }
    }
}

/* ---- failures ---- */

static int32_t compute_fails_on_three(void *host, partita_value data, partita_value state,
                                      partita_emitter *emitter) {
    if (data.word != 3) return little_count(host, data, state, emitter);
    /* These go to `drop` again. */
    little_given(host, 2);
    CHECK_OK(partita_emit(emitter, word(70)));
    CHECK_OK(partita_emit(emitter, word(71)));
    CHECK_STATUS(partita_emitter_fail(emitter, (partita_str){"\xff", 1}), PARTITA_INVALID_UTF8);
    CHECK_STATUS(partita_emitter_fail(emitter, (partita_str){NULL, 1}), PARTITA_INVALID_ARGUMENT);
    CHECK_OK(partita_emitter_fail(emitter, str("three is too much")));
    return PARTITA_COMPUTE_FAILED;
}

static partita_status run_fails_on_three(void *host, partita_run *run) {
    (void)host;
    for (; run->done < run->len; run->done++) {
        if (run->values[run->done].word == 3) {
            /* Text that is too long is cut, and what is not UTF-8 is replaced. */
            memset(run->failure.text, '!', run->failure.capacity);
            memcpy(run->failure.text, "three is too much \xff", 19);
            run->failure.len = run->failure.capacity + 1;
            return PARTITA_FAILED;
        }
        run->outputs[run->outputs_len++] = (partita_output){run->values[run->done], run->done};
    }
    return PARTITA_OK;
}

static partita_status keys_fail_on_three(void *host, partita_keys *keys) {
    (void)host;
    for (; keys->done < keys->len; keys->done++) {
        if (keys->values[keys->done].word == 3) {
            memcpy(keys->failure.text, "three has no key", 16);
            keys->failure.len = 16;
            return PARTITA_FAILED;
        }
        keys->words[keys->done] = keys->values[keys->done].word % LITTLE_KEYS;
    }
    return PARTITA_OK;
}

static partita_status build_fails_on_three(void *host, partita_build *build) {
    for (; build->done < build->len; build->done++) {
        if (build->word_keys[build->done] == 3) {
            memcpy(build->failure.text, "three is not built", 18);
            build->failure.len = 18;
            return PARTITA_FAILED;
        }
        build->states[build->done].ptr = calloc(1, sizeof(uint64_t));
        little_given(host, 1);
    }
    return PARTITA_OK;
}

static void drop_built(void *host, const partita_value *values, size_t len) {
    for (size_t index = 0; index < len; index++) free(values[index].ptr);
    little_back(host, len);
}

/* The third state that is set up fails. */
static partita_status init_fails(void *host, void *state) {
    CHECK_EQ(*(uint64_t *)state, 0);
    return counter_add(&((little *)host)->first, 1) == 3 ? 5 : PARTITA_OK;
}

static partita_status sink_fails_on_three(void *host, partita_delivery *delivery) {
    for (; delivery->done < delivery->len; delivery->done++) {
        if (delivery->values[delivery->done].word == 3) {
            memcpy(delivery->failure.text, "three is not taken", 18);
            delivery->failure.len = 18;
            return PARTITA_FAILED;
        }
        little_back(host, 1);
    }
    return PARTITA_OK;
}

typedef struct failing {
    partita_compute_fn compute;
    partita_run_fn run;
    partita_partition_fn keys, again;
    partita_build_fn build;
    partita_state_init_fn init;
    partita_sink_fn deliver;
    const char *path, *words;
    uint32_t reason;
} failing;

static const failing failures[] = {
    {.compute = compute_fails_on_three, .words = "the computation failed for key 3: three is too much",
     .reason = PARTITA_DEAD_COMPUTE},
    {.run = run_fails_on_three, .words = "the computation failed for key 3: three is too much \xef\xbf\xbd!!",
     .reason = PARTITA_DEAD_COMPUTE},
    {.keys = keys_fail_on_three, .words = "the partition function failed: three has no key",
     .reason = PARTITA_DEAD_PARTITION},
    {.again = keys_fail_on_three, .words = "the partition function failed: three has no key",
     .reason = PARTITA_DEAD_PARTITION},
    {.build = build_fails_on_three, .words = "building a state failed for key 3: three is not built",
     .reason = PARTITA_DEAD_BUILD},
    {.init = init_fails, .words = "state_init answered the status 5", .reason = PARTITA_DEAD_BUILD},
    {.deliver = sink_fails_on_three, .words = "the sink failed: three is not taken",
     .reason = PARTITA_DEAD_SINK},
};
enum { FAILURES = sizeof failures / sizeof *failures };

static const char *path_of(const failing *failing) {
    return failing->again ? again_path : failing->deliver ? sink_path : step_path;
}

static void a_failure_stops_the_application_and_is_told(void) {
    for (size_t index = 0; index < FAILURES; index++) {
        const failing *failing = &failures[index];
        little little = LITTLE(.compute = failing->compute, .run = failing->run, .keys = failing->keys,
                               .again = failing->again, .build = failing->build,
                               .drop_state = failing->build ? drop_built : NULL,
                               .state_init = failing->init, .deliver = failing->deliver);
        check_fails(&little, PARTITA_FAILED, path_of(failing), failing->words);
    }
}

/* The dead letters that a handler was given. */
static struct {
    uint32_t reason;
    const char *path, *words;
} expected_letter;

static partita_status check_letter(void *host, partita_dead_letters *letters) {
    little *little = host;
    CHECK_EQ(letters->size, sizeof *letters);
    CHECK_EQ(letters->letter_size, sizeof *letters->letters);
    for (size_t index = 0; index < letters->len; index++) {
        const partita_dead_letter *letter = &letters->letters[index];
        char text[9000] = "";
        CHECK(letter->text.len < sizeof text);
        memcpy(text, letter->text.ptr, letter->text.len);
        CHECK_EQ(letter->reason, expected_letter.reason);
        CHECK(str_is(letter->path, expected_letter.path));
        CHECK(strstr(expected_letter.words, text) != NULL || strlen(text) > 100);
        bool keyless = letter->reason == PARTITA_DEAD_PARTITION || letter->reason == PARTITA_DEAD_SINK;
        CHECK_EQ(letter->has_key, keyless ? 0 : 1);
        if (letter->has_key) CHECK_EQ(letter->word_key, letter->value.word % LITTLE_KEYS);
        CHECK(str_is(stage_of(little->app, letter->stage).path, expected_letter.path));
        counter_add(&little->second, 1);
    }
    little_back(little, letters->len);
    return PARTITA_OK;
}

static void a_failure_that_is_skipped_is_a_dead_letter_and_the_rest_goes_on(void) {
    for (size_t index = 0; index < FAILURES; index++) {
        for (int handled = 0; handled < 2; handled++) {
            const failing *failing = &failures[index];
            expected_letter.reason = failing->reason;
            expected_letter.path = path_of(failing);
            expected_letter.words = failing->words;
            little little = LITTLE(.policy = PARTITA_POLICY_SKIP, .compute = failing->compute,
                                   .run = failing->run, .keys = failing->keys, .again = failing->again,
                                   .build = failing->build,
                                   .drop_state = failing->build ? drop_built : NULL,
                                   .state_init = failing->init, .deliver = failing->deliver,
                                   .dead_letters = handled ? check_letter : NULL);
            little_start(&little);
            little_send(&little, 8);
            if (!failing->deliver) little_poll(&little, 7);
            CHECK_OK(partita_app_drain(little.app, &soon, NULL));
            CHECK_OK(partita_app_failure(little.app, NULL));
            partita_metrics metrics = metrics_of(little.app);
            CHECK_EQ(metrics.dead[failing->reason], 1);
            CHECK_EQ(metrics.delivered, 7);
            CHECK_EQ(metrics.in_flight, 0);
            CHECK_EQ(counter_read(&little.second), handled);
            little_finish(&little);
        }
    }
}

static void a_declared_state_that_cannot_be_built_fails_the_application(void) {
    little little = LITTLE(.declared = true, .build = build_fails_on_three, .drop_state = drop_built);
    little_start(&little);
    CHECK_REFUSED(partita_app_wait(little.app, &soon, &error), error, PARTITA_FAILED,
                  "application \"little\" / partition \"counts\": building the state of key 3 failed: three");
    little_finish(&little);
}

/* ---- the dead-letter handler ---- */

/* Takes one letter, and fails on the next. */
static partita_status letters_fail(void *host, partita_dead_letters *letters) {
    little *little = host;
    counter_add(&little->first, 1);
    if (letters->len > 1) {
        letters->done = 1;
        little_back(little, 1);
    }
    return PARTITA_FAILED;
}

static partita_status letters_answer_nonsense(void *host, partita_dead_letters *letters) {
    counter_add(&((little *)host)->first, 1);
    letters->done = letters->len + 5;
    little_back(host, letters->len);
    return 99;
}

static partita_status letters_have_no_outputs(void *host, partita_dead_letters *letters) {
    (void)letters;
    counter_add(&((little *)host)->first, 1);
    return PARTITA_OUTPUTS_FULL;
}

static int32_t compute_fails_always(void *host, partita_value data, partita_value state,
                                    partita_emitter *emitter) {
    (void)host, (void)data, (void)state, (void)emitter;
    return PARTITA_COMPUTE_FAILED;
}

static void a_handler_that_fails_loses_no_letter(void) {
    const partita_dead_letters_fn handlers[] = {letters_fail, letters_answer_nonsense, letters_have_no_outputs};
    const char *const words[] = {"application \"little\" / dead letters: the handler failed",
                                 "dead letters: the callback broke its contract: it answered the status 99",
                                 "dead letters: the callback broke its contract: the handler has no outputs"};
    for (int index = 0; index < 3; index++) {
        little little = LITTLE(.policy = PARTITA_POLICY_SKIP, .compute = compute_fails_always,
                               .dead_letters = handlers[index]);
        little_start(&little);
        size_t accepted;
        partita_status sent = little_send_until(&little, 100, &soon, &accepted);
        CHECK(sent == PARTITA_OK || sent == PARTITA_FAILED);
        CHECK_REFUSED(partita_app_wait(little.app, &soon, &error), error, PARTITA_FAILED, words[index]);
        little_finish(&little);
        CHECK(counter_read(&little.first) > 0);
    }
}

/* ---- the policy reset ---- */

/* Counts, and then fails on 13. */
static int32_t count_but_13(void *host, partita_value data, partita_value count, partita_emitter *emitter) {
    (void)host;
    ++*(int *)count.ptr;
    if (data.word != 13) return PARTITA_CHANGED;
    CHECK_OK(partita_emitter_fail(emitter, str("unlucky")));
    return PARTITA_COMPUTE_FAILED;
}

static uint64_t by_ten(void *host, partita_value data) {
    (void)host;
    return data.word / 10;
}

/* States are memory of the engine's, set up with what `host` says and released once each. */
typedef struct ground {
    counter made, released;
} ground;

static partita_status make_state(void *host, void *state) {
    *(int *)state = 100;
    counter_add(&((ground *)host)->made, 1);
    return PARTITA_OK;
}

static void release_state(void *host, void *state) {
    (void)state;
    counter_add(&((ground *)host)->released, 1);
}

static void a_key_whose_message_failed_is_reset(void) {
    for (uint32_t declared = 0; declared < 2; declared++) {
        ground ground = {COUNTER, COUNTER};
        static const uint64_t keys[] = {0, 1};
        partita_app_options options = {.size = sizeof options, .name = str("reset"), .workers = 1};
        partita_app app;
        CHECK_OK(partita_app_new(&options, &app, NULL));
        partita_partition_options counts = {.size = sizeof counts, .name = str("counts"), .declared = declared,
                                            .word_keys = declared ? keys : NULL, .keys_len = declared ? 2 : 0,
                                            .host = &ground, .state_size = sizeof(int),
                                            .state_init = make_state, .state_drop = release_state};
        CHECK_OK(partita_app_add_partition(app, &counts, NULL));
        partita_pipeline pipeline;
        CHECK_OK(partita_app_add_pipeline(app, str("numbers"), &pipeline, NULL));
        partita_source_options source = {.size = sizeof source};
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        partita_step_options step = {.size = sizeof step, .name = str("count"), .partition = str("counts"),
                                     .policy = PARTITA_POLICY_RESET, .word_key = by_ten, .compute = count_but_13};
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        CHECK_OK(partita_app_start(app, NULL));
        partita_sender sender;
        CHECK_OK(partita_sender_new(pipeline, &sender, NULL));
        partita_value numbers[] = {word(1), word(10), word(11), word(12), word(13), word(14), word(15), word(2)};
        size_t accepted = 0;
        CHECK_OK(partita_send(sender, numbers, 8, &soon, &accepted));
        CHECK_OK(partita_app_drain(app, &soon, NULL));
        CHECK_EQ(counter_read(&ground.made), 3);
        CHECK_EQ(counter_read(&ground.released), 1);
        CHECK_EQ(metrics_of(app).dead[PARTITA_DEAD_COMPUTE], 1);
        CHECK_EQ(metrics_of(app).parts, 2);
        partita_reader reader;
        CHECK_OK(partita_reader_new(app, str("counts"), &reader, NULL));
        uint64_t found[2];
        partita_value states[2];
        partita_parts parts = {.size = sizeof parts, .capacity = 2, .word_keys = found, .states = states};
        size_t read = 0, len = 0;
        do {
            parts.word_keys = found + read, parts.states = states + read, parts.capacity = 2 - read;
            CHECK_OK(partita_reader_next(reader, &parts, &len));
            read += len;
        } while (len > 0 && read < 2);
        CHECK_EQ(read, 2);
        for (size_t index = 0; index < 2; index++) CHECK_EQ(*(int *)states[index].ptr, 102);
        CHECK_OK(partita_reader_free(reader));
        finish(app);
        CHECK_EQ(counter_read(&ground.released), 3);
    }
}

int main(void) {
    no_callback_can_wait_for_its_application();
    a_sink_callback_cannot_wait_for_its_application();
    a_host_that_is_released_may_call_in();
    a_broken_contract_fails_the_application();
    a_failure_stops_the_application_and_is_told();
    a_failure_that_is_skipped_is_a_dead_letter_and_the_rest_goes_on();
    a_declared_state_that_cannot_be_built_fails_the_application();
    a_handler_that_fails_loses_no_letter();
    a_key_whose_message_failed_is_reset();
    return 0;
}
