/* Callbacks with whims: they fail, stop early, emit nothing or a lot, delete, and call in again. Those of some
 * applications also break their contract, and claim more than they were given. */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include "objects.h"

enum whim { WELL, FAIL, STOP, CALL, NOTHING, DELETES, MANY, BREAK };

enum { BREAK_BYTE = 0xe9, UNKNOWN_STATUS = 99 };

/* Whether callbacks of this application may break their contract. */
static bool breaks_contracts;

static enum whim whim_of(uint8_t byte) {
    static const enum whim whims[16] = {WELL, WELL, WELL, WELL, WELL, WELL, WELL, WELL,
                                        FAIL, FAIL, STOP, CALL, CALL, NOTHING, DELETES, MANY};
    return byte == BREAK_BYTE && breaks_contracts ? BREAK : whims[byte & 15];
}

/* Whether this thread computes a run outside of a callback: there calls would wait. */
static _Thread_local bool serves_run;

/* Calls the engine again, from inside: what, a byte decides. */
static void call_again(uint8_t choice);

/* A whim; that of calling in is followed on the spot. */
static enum whim have_whim(void) {
    uint8_t byte = next_whim();
    enum whim whim = whim_of(byte);
    if (whim == BREAK) note_broken();
    if (whim != CALL) return whim;
    uint8_t choice = next_whim();
    if (!serves_run) call_again(choice);
    return WELL;
}

static void say_why(partita_failure *failure) {
    failure->len = (size_t)snprintf(failure->text, failure->capacity, "on a whim");
}

/* ---- values ---- */

static void drop_host(void *at) {
    host *host = at;
    have_whim();
    lock_objects();
    CHECK_EQ(++host->released, 1);
    unlock_objects();
}

static void drop_messages(void *at, const partita_value *values, size_t len) {
    CHECK_EQ(((host *)at)->released, 0);
    have_whim();
    take_back(values, len);
}

static void share_messages(void *at, const partita_value *values, size_t len, size_t times) {
    CHECK_EQ(((host *)at)->released, 0);
    CHECK(times > 0);
    for (size_t index = 0; index < len; index++) hold(values[index], (int64_t)times - 1);
}

/* ---- states ---- */

static partita_status build_parts(void *at, partita_build *build) {
    CHECK_EQ(((host *)at)->released, 0);
    for (; build->done < build->len; build->done++) {
        enum whim whim = have_whim();
        if (whim == BREAK) {
            /* Where it claims too much nothing of it is believed: what it built stays its own. */
            for (size_t index = 0; index < build->done; index++) free(build->states[index].ptr);
            add_parts(-(int64_t)build->done);
            build->done = build->len + 1;
        }
        if (whim == FAIL || whim == BREAK) {
            say_why(&build->failure);
            return PARTITA_FAILED;
        }
        build->states[build->done].ptr = calloc(1, sizeof(part));
        CHECK(build->states[build->done].ptr != NULL);
        add_parts(1);
    }
    return PARTITA_OK;
}

static void drop_parts(void *at, const partita_value *states, size_t len) {
    CHECK_EQ(((host *)at)->released, 0);
    have_whim();
    for (size_t index = 0; index < len; index++) {
        CHECK_EQ(((part *)states[index].ptr)->busy, 0);
        free(states[index].ptr);
    }
    add_parts(-(int64_t)len);
}

static partita_status init_part(void *at, void *memory) {
    static const part zero;
    CHECK_EQ(((host *)at)->released, 0);
    CHECK(memcmp(memory, &zero, sizeof zero) == 0);
    if (have_whim() == FAIL) return PARTITA_FAILED;
    add_parts(1);
    return PARTITA_OK;
}

static void drop_part(void *at, void *memory) {
    CHECK_EQ(((host *)at)->released, 0);
    CHECK_EQ(((part *)memory)->busy, 0);
    have_whim();
    add_parts(-1);
}

/* ---- keys ---- */

static const partita_bytes key_names[KEYS] = {
    {(const uint8_t *)"", 0},        {(const uint8_t *)"one", 3},   {(const uint8_t *)"two", 3},
    {(const uint8_t *)"three", 5},   {(const uint8_t *)"four", 4},
    {(const uint8_t *)"a rather long key of many bytes", 31}};

static partita_status find_keys(void *at, partita_keys *keys) {
    CHECK_EQ(((host *)at)->released, 0);
    for (; keys->done < keys->len; keys->done++) {
        enum whim whim = have_whim();
        if (whim == BREAK) {
            keys->done = keys->len + 1;
            return PARTITA_OK;
        }
        if (whim == STOP && keys->done > 0) return PARTITA_OK;
        if (whim == FAIL) {
            say_why(&keys->failure);
            return PARTITA_FAILED;
        }
        uint32_t key = read_message(keys->values[keys->done]).key;
        if (keys->words) keys->words[keys->done] = key;
        else keys->bytes[keys->done] = key_names[key];
    }
    return PARTITA_OK;
}

