/* Fuzzes sequences of calls: bytes say what an application is made of, which calls follow, and which whims its
 * callbacks have. Mostly it has no threads, so that the same bytes do the same again. Whatever is called: nothing is
 * handed back twice or never, no state is two threads', order is kept, nothing waits for ever, counters add up, and no
 * defect is caught. */
#include "calls.h"

#include "declared.h"

enum { SENDERS = 3, BUFFERS = 2, READERS = 2, BATCH_MAX = 8 };

typedef struct sender {
    partita_sender handle;
    uint32_t number;
    size_t pipeline, admitted;
    bool tokens;
} sender;

static struct {
    sender senders[SENDERS];
    struct buffer {
        partita_buffer handle;
        uint32_t number;
    } buffers[BUFFERS];
    partita_reader readers[READERS];
    partita_cancel cancel;
    /* Numbers tell senders apart, and messages of one. */
    uint32_t senders_len, messages_len;
    uint64_t positions[PIPELINES_MAX];
} hands;

/* Callbacks use handles while they are replaced. */
static uint64_t read_handle(const uint64_t *id) { return __atomic_load_n(id, __ATOMIC_SEQ_CST); }

static void write_handle(uint64_t *id, uint64_t value) { __atomic_store_n(id, value, __ATOMIC_SEQ_CST); }

/* No call of a host that keeps its contracts answers these. */
static partita_status sane(partita_status status) {
    CHECK(status != PARTITA_INTERNAL && status != PARTITA_CONTRACT);
    CHECK(status >= 0 && !str_is(partita_status_name(status), "PARTITA_?"));
    return status;
}

/* How long a call waits. Without threads time is the application's; with them it is real, and short. */
static const partita_wait *some_wait(partita_wait *wait) {
    uint8_t choice = next_byte();
    bool stepped = declared.threads == PARTITA_THREADS_STEPPED;
    static const int64_t stepped_ns[] = {0, 1, 1000, 1000000000, PARTITA_FOREVER, INT64_MAX},
                         real_ns[] = {0, 1, 1000, 20000, 100000, 0};
    *wait = (partita_wait){.size = sizeof *wait, .timeout_ns = (stepped ? stepped_ns : real_ns)[choice % 6]};
    if (choice & 32) wait->cancel = hands.cancel;
    return stepped && choice >= 240 ? NULL : wait;
}

static pipeline *some_pipeline(void) { return &declared.pipelines[next_byte() % declared.pipelines_len]; }

/* ---- messages ---- */

static size_t make_messages(uint32_t sender, partita_value *values, size_t len) {
    size_t made = 0;
    while (made < len) {
        message like = {.key = next_byte() % KEYS, .sender = sender, .number = hands.messages_len};
        if (!new_message(like, &values[made])) break;
        hands.messages_len++, made++;
    }
    return made;
}

/* What was not accepted is still ours. */
static void settle(partita_status status, const partita_value *values, size_t len, size_t accepted) {
    CHECK(accepted <= len);
    if (status == PARTITA_OK) CHECK_EQ(accepted, len);
    take_back(values + accepted, len - accepted);
}

static sender *some_sender(void) { return &hands.senders[next_byte() % SENDERS]; }

static void make_sender(void) {
    sender *sender = some_sender();
    size_t index = next_byte() % declared.pipelines_len;
    if (sender->handle.id != 0 || hands.senders_len == SENDERS_MAX) return;
    partita_sender made;
    partita_status status = sane(partita_sender_new(declared.pipelines[index].handle, &made, NULL));
    if (status != PARTITA_OK) return;
    write_handle(&sender->handle.id, made.id);
    sender->number = hands.senders_len++, sender->pipeline = index, sender->admitted = 0;
}

static void free_sender(sender *sender) {
    if (sender->handle.id == 0) return;
    sane(partita_sender_free(sender->handle));
    write_handle(&sender->handle.id, 0);
}