static uint64_t find_word(void *at, partita_value data) {
    CHECK_EQ(((host *)at)->released, 0);
    have_whim();
    return read_message(data).key;
}

static partita_bytes find_bytes(void *at, partita_value data) {
    CHECK_EQ(((host *)at)->released, 0);
    have_whim();
    return key_names[read_message(data).key];
}

/* ---- computations ---- */

static size_t outputs_of(enum whim whim) { return whim == NOTHING ? 0 : whim == MANY ? 3 : 1; }

/* With a state or without, a message at a time. It passes the message itself on where it can. */
static int32_t compute(void *at, partita_value data, partita_value state, partita_emitter *emitter) {
    const host *step = at;
    message message = read_message(data);
    part *part = state.ptr;
    CHECK_EQ(step->released, 0);
    if (part) enter_part(part, step, message);
    enum whim whim = have_whim();
    bool same = whim == WELL;
    size_t outputs = outputs_of(whim);
    for (size_t index = 0; index < outputs; index++) {
        partita_value output = data;
        if (!same && !new_message(message, &output)) break;
        CHECK_OK(partita_emit(emitter, output));
    }
    if (whim == FAIL) CHECK_OK(partita_emitter_fail(emitter, str("on a whim")));
    else if (!same) hold(data, -1);
    if (part) leave_part(part, step, message, whim != FAIL);
    if (whim == FAIL) return PARTITA_COMPUTE_FAILED;
    if (whim == BREAK) return UNKNOWN_STATUS;
    return part == NULL ? 0 : whim == DELETES ? PARTITA_CHANGED | PARTITA_DELETE : PARTITA_CHANGED;
}

/* Claims too much of a run, in which this message is the next one. */
static partita_status break_run(partita_run *run, message message) {
    partita_value output;
    switch (next_whim() % 5) {
    case 0: run->done = run->len + 1; break;
    case 1: run->done = SIZE_MAX; break;
    case 2: run->outputs_len = run->outputs_capacity + 1; break;
    case 3:
        if (!new_message(message, &output)) break;
        run->outputs[0] = (partita_output){output, run->len}, run->outputs_len = 1;
        break;
    case 4: return UNKNOWN_STATUS;
    }
    return PARTITA_OK;
}

static partita_status compute_run(const host *step, partita_run *run) {
    while (run->done < run->len) {
        partita_value data = run->values[run->done];
        message message = read_message(data);
        part *part = run->states[run->done].ptr;
        enter_part(part, step, message);
        enum whim whim = have_whim();
        size_t outputs = outputs_of(whim);
        bool stops = whim == STOP && run->done > 0, fits = run->outputs_len + outputs <= run->outputs_capacity;
        if (!fits && whim == MANY && (run->done & 1)) {
            CHECK_OK(partita_run_reserve(run, run->outputs_len + outputs));
            fits = true;
        }
        if (whim == BREAK) {
            leave_part(part, step, message, false);
            return break_run(run, message);
        }
        if (whim == FAIL || stops || !fits) {
            leave_part(part, step, message, false);
            if (whim == FAIL) say_why(&run->failure);
            return whim == FAIL ? PARTITA_FAILED : stops ? PARTITA_OK : PARTITA_OUTPUTS_FULL;
        }
        for (size_t index = 0; index < outputs; index++) {
            partita_value output;
            if (!new_message(message, &output)) break;
            run->outputs[run->outputs_len++] = (partita_output){output, run->done};
        }
        hold(data, -1);
        leave_part(part, step, message, true);
        run->flags[run->done++] = whim == DELETES ? PARTITA_CHANGED | PARTITA_DELETE : PARTITA_CHANGED;
        if (whim == DELETES) return PARTITA_OK;
    }
    return PARTITA_OK;
}

static partita_status run(void *at, partita_run *run) {
    CHECK_EQ(((host *)at)->released, 0);
    if (run->later && whim_of(next_whim()) != WELL) {
        /* Who answers it finds its step in the memory that is lent for outputs. */
        run->outputs[0].value.ptr = at;
        return PARTITA_LATER;
    }
    return compute_run(at, run);
}

/* Claims too much of a chain, in which this message is the next one. */
static partita_status break_chain(partita_chain *chain, message message) {
    switch (next_whim() % 6) {
    case 0: chain->outputs_len = chain->outputs_capacity + 1; break;
    case 1: chain->completed[0] = chain->len + 1; break;
    case 2: chain->waiting[chain->steps - 1] = SIZE_MAX; break;
    case 3: chain->keys_len = chain->outputs_capacity + 1; break;
    case 4:
        if (new_message(message, &chain->failed)) chain->failed_step = chain->steps + 1;
        return PARTITA_FAILED;
    case 5: return UNKNOWN_STATUS;
    }
    return PARTITA_OK;
}