static void send(void) {
    sender *sender = some_sender();
    partita_value values[BATCH_MAX];
    partita_wait wait;
    size_t accepted = 0, len = make_messages(sender->number, values, next_byte() % (BATCH_MAX + 1));
    partita_status status = sane(partita_send(sender->handle, values, len, some_wait(&wait), &accepted));
    settle(status, values, len, accepted);
}

/* Asks for completions: of none, of all together, or of each. */
static size_t some_tokens(uint64_t *tokens, size_t len) {
    size_t wanted = next_byte() % 3 == 0 ? 0 : next_byte() % 2 ? 1 : len;
    for (size_t index = 0; index < wanted; index++) {
        if (!new_token(&tokens[index])) return 0;
    }
    return wanted;
}

static void ask_for_tokens(const uint64_t *tokens, size_t tokens_len, size_t accepted) {
    if (tokens_len == 1 && accepted > 0) ask_for(tokens[0]);
    for (size_t index = 0; tokens_len > 1 && index < accepted; index++) ask_for(tokens[index]);
}

static void send_batch(void) {
    sender *sender = some_sender();
    pipeline *pipeline = &declared.pipelines[sender->pipeline];
    partita_value values[BATCH_MAX];
    uint64_t words[BATCH_MAX], tokens[BATCH_MAX];
    partita_bytes bytes[BATCH_MAX];
    partita_wait wait;
    uint8_t how = next_byte();
    size_t accepted = 0, len = make_messages(sender->number, values, how % (BATCH_MAX + 1));
    for (size_t index = 0; index < len; index++) {
        words[index] = message_of(values[index])->key;
        bytes[index] = key_names[words[index]];
    }
    size_t tokens_len = some_tokens(tokens, len);
    bool keyed = how & 64;
    partita_batch batch = {.size = sizeof batch,
                           .len = len,
                           .values = values,
                           .word_keys = keyed && pipeline->key_kind == PARTITA_KEY_WORD ? words : NULL,
                           .byte_keys = keyed && pipeline->key_kind == PARTITA_KEY_BYTES ? bytes : NULL,
                           .failed = how & 128 && how & 16 ? len : 0,
                           .failure = PARTITA_STR("no key"),
                           .tokens = tokens,
                           .tokens_len = tokens_len,
                           .position_out = &hands.positions[sender->pipeline]};
    partita_status status = sane(partita_send_batch(sender->handle, &batch, some_wait(&wait), &accepted));
    settle(status, values, len, accepted);
    ask_for_tokens(tokens, tokens_len, accepted);
}

/* Admits messages, all of them with a token or none. */
static void admit(void) {
    sender *sender = some_sender();
    uint64_t tokens[BATCH_MAX];
    partita_wait wait;
    uint8_t how = next_byte();
    size_t wanted = how % (BATCH_MAX + 1), admitted = 0, tokens_len = 0;
    if (how & 64 && sender->admitted == 0) tokens_len = some_tokens(tokens, 1);
    partita_admission admission = {.size = sizeof admission,
                                   .wanted = wanted,
                                   .tokens = tokens,
                                   .tokens_len = wanted > 0 ? tokens_len : 0,
                                   .position_out = &hands.positions[sender->pipeline]};
    if (sender->admitted > 0 && sender->tokens) return;
    partita_status status = sane(partita_sender_admit(sender->handle, &admission, some_wait(&wait), &admitted));
    if (status != PARTITA_OK) return;
    CHECK(admitted <= wanted && (admitted > 0 || wanted == 0));
    sender->admitted += admitted;
    if (admitted > 0) sender->tokens = tokens_len > 0;
    ask_for_tokens(tokens, admission.tokens_len, admitted);
}

/* Pushes what came of admitted messages: each is one message, behind all steps, before one, or failed. */
static void push(void) {
    sender *sender = some_sender();
    pipeline *pipeline = &declared.pipelines[sender->pipeline];
    partita_value values[BATCH_MAX];
    uint64_t words[BATCH_MAX];
    uint8_t how = next_byte();
    size_t completed[4] = {0}, waiting[4] = {0}, steps = pipeline->before;
    size_t done = how % (BATCH_MAX + 1), given_up = how >> 4 & 1;
    if (sender->admitted < given_up) given_up = 0;
    if (done > sender->admitted - given_up) done = sender->admitted - given_up;
    size_t len = make_messages(sender->number, values, done);
    bool fails = how & 32 && len == done && len > 0 && steps > 0;
    size_t come = len - fails, waits_for = how & 64 && steps > 0 ? how % steps : steps;
    for (size_t index = 0; index < len; index++) words[index] = message_of(values[index])->key;
    for (size_t step = 0; step < steps; step++) completed[step] = step < waits_for ? come : 0;
    /* What came of none is completed at the first step. */
    if (steps > 0 && waits_for > 0) completed[0] = done - fails;
    if (waits_for < steps) waiting[waits_for] = come;
    partita_push push = {.size = sizeof push,
                         .done = done,
                         .len = come,
                         .values = values,
                         .word_keys = how & 128 && pipeline->key_kind == PARTITA_KEY_WORD ? words : NULL,
                         .completed = completed,
                         .steps = steps,
                         .failed = fails,
                         .failed_step = 0,
                         .failed_value = fails ? values[come] : word(0),
                         .failure = PARTITA_STR("here"),
                         .waiting = waits_for < steps ? waiting : NULL,
                         .given_up = given_up,
                         .ends = how & 8 ? 1 : 0};
    partita_status status = sane(partita_sender_push(sender->handle, &push));
    if (status == PARTITA_OK) sender->admitted -= done + given_up;
    else take_back(values, len);
}

static void make_or_free_buffer(void) {
    struct buffer *buffer = &hands.buffers[next_byte() % BUFFERS];
    partita_buffer_options options = {.size = sizeof options,
                                      .messages = next_byte() % 8,
                                      .flush_ns = (int64_t[]){0, 1000, PARTITA_FOREVER}[next_byte() % 3]};
    if (buffer->handle.id != 0) {
        sane(partita_buffer_free(buffer->handle));
        buffer->handle.id = 0;
    } else if (hands.senders_len < SENDERS_MAX &&
               sane(partita_buffer_new(some_pipeline()->handle, &options, &buffer->handle, NULL)) == PARTITA_OK) {
        buffer->number = hands.senders_len++;
    }
}

static void send_through_buffer(void) {
    struct buffer *buffer = &hands.buffers[next_byte() % BUFFERS];
    partita_value values[BATCH_MAX];
    partita_wait wait;
    size_t accepted = 0, len = make_messages(buffer->number, values, next_byte() % (BATCH_MAX + 1));
    partita_status status = sane(partita_buffer_send(buffer->handle, values, len, some_wait(&wait), &accepted));
    settle(status, values, len, accepted);
}

static void flush(void) { sane(partita_buffer_flush(hands.buffers[next_byte() % BUFFERS].handle)); }

/* ---- what comes out ---- */

static bool poll_sink(partita_sink sink, const partita_wait *wait) {
    partita_value values[4];
    size_t len = 0;
    partita_status status = sane(partita_sink_poll(sink, values, 4, wait, &len));
    if (status == PARTITA_OK) take_back(values, len);
    else CHECK_EQ(len, 0);
    return status == PARTITA_OK;
}

static void poll(void) {
    pipeline *pipeline = some_pipeline();
    partita_wait wait;
    uint8_t sink = next_byte();
    if (pipeline->sinks_len > 0) poll_sink(pipeline->sinks[sink % pipeline->sinks_len], some_wait(&wait));
}

static bool poll_completions(const partita_wait *wait) {
    uint64_t tokens[4], dead[4];
    uint32_t reasons[4];
    char texts[4][6];
    partita_completions completions = {.size = sizeof completions,
                                       .capacity = 4,
                                       .tokens = tokens,
                                       .dead = dead,
                                       .reasons = reasons,
                                       .texts = texts[0],
                                       .text_size = sizeof texts[0]};
    size_t len = 0;
    partita_status status = sane(partita_app_poll_completions(declared.app, &completions, wait, &len));
    for (size_t index = 0; index < len; index++) {
        report(tokens[index]);
        CHECK(strlen(texts[index]) < sizeof texts[index]);
        CHECK(dead[index] > 0 || texts[index][0] == 0);
    }
    return status == PARTITA_OK;
}