/* Runs a message through the steps of a chain, depth first; tells whether the call goes on with the next one. */
static partita_status chain_one(partita_chain *chain, size_t index, bool *stops) {
    struct {
        partita_value value;
        uint32_t step;
    } stack[64], item;
    size_t top = 1;
    stack[0].value = chain->values[index], stack[0].step = 0;
    while (top > 0) {
        item = stack[--top];
        message message = read_message(item.value);
        if (item.step == chain->steps) {
            if (chain->outputs_len == chain->outputs_capacity) {
                CHECK_OK(partita_chain_reserve(chain, chain->outputs_len * 2 + 1));
            }
            bool keyed = chain->keys_len == chain->outputs_len;
            if (keyed && chain->word_keys) chain->word_keys[chain->keys_len++] = message.key;
            else if (keyed && chain->byte_keys) chain->byte_keys[chain->keys_len++] = key_names[message.key];
            chain->outputs[chain->outputs_len++] = (partita_output){item.value, index};
            continue;
        }
        CHECK_EQ(((host *)chain->hosts[item.step])->released, 0);
        enum whim whim = have_whim();
        if (whim == BREAK) {
            *stops = true;
            return break_chain(chain, message);
        }
        if (whim == FAIL || (whim == STOP && chain->completed[0] > 0)) {
            *stops = true;
            if (whim == FAIL) {
                chain->failed = item.value, chain->failed_step = item.step, chain->failed_from = (uint32_t)index;
                say_why(&chain->failure);
                top = item.step == 0 ? 0 : top;
            } else {
                top++;
            }
            break;
        }
        chain->completed[item.step]++;
        size_t outputs = top < 32 ? outputs_of(whim) : 0;
        for (size_t more = 0; more < outputs; more++) {
            partita_value output;
            if (!new_message(message, &output)) break;
            stack[top].value = output, stack[top++].step = item.step + 1;
        }
        hold(item.value, -1);
    }
    if (!*stops) return PARTITA_OK;
    bool failed = chain->failure.len > 0;
    /* The message itself waits for the first step: it comes again. */
    while (top > 0 && stack[top - 1].step > 0) {
        item = stack[--top];
        if (chain->outputs_len == chain->outputs_capacity) {
            CHECK_OK(partita_chain_reserve(chain, chain->outputs_len + 1));
        }
        chain->outputs[chain->outputs_len++] = (partita_output){item.value, index};
        if (item.step < chain->steps) chain->waiting[item.step]++;
    }
    return failed ? PARTITA_FAILED : PARTITA_OK;
}

static partita_status chain(void *at, partita_chain *chain) {
    CHECK_EQ(((host *)at)->released, 0);
    partita_status status = PARTITA_OK;
    bool stops = false;
    for (size_t index = 0; index < chain->len && !stops; index++) {
        status = chain_one(chain, index, &stops);
    }
    return status;
}

/* ---- ends ---- */

static partita_status deliver(void *at, partita_delivery *delivery) {
    CHECK_EQ(((host *)at)->released, 0);
    for (; delivery->done < delivery->len; delivery->done++) {
        enum whim whim = have_whim();
        if (whim == BREAK) {
            delivery->done = delivery->len + 1;
            return PARTITA_OK;
        }
        if (whim == STOP && delivery->done > 0) return PARTITA_OK;
        if (whim == FAIL) {
            say_why(&delivery->failure);
            return PARTITA_FAILED;
        }
        hold(delivery->values[delivery->done], -1);
    }
    return PARTITA_OK;
}

static partita_status answer(void *at, partita_answers *answers) {
    CHECK_EQ(((host *)at)->released, 0);
    for (; answers->done < answers->len; answers->done++) {
        enum whim whim = have_whim();
        check_not_reported(answers->tokens[answers->done]);
        if (whim == BREAK) {
            answers->done = answers->len + 1;
            return PARTITA_OK;
        }
        if (whim == STOP && answers->done > 0) return PARTITA_OK;
        if (whim == FAIL) {
            say_why(&answers->failure);
            return PARTITA_FAILED;
        }
        hold(answers->values[answers->done], -1);
    }
    return PARTITA_OK;
}

static partita_status bury(void *at, partita_dead_letters *letters) {
    CHECK_EQ(((host *)at)->released, 0);
    CHECK_EQ(letters->letter_size, sizeof(partita_dead_letter));
    for (; letters->done < letters->len; letters->done++) {
        enum whim whim = have_whim();
        if (whim == BREAK) letters->done = letters->len + 1;
        if (whim == FAIL || whim == BREAK) {
            say_why(&letters->failure);
            return PARTITA_FAILED;
        }
        CHECK(partita_dead_reason_name(letters->letters[letters->done].reason).len > 0);
        hold(letters->letters[letters->done].value, -1);
    }
    return PARTITA_OK;
}

static partita_status complete(void *at, partita_completed *completed) {
    CHECK_EQ(((host *)at)->released, 0);
    for (size_t index = 0; index < completed->len; index++) report(completed->completions[index].token);
    enum whim whim = have_whim();
    if (whim == BREAK) return UNKNOWN_STATUS;
    if (whim != FAIL) return PARTITA_OK;
    say_why(&completed->failure);
    return PARTITA_FAILED;
}

#endif