static void poll_some_completions(void) {
    partita_wait wait;
    poll_completions(some_wait(&wait));
}

static void watermark(void) {
    size_t index = next_byte() % declared.pipelines_len;
    uint64_t position = hands.positions[index], reached = 0;
    partita_wait wait;
    partita_status status =
        sane(partita_pipeline_watermark(declared.pipelines[index].handle, position, some_wait(&wait), &reached));
    if (status == PARTITA_OK) CHECK(reached >= position);
}

static void watch(void) {
    uint64_t token;
    int64_t most_ns = (int64_t[]){0, 1, 1000000, PARTITA_FOREVER, INT64_MAX}[next_byte() % 5];
    if (!new_token(&token)) return;
    if (sane(partita_pipeline_watch(some_pipeline()->handle, token, most_ns)) == PARTITA_OK) ask_for(token);
}

/* ---- states ---- */

static void open_reader(void) {
    partita_reader *reader = &hands.readers[next_byte() % READERS];
    uint8_t how = next_byte();
    partita_str name = str(partition_names[how % 3]);
    if (reader->id != 0) {
        sane(partita_reader_free(*reader));
        reader->id = 0;
    } else if (how & 64) {
        sane(partita_quarantine_reader_new(declared.app, name, reader, NULL));
    } else {
        sane(partita_reader_new(declared.app, name, reader, NULL));
    }
}

static void read_some(void) {
    uint64_t words[3];
    partita_bytes bytes[3];
    partita_value states[3];
    partita_parts parts = {.size = sizeof parts,
                           .capacity = 3,
                           .word_keys = words,
                           .byte_keys = bytes,
                           .states = next_byte() & 1 ? states : NULL};
    size_t len = 0;
    if (sane(partita_reader_next(hands.readers[next_byte() % READERS], &parts, &len)) != PARTITA_OK) return;
    CHECK(len <= 3);
    for (size_t index = 0; parts.states && index < len; index++) CHECK_EQ(((part *)states[index].ptr)->busy, 0);
}

static void release(uint8_t choice) {
    uint32_t key = choice % KEYS;
    sane(partita_quarantine_release(declared.app, str(partition_names[choice / KEYS % 3]), key, key_names[key], NULL));
}

/* ---- the application ---- */

/* Nothing is in flight, so counters add up. */
static void check_balance(const partita_metrics *metrics) {
    if (is_broken()) return;
    uint64_t made = metrics->emitted, gone = metrics->computed + metrics->delivered + metrics->discarded;
    for (size_t index = 0; index < metrics->stages; index++) {
        partita_stage_metrics stage = {.size = sizeof stage};
        if (sane(partita_app_stage(declared.app, index, &stage)) != PARTITA_OK) return;
        if (stage.kind == PARTITA_STAGE_SOURCE) made += stage.emitted;
    }
    for (size_t reason = 0; reason < PARTITA_DEAD_ROOM; reason++) gone += metrics->dead[reason];
    CHECK_EQ(made, gone);
}

static void ask(void) {
    partita_metrics metrics = {.size = sizeof metrics};
    uint32_t threads;
    char text[32];
    sane(partita_app_thread_count(declared.app, &threads));
    sane(partita_app_describe(declared.app, next_byte() % 3, text, sizeof text, NULL, NULL));
    partita_status status = sane(partita_app_metrics(declared.app, &metrics));
    bool alone = declared.threads == PARTITA_THREADS_STEPPED;
    if (status == PARTITA_OK && alone && metrics.in_flight == 0) check_balance(&metrics);
}

static void wait_for(partita_status (*call)(partita_app, const partita_wait *, partita_error *)) {
    partita_wait wait;
    partita_error error = {0};
    partita_status status = sane(call(declared.app, some_wait(&wait), &error));
    CHECK_EQ(status != PARTITA_OK, error.id != 0);
    if (error.id != 0) CHECK_OK(partita_error_free(error));
}

static void step(void) {
    partita_stepped stepped = {.size = sizeof stepped};
    uint64_t budget = next_byte();
    if (sane(partita_app_step(declared.app, budget, &stepped)) == PARTITA_OK) CHECK(stepped.turns <= budget);
}

static void advance(void) {
    static const int64_t steps_ns[] = {1, 1000, 1000000, 60000000000, INT64_MAX / 4, INT64_MAX, 0, -1};
    int64_t step_ns = steps_ns[next_byte() % 8];
    sane(partita_app_advance(declared.app, step_ns));
    if (step_ns > 0 && step_ns < INT64_MAX / 8) __atomic_add_fetch(&declared.now_ns, step_ns, __ATOMIC_SEQ_CST);
}

static void fire_or_renew_cancel(void) {
    if (next_byte() & 1) {
        sane(partita_cancel_fire(hands.cancel));
    } else {
        partita_cancel made;
        CHECK_OK(partita_cancel_free(hands.cancel));
        CHECK_OK(partita_cancel_new(&made));
        write_handle(&hands.cancel.id, made.id);
    }
}

static void declare_late(void) {
    partita_pipeline pipeline;
    if (!is_started()) return;
    CHECK_STATUS(partita_app_add_pipeline(declared.app, str("late"), &pipeline, NULL), PARTITA_ALREADY_STARTED);
}

/* From inside a callback everything may be called. What would wait is refused. */
static void call_again(uint8_t choice) {
    partita_metrics metrics = {.size = sizeof metrics};
    partita_sender sender, first = {read_handle(&hands.senders[0].handle.id)};
    partita_cancel cancel = {read_handle(&hands.cancel.id)};
    partita_buffer buffer;
    partita_reader reader;
    partita_value value = word(0);
    size_t len;
    lock_objects();
    bool waits = objects.hosts[0].released == 0;
    unlock_objects();
    pipeline *pipeline = &declared.pipelines[choice >> 7 & (declared.pipelines_len - 1)];
    partita_status status = PARTITA_WOULD_DEADLOCK;
    /* A host that is released while it is declared could still free the application. */
    if (!is_started()) return;
    switch (choice % 20) {
    case 0: waits = false, sane(partita_app_metrics(declared.app, &metrics)); break;
    case 1: waits = false, sane(partita_app_stop(declared.app)); break;
    case 2: status = sane(partita_app_close(declared.app, &not_at_all, NULL)); break;
    case 3: status = sane(partita_app_drain(declared.app, NULL, NULL)); break;
    case 4: status = sane(partita_app_wait(declared.app, NULL, NULL)); break;
    case 5: status = sane(partita_app_free(declared.app)); break;
    case 6: status = sane(partita_send(first, &value, 0, NULL, &len)); break;
    case 7: status = sane(partita_app_step(declared.app, 1, NULL)); break;
    case 8: status = sane(partita_app_run_worker(declared.app, 0)); break;
    case 9: status = sane(partita_reader_new(declared.app, str("a"), &reader, NULL)); break;
    case 10:
        waits = false;
        if (sane(partita_sender_new(pipeline->handle, &sender, NULL)) == PARTITA_OK) sane(partita_sender_free(sender));
        break;
    case 11:
        waits = false;
        if (sane(partita_buffer_new(pipeline->handle, NULL, &buffer, NULL)) == PARTITA_OK) {
            CHECK(sane(partita_buffer_send(buffer, &value, 0, NULL, &len)) != PARTITA_OK);
            sane(partita_buffer_free(buffer));
        }
        break;
    case 12: waits = false, release(choice / 20); break;
    case 13: waits = false, sane(partita_app_advance(declared.app, choice)); break;
    case 14:
        waits = false;
        if (sane(partita_quarantine_reader_new(declared.app, str("a"), &reader, NULL)) == PARTITA_OK) {
            sane(partita_reader_free(reader));
        }
        break;
    case 15:
        waits = false;
        if (pipeline->sinks_len > 0) poll_sink(pipeline->sinks[0], &not_at_all);
        break;
    case 16: waits = false, poll_completions(&not_at_all); break;
    case 17: waits = false, sane(partita_app_failure(declared.app, NULL)); break;
    case 18: waits = false, sane(partita_app_start(declared.app, NULL)); break;
    case 19: waits = false, sane(partita_cancel_fire(cancel)); break;
    }
    if (waits) CHECK(status != PARTITA_OK);
}

static void make_call(void) {
    switch (next_byte() % 32) {
    case 0: case 1: case 2: case 3: send(); break;
    case 4: case 5: case 6: send_batch(); break;
    case 7: admit(); break;
    case 8: push(); break;
    case 9: make_sender(); break;
    case 10: free_sender(some_sender()); break;
    case 11: make_or_free_buffer(); break;
    case 12: send_through_buffer(); break;
    case 13: flush(); break;
    case 14: case 15: poll(); break;
    case 16: poll_some_completions(); break;
    case 17: watermark(); break;
    case 18: watch(); break;
    case 19: open_reader(); break;
    case 20: read_some(); break;
    case 21: release(next_byte()); break;
    case 22: case 23: ask(); break;
    case 24: case 25: step(); break;
    case 26: advance(); break;
    case 27: fire_or_renew_cancel(); break;
    case 28: wait_for(partita_app_drain); break;
    case 29: wait_for(partita_app_wait); break;
    case 30:
        switch (next_byte() % 8) {
        case 0: sane(partita_app_stop(declared.app)); break;
        case 1: wait_for(partita_app_close); break;
        case 2: sane(partita_app_start(declared.app, NULL)); break;
        case 3: declare_late(); break;
        case 4: sane(partita_app_failure(declared.app, NULL)); break;
        default: break;
        }
        break;
    case 31: admit(), push(); break;
    }
}

/* ---- the end ---- */

/* It failed for what a callback said, or because one broke its contract, not for a defect. */
static void check_failure(void) {
    partita_error error = {0};
    partita_error_item item = {.size = sizeof item};
    if (partita_app_failure(declared.app, &error) != PARTITA_FAILED) return;
    CHECK_OK(partita_error_get(error, 0, &item));
    bool told = item.code == PARTITA_FAILED || (item.code == PARTITA_CONTRACT && is_broken());
    if (!told) fprintf(stderr, "%.*s\n", (int)item.message.len, item.message.ptr);
    CHECK(told);
    CHECK_OK(partita_error_free(error));
}

static void let_go(void) {
    for (size_t index = 0; index < READERS; index++) {
        if (hands.readers[index].id != 0) sane(partita_reader_free(hands.readers[index]));
    }
    for (size_t index = 0; index < SENDERS; index++) free_sender(&hands.senders[index]);
}

static void close_app(void) {
    partita_error error = {0};
    bool stepped = declared.threads == PARTITA_THREADS_STEPPED;
    partita_status status = partita_app_close(declared.app, stepped ? NULL : &soon, &error);
    if (status != PARTITA_OK) check_error(error, "(nothing)", "partita_app_close", __FILE__, __LINE__);
    for (uint32_t index = 0; index < declared.crew_len; index++) join(declared.crew[index]);
    if (is_started()) {
        partita_metrics metrics = metrics_of(declared.app);
        CHECK_EQ(metrics.values_held, 0);
        CHECK_EQ(metrics.in_flight, 0);
        check_balance(&metrics);
        check_failure();
        while (declared.polls && poll_completions(&not_at_all)) {}
        CHECK_STATUS(partita_app_stop(declared.app), PARTITA_CLOSED);
    }
    CHECK_OK(partita_app_free(declared.app));
    CHECK_STATUS(partita_app_check(declared.app, NULL), PARTITA_INVALID_HANDLE);
    CHECK_OK(partita_cancel_free(hands.cancel));
}

void run_calls(const uint8_t *data, size_t len) {
    read_input(data, len);
    forget_objects();
    memset(&hands, 0, sizeof hands);
    CHECK_OK(partita_cancel_new(&hands.cancel));
    declare();
    start_app();
    while (input_is_left()) make_call();
    let_go();
    close_app();
    check_all_came_back();
}
