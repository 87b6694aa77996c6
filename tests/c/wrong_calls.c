/* Every function of the header is called with everything that is wrong: each argument, and each field of each
 * struct, is NULL, zero, maximal, of another kind, stale; on an application that is declared, started, closed, and
 * freed; inside of callbacks; from one thread, and from four at once. Each call answers what its documentation says.
 * One that is refused writes nothing and changes nothing, and in the end every value has come back.
 *
 * What functions take is read from the header: see tests/tools/wrong_calls.awk. Left out, because the header gives
 * no meaning to it or it would have no end:
 *   - an array that is there, together with a length beyond it, and pointers to nowhere: they are believed;
 *   - on an application that runs, to wait for as long as it takes for what will not come: there a wait without
 *     end has a cancel that was fired;
 *   - in a callback, to say that its thread will not return from it (partita_app_worker_lost), and then to return.
 *
 * With a number as its argument it tries that many rounds from four threads; PARTITA_SEED chooses what they try. */
#include "wrong_world.h"

#include <stddef.h>

/* ---- what the header says: filled in by the generator ---- */

enum kind {
    HANDLE, TEXT, BYTES, WORD, NUMBER, LENGTH, OPAQUE, FUNCTION, ARRAY, STRUCT, LENT,
    OUT, HANDLE_OUT, ERROR_OUT, SIZED_OUT
};

/* An argument of a function, or a field of a struct. */
typedef struct item {
    const char *name;
    enum kind kind;
    /* Of a field: where it is. */
    size_t offset;
    /* Of a number: its own; of what ends in `_out`: of what is there. */
    size_t size;
    bool is_signed;
    const struct shape *shape;
    /* Which kind of handle. */
    int of;
    /* Of an argument: the documentation says that it may be NULL. */
    bool may_be_null;
} item;

typedef struct shape {
    const char *name;
    size_t size;
    void (*good)(void *at, scratch *scratch);
    const item *fields;
    size_t len;
} shape;

typedef union slot {
    uint64_t word;
    void *pointer;
    partita_str text;
    partita_bytes bytes;
} slot;

typedef struct function {
    const char *name;
    const item *arguments;
    size_t len;
    partita_status (*call)(const slot *of);
    /* In which callback only it may be called. */
    enum inside inside;
    /* Which statuses its documentation names. */
    uint64_t answers;
} function;

#define ANSWER(status) (UINT64_C(1) << (status))

static partita_status is_text(partita_str text) {
    CHECK(text.ptr != NULL && text.len > 0);
    return PARTITA_OK;
}

static partita_status is_number(uint32_t number) {
    CHECK(number > 0);
    return PARTITA_OK;
}

#include <wrong_calls.h>

enum { FUNCTIONS = sizeof functions / sizeof *functions, ARGUMENTS = 8, ROOM = 1024, CANARY = 0xa5 };

/* ---- a call ---- */

enum stage { DECLARED, STARTED, CLOSED, FREED, IN_CALLBACK, TOGETHER };
static const char *const stages[] = {"declared", "started", "closed", "freed", "in a callback", "four threads"};
static const char *const threads_names[] = {"engine's", "host's", "no", "stepped"};

/* Which call: `argument` beyond the last one stands for all of them. */
typedef struct attempt {
    const function *function;
    size_t argument, choice;
    /* Handles lead to the pipeline with sockets. */
    bool net;
} attempt;

/* What one thread calls with. */
typedef struct caller {
    world *world;
    enum stage stage;
    const lent *lent;
    attempt attempt;
    slot slots[ARGUMENTS];
    /* What arguments point to: its bytes are as they were, unless the call succeeds. */
    struct place {
        unsigned char *memory, *before;
        size_t size;
    } places[ARGUMENTS];
    scratch scratch, scratch_before;
} caller;

/* Handles of an application that is gone. */
static uint64_t stale[HANDLES];

static void tell(const caller *caller, const char *what, partita_status status) {
    const attempt *attempt = &caller->attempt;
    const function *function = attempt->function;
    partita_str name = partita_status_name(status);
    fprintf(stderr, "%s, argument %s, choice %zu%s (%s, %s threads): %s: %.*s\n", function->name,
            attempt->argument < function->len ? function->arguments[attempt->argument].name : "(all)",
            attempt->choice, attempt->net ? ", sockets" : "", stages[caller->stage],
            threads_names[caller->world->threads], what, (int)name.len, name.ptr);
}

static void expect(const caller *caller, bool holds, const char *what, partita_status status) {
    if (holds) return;
    tell(caller, what, status);
    exit(1);
}

static uint64_t good_handle(const caller *caller, enum handle of) {
    const world *world = caller->world;
    switch (of) {
    case OF_partita_app: return world->app.id;
    case OF_partita_error: return world->error.id;
    case OF_partita_pipeline: return caller->attempt.net ? world->net.id : world->words.id;
    case OF_partita_cancel: return world->cancel.id;
    case OF_partita_buffer: return world->buffer.id;
    case OF_partita_sink: return caller->attempt.net ? world->peer.id : world->queue.id;
    case OF_partita_reader: return world->reader.id;
    case OF_partita_sender: return world->sender.id;
    case HANDLES: break;
    }
    return 0;
}

/* Frees what a call made. What belongs to an application goes with it. */
static void free_handle(enum handle of, uint64_t id) {
    switch (of) {
    case OF_partita_app: CHECK_OK(partita_app_free((partita_app){id})); return;
    case OF_partita_error: CHECK_OK(partita_error_free((partita_error){id})); return;
    case OF_partita_cancel: CHECK_OK(partita_cancel_free((partita_cancel){id})); return;
    case OF_partita_buffer: unless_gone(partita_buffer_free((partita_buffer){id})); return;
    case OF_partita_reader: unless_gone(partita_reader_free((partita_reader){id})); return;
    case OF_partita_sender: unless_gone(partita_sender_free((partita_sender){id})); return;
    case OF_partita_pipeline:
    case OF_partita_sink:
    case HANDLES: return;
    }
}

/* ---- what is wrong ---- */

/* Ways in which structs, and their sizes, are wrong as a whole. */
enum { NO_STRUCT, NO_SIZE, TINY_SIZE, HUGE_SIZE, NEWER_SIZE, ZEROS, MAXIMA, FIELDS };
enum { ZERO, MAXIMAL, FIRST_OTHER };

static size_t choices_of(const item *item) {
    size_t choices = FIELDS;
    switch (item->kind) {
    case HANDLE: return FIRST_OTHER + 3 + HANDLES;
    case TEXT: return FIRST_OTHER + 3;
    case BYTES: return FIRST_OTHER + 2;
    case NUMBER: return item->is_signed ? FIRST_OTHER + 1 : FIRST_OTHER;
    case WORD:
    case LENGTH:
    case OPAQUE: return FIRST_OTHER;
    case SIZED_OUT: return NEWER_SIZE;
    case STRUCT:
        for (size_t index = 0; index < item->shape->len; index++) choices += choices_of(&item->shape->fields[index]);
        return choices;
    case FUNCTION:
    case ARRAY:
    case OUT:
    case HANDLE_OUT:
    case ERROR_OUT:
    case LENT: return 1;
    }
    return 0;
}

static uint64_t wrong_handle(const caller *caller, enum handle of, size_t choice) {
    uint64_t good = good_handle(caller, of);
    switch (choice) {
    case ZERO: return 0;
    case MAXIMAL: return UINT64_MAX;
    /* A slot that was never used; another generation of this one; one that is gone. */
    case FIRST_OTHER: return good | 0xfffff;
    case FIRST_OTHER + 1: return good ^ UINT64_C(1) << 32;
    case FIRST_OTHER + 2: return stale[of];
    default:
        of = (enum handle)(choice - FIRST_OTHER - 3);
        return good_handle(caller, of);
    }
}

static uint64_t wrong_number(const item *item, size_t choice) {
    unsigned bits = (unsigned)item->size * 8, beyond = item->is_signed ? 65 - bits : 64 - bits;
    if (choice == ZERO) return 0;
    return choice == MAXIMAL ? UINT64_MAX >> beyond : ~(UINT64_MAX >> beyond);
}

/* Writes a wrong value of `size` bytes, or less of a number. */
static void write_wrong(const caller *caller, const item *item, size_t choice, unsigned char *at, size_t number_size) {
    static const partita_str texts[] = {{NULL, 0}, {NULL, SIZE_MAX}, {NULL, 1}, {"a\xff", 2}, {"a", 0}};
    static const partita_bytes bytes[] = {{NULL, 0}, {NULL, SIZE_MAX}, {NULL, 1}, {(const uint8_t *)"a", 0}};
    uint64_t number = 0;
    switch (item->kind) {
    case HANDLE: number = wrong_handle(caller, (enum handle)item->of, choice); break;
    case TEXT: memcpy(at, &texts[choice], sizeof *texts); return;
    case BYTES: memcpy(at, &bytes[choice], sizeof *bytes); return;
    case WORD:
    case OPAQUE: number = choice == ZERO ? 0 : UINT64_MAX; break;
    case LENGTH:
    case NUMBER: number = wrong_number(item, choice); break;
    default: break;
    }
    /* All else is a pointer, and NULL. */
    uint32_t small = (uint32_t)number;
    if ((item->kind == NUMBER || item->kind == LENGTH) && number_size == sizeof small) memcpy(at, &small, sizeof small);
    else memcpy(at, &number, sizeof number);
}

static void write_wrong_field(const caller *caller, const shape *shape, size_t field, size_t choice,
                              unsigned char *memory) {
    const item *wrong = &shape->fields[field];
    write_wrong(caller, wrong, choice, memory + wrong->offset, wrong->size);
    /* Rule: no length goes beyond an array that is there. */
    bool beyond = wrong->kind == LENGTH && choice == MAXIMAL;
    for (size_t index = 0; beyond && index < shape->len; index++) {
        if (shape->fields[index].kind == ARRAY) memset(memory + shape->fields[index].offset, 0, sizeof(void *));
    }
}

/* Rule: nobody waits for ever. Once an application runs such a wait has a cancel that was fired. */
static bool has_end(const caller *caller, const shape *shape, unsigned char *memory) {
    partita_wait wait;
    bool runs = caller->stage == STARTED || caller->stage == IN_CALLBACK || caller->stage == TOGETHER;
    if (!runs || shape != &shape_of_partita_wait) return true;
    if (memory == NULL) return false;
    memcpy(&wait, memory, sizeof wait);
    if (wait.timeout_ns > 0 && wait.cancel.id == 0) {
        unless_gone(partita_cancel_fire(caller->world->cancel));
        wait.cancel = caller->world->cancel;
        memcpy(memory, &wait, sizeof wait);
    }
    return true;
}

/* Whether there is such a call to make. */
static bool write_wrong_struct(caller *caller, const item *item, size_t choice, size_t argument) {
    struct place *place = &caller->places[argument];
    size_t sizes[] = {0, 0, 1, SIZE_MAX, place->size};
    bool written = item->kind == SIZED_OUT;
    if (choice == NO_STRUCT) {
        caller->slots[argument].pointer = NULL;
        return written || has_end(caller, item->shape, NULL);
    }
    if (choice < ZEROS) {
        memcpy(place->memory, &sizes[choice], sizeof *sizes);
        return true;
    }
    const shape *shape = item->shape;
    if (choice < FIELDS) {
        for (size_t field = 0; field < shape->len; field++) {
            bool maximal = choice == MAXIMA && choices_of(&shape->fields[field]) > 1;
            write_wrong_field(caller, shape, field, maximal ? MAXIMAL : ZERO, place->memory);
        }
        return has_end(caller, shape, place->memory);
    }
    choice -= FIELDS;
    size_t field = 0;
    for (; choice >= choices_of(&shape->fields[field]); field++) choice -= choices_of(&shape->fields[field]);
    write_wrong_field(caller, shape, field, choice, place->memory);
    return has_end(caller, shape, place->memory);
}

static bool write_wrong_argument(caller *caller, size_t argument, size_t choice) {
    const item *item = &caller->attempt.function->arguments[argument];
    if (item->kind == STRUCT || item->kind == SIZED_OUT) return write_wrong_struct(caller, item, choice, argument);
    write_wrong(caller, item, choice, (unsigned char *)&caller->slots[argument], sizeof(uint64_t));
    if (item->kind == LENGTH && choice == MAXIMAL) caller->slots[argument - 1].pointer = NULL;
    return true;
}

/* ---- what is right ---- */

static void make_place(struct place *place, size_t size) {
    place->size = size;
    place->memory = malloc(size);
    place->before = malloc(size);
    CHECK(place->memory != NULL && place->before != NULL);
    memset(place->memory, CANARY, size);
}

static void write_good(caller *caller, size_t argument) {
    const item *item = &caller->attempt.function->arguments[argument];
    slot *slot = &caller->slots[argument];
    struct place *place = &caller->places[argument];
    switch (item->kind) {
    case HANDLE: slot->word = good_handle(caller, (enum handle)item->of); return;
    case TEXT: slot->text = good_text; return;
    case BYTES: slot->bytes = one_key[0]; return;
    case WORD:
    case LENGTH: slot->word = 1; return;
    case LENT: slot->pointer = caller->lent ? caller->lent->pointer : NULL; return;
    case ARRAY:
    case OUT:
    case HANDLE_OUT:
    case ERROR_OUT:
    case SIZED_OUT:
        make_place(place, item->kind == ARRAY ? sizeof(partita_value) : item->size);
        if (item->kind == SIZED_OUT) memcpy(place->memory, &item->size, sizeof item->size);
        slot->pointer = place->memory;
        return;
    case STRUCT:
        /* Behind it is what only a newer library knows. */
        make_place(place, item->shape->size + 8);
        item->shape->good(place->memory, &caller->scratch);
        slot->pointer = place->memory;
        return;
    case NUMBER:
    case OPAQUE:
    case FUNCTION: slot->word = 0; return;
    }
}

/* Writes all arguments of an attempt. Tells whether it is to be made. */
static bool prepare(caller *caller) {
    const attempt *attempt = &caller->attempt;
    const function *function = attempt->function;
    bool made = true;
    memset(&caller->scratch, CANARY, sizeof caller->scratch);
    memset(caller->slots, 0, sizeof caller->slots);
    for (size_t index = 0; index < function->len; index++) write_good(caller, index);
    if (attempt->argument < function->len) {
        made = write_wrong_argument(caller, attempt->argument, attempt->choice);
    } else if (attempt->choice > 0) {
        for (size_t index = 0; index < function->len; index++) {
            const item *item = &function->arguments[index];
            bool whole = item->kind == STRUCT || item->kind == SIZED_OUT, maximal = attempt->choice == 2;
            size_t zero = whole ? NO_STRUCT : ZERO, most = whole ? HUGE_SIZE : MAXIMAL;
            /* Where there is no maximum, all is well. */
            if (maximal && (choices_of(item) == 1 || item->kind == ARRAY)) continue;
            write_wrong_argument(caller, index, maximal ? most : zero);
        }
    }
    for (size_t index = 0; index < function->len; index++) {
        struct place *place = &caller->places[index];
        if (place->memory != NULL) memcpy(place->before, place->memory, place->size);
    }
    caller->scratch_before = caller->scratch;
    return made;
}

static void clear(caller *caller) {
    for (size_t index = 0; index < ARGUMENTS; index++) {
        free(caller->places[index].memory);
        free(caller->places[index].before);
        caller->places[index] = (struct place){0};
    }
}

/* ---- what it answers ---- */

static bool is(const caller *caller, const char *function) {
    return strcmp(caller->attempt.function->name, function) == 0;
}

static bool is_written(const caller *caller, size_t argument) {
    const struct place *place = &caller->places[argument];
    return place->memory != NULL && memcmp(place->memory, place->before, place->size) != 0;
}

/* With these a sender may have accepted some. */
static const uint64_t some_accepted = ANSWER(PARTITA_WOULD_BLOCK) | ANSWER(PARTITA_TIMEOUT) |
                                      ANSWER(PARTITA_CANCELLED) | ANSWER(PARTITA_STOPPED) |
                                      ANSWER(PARTITA_CLOSED) | ANSWER(PARTITA_FAILED);

static size_t read_size(const caller *caller, size_t argument) {
    size_t size;
    memcpy(&size, caller->places[argument].memory, sizeof size);
    return size;
}

/* Counts the values that a call took or gave. They were counted in before it, so that none comes back too soon. */
static void settle_values(caller *caller, partita_status status) {
    const function *function = caller->attempt.function;
    uint64_t taken = 0;
    for (size_t index = 0; index < function->len; index++) {
        const char *name = function->arguments[index].name;
        if (strcmp(name, "accepted_out") == 0 && is_written(caller, index)) taken += read_size(caller, index);
    }
    if (is(caller, "partita_sender_push") && status == PARTITA_OK) {
        partita_push push;
        memcpy(&push, caller->places[1].memory, sizeof push);
        taken += push.len + (push.failed != 0);
    }
    if (is(caller, "partita_emit") && status == PARTITA_OK) taken++;
    uint64_t given = is(caller, "partita_sink_poll") && is_written(caller, 4) ? read_size(caller, 4) : 0;
    counter_add(&held, taken - 2 - given);
}

static void check_refused(caller *caller, partita_status status) {
    const function *function = caller->attempt.function;
    for (size_t index = 0; index < function->len; index++) {
        const item *item = &function->arguments[index];
        bool accepts = strcmp(item->name, "accepted_out") == 0 && ANSWER(status) & some_accepted;
        if (item->kind == ERROR_OUT && caller->slots[index].pointer != NULL) {
            uint64_t error;
            expect(caller, is_written(caller, index), "there is no error object", status);
            memcpy(&error, caller->places[index].memory, sizeof error);
            expect(caller, partita_error_free((partita_error){error}) == PARTITA_OK, "it is no error object", status);
        } else if (!accepts) {
            expect(caller, !is_written(caller, index), "it was refused, and wrote something", status);
        }
    }
    /* Where a batch may be accepted in part, so may its position be told. */
    bool untouched = memcmp(&caller->scratch, &caller->scratch_before, sizeof caller->scratch) == 0;
    expect(caller, untouched || is(caller, "partita_send_batch"), "it was refused, and wrote into a struct's", status);
}

static void check_done(caller *caller) {
    const function *function = caller->attempt.function;
    for (size_t index = 0; index < function->len; index++) {
        const item *item = &function->arguments[index];
        if (item->kind == ERROR_OUT) expect(caller, !is_written(caller, index), "an error of a success", PARTITA_OK);
        if (item->kind == HANDLE_OUT && is_written(caller, index)) {
            free_handle((enum handle)item->of, read_size(caller, index));
        }
    }
}

/* Is something NULL that must not be? An array without items may be. */
static bool lacks(const caller *caller) {
    const function *function = caller->attempt.function;
    for (size_t index = 0; index < function->len; index++) {
        const item *item = &function->arguments[index];
        bool points = item->kind >= STRUCT && caller->slots[index].pointer == NULL;
        if (points && !item->may_be_null) return true;
    }
    return false;
}

/* Is nothing else tried than to leave out what may be NULL? */
static bool does_without(const caller *caller) {
    const attempt *attempt = &caller->attempt;
    if (attempt->argument >= attempt->function->len) return false;
    const item *item = &attempt->function->arguments[attempt->argument];
    return item->may_be_null && caller->slots[attempt->argument].pointer == NULL;
}

/* Rule: a thread that says that it will not return does not return. */
static bool would_be_lost(const caller *caller) {
    return caller->stage == IN_CALLBACK && is(caller, "partita_app_worker_lost") && caller->attempt.argument != 0;
}

/* Makes the attempt. Tells what it answers, or PARTITA_INTERNAL if it is not to be made. */
static partita_status attempt_it(caller *caller) {
    partita_status status = PARTITA_INTERNAL;
    if (!would_be_lost(caller) && prepare(caller)) {
        counter_add(&held, 2);
        status = caller->attempt.function->call(caller->slots);
        settle_values(caller, status);
        bool told = status == PARTITA_OK || (status > 0 && caller->attempt.function->answers & ANSWER(status));
        expect(caller, told && status != PARTITA_INTERNAL, "its documentation does not say that it answers", status);
        expect(caller, status != PARTITA_OK || !lacks(caller), "its documentation does not say that NULL will do", status);
        if (status == PARTITA_OK) check_done(caller);
        else check_refused(caller, status);
    }
    clear(caller);
    return status;
}

/* NULL, which the documentation allows, is not the reason for a refusal. */
static void expect_without_null(caller *caller, partita_status status) {
    attempt without = caller->attempt;
    caller->attempt = (attempt){without.function, without.function->len, 0, without.net};
    bool same = attempt_it(caller) == status;
    caller->attempt = without;
    expect(caller, same, "its documentation says that NULL will do", status);
}

/* ---- one thread ---- */

/* With these nothing has changed. */
static const uint64_t refusals = ANSWER(PARTITA_INVALID_ARGUMENT) | ANSWER(PARTITA_INVALID_UTF8) |
                                 ANSWER(PARTITA_INVALID_HANDLE) | ANSWER(PARTITA_UNSUPPORTED) |
                                 ANSWER(PARTITA_NOT_FOUND) | ANSWER(PARTITA_NOT_STARTED) |
                                 ANSWER(PARTITA_ALREADY_STARTED) | ANSWER(PARTITA_WOULD_DEADLOCK);

/* Brings a new application to this stage. */
static void renew(caller *caller, uint32_t threads) {
    declare(caller->world, threads);
    if (caller->stage == DECLARED) return;
    begin(caller->world);
    if (caller->stage == CLOSED || caller->stage == FREED) close_world(caller->world);
    if (caller->stage == FREED) free_world(caller->world);
}

static void end(caller *caller) {
    if (caller->stage != FREED) {
        close_world(caller->world);
        free_world(caller->world);
    }
}

static void check_unchanged(caller *caller) {
    if (caller->stage == DECLARED) CHECK_OK(partita_app_check(caller->world->app, NULL));
    if (caller->stage != STARTED) return;
    partita_metrics metrics = metrics_of(caller->world->app);
    CHECK_EQ(metrics.in_flight, 0);
    CHECK_EQ(metrics.values_held, metrics.parts);
}

static size_t choices_at(const function *function, size_t argument) {
    return argument < function->len ? choices_of(&function->arguments[argument]) : 3;
}

static bool takes_sockets(const caller *caller, const function *function) {
    bool takes = false;
    for (size_t index = 0; index < function->len; index++) {
        const item *item = &function->arguments[index];
        takes |= item->kind == HANDLE && (item->of == OF_partita_pipeline || item->of == OF_partita_sink);
    }
    return takes && caller->world->net.id != 0;
}

/* All attempts with one function; `again` is called after one that may have changed something. */
static size_t attempt_all(caller *caller, const function *function, void (*again)(struct caller *)) {
    size_t made = 0;
    bool sockets = takes_sockets(caller, function);
    for (int net = 0; net <= sockets; net++) {
        for (size_t argument = 0; argument <= function->len; argument++) {
            for (size_t choice = 0; choice < choices_at(function, argument); choice++) {
                caller->attempt = (attempt){function, argument, choice, net == 1};
                partita_status status = attempt_it(caller);
                if (status == PARTITA_INTERNAL) continue;
                made++;
                if (status == PARTITA_INVALID_ARGUMENT && does_without(caller)) expect_without_null(caller, status);
                if (status == PARTITA_OK || !(ANSWER(status) & refusals)) again(caller);
                else check_unchanged(caller);
            }
        }
    }
    return made;
}

static void renew_after(caller *caller) {
    uint32_t threads = caller->world->threads;
    end(caller);
    renew(caller, threads);
}

static void calls_of_one_thread_are_refused(enum stage stage, uint32_t threads) {
    world world;
    caller caller = {.world = &world, .stage = stage};
    size_t made = 0;
    renew(&caller, threads);
    for (size_t index = 0; index < FUNCTIONS; index++) {
        if (functions[index].inside) continue;
        made += attempt_all(&caller, &functions[index], renew_after);
    }
    end(&caller);
    printf("%s, %s threads: %zu calls\n", stages[stage], threads_names[threads], made);
}

/* ---- inside of callbacks ---- */

static struct {
    caller caller;
    const function *function;
    size_t made;
} visitor;

static void go_on(caller *caller) { (void)caller; }

static void attempt_inside(const lent *lent) {
    visitor.caller.lent = lent;
    visitor.made += attempt_all(&visitor.caller, visitor.function, go_on);
}

static void calls_inside_callbacks_are_refused(uint32_t threads) {
    world world;
    /* Among what is called is what moves the stepper's clock on, to the end of time. */
    const partita_wait *wait = threads == PARTITA_THREADS_STEPPED ? NULL : &soon;
    visitor.caller = (caller){.world = &world, .stage = IN_CALLBACK};
    visitor.made = 0;
    for (size_t index = 0; index < FUNCTIONS; index++) {
        partita_value value;
        size_t len = 0;
        visitor.function = &functions[index];
        visit.inside = visitor.function->inside ? visitor.function->inside : INSIDE_emitter;
        renew(&visitor.caller, threads);
        visit.call = attempt_inside;
        send_one(&world);
        CHECK_OK(partita_sink_poll(world.queue, &value, 1, wait, &len));
        CHECK(visit.call == NULL);
        give_back(NULL, &value, len);
        end(&visitor.caller);
    }
    printf("%s, %s threads: %zu calls\n", stages[IN_CALLBACK], threads_names[threads], visitor.made);
}

/* ---- four threads ---- */

enum { TOGETHER_THREADS = 4, TOGETHER_CALLS = 300 };

typedef struct peer {
    world *world;
    uint64_t random;
} peer;

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *attempt_any(void *argument) {
    peer *peer = argument;
    caller caller = {.world = peer->world, .stage = TOGETHER};
    for (int call = 0; call < TOGETHER_CALLS; call++) {
        const function *function = &functions[next_random(&peer->random) % FUNCTIONS];
        if (function->inside) continue;
        size_t which = next_random(&peer->random) % (function->len + 1);
        size_t choice = next_random(&peer->random) % choices_at(function, which);
        bool net = takes_sockets(&caller, function) && next_random(&peer->random) % 4 == 0;
        caller.attempt = (attempt){function, which, choice, net};
        attempt_it(&caller);
    }
    return NULL;
}

static void calls_of_four_threads_are_refused(uint64_t rounds, uint64_t seed) {
    for (uint64_t round = 0; round < rounds; round++) {
        world world;
        caller caller = {.world = &world, .stage = TOGETHER};
        pthread_t running[TOGETHER_THREADS];
        peer peers[TOGETHER_THREADS];
        renew(&caller, (uint32_t)(round % 4));
        for (uint64_t index = 0; index < TOGETHER_THREADS; index++) {
            peers[index] = (peer){&world, (seed + round * TOGETHER_THREADS + index + 1) * UINT64_C(0x9e3779b97f4a7c15)};
            running[index] = start(attempt_any, &peers[index]);
        }
        for (size_t index = 0; index < TOGETHER_THREADS; index++) join(running[index]);
        end(&caller);
    }
    printf("four threads: %llu rounds\n", (unsigned long long)rounds);
}

static void remember_stale_handles(void) {
    world world;
    caller caller = {.world = &world, .stage = STARTED};
    renew(&caller, PARTITA_THREADS_ENGINE);
    for (size_t of = 0; of < HANDLES; of++) stale[of] = good_handle(&caller, (enum handle)of);
    end(&caller);
}

int main(int argc, char **argv) {
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 40;
    const char *seed = getenv("PARTITA_SEED");
    uint64_t chosen = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    remember_stale_handles();
    printf("PARTITA_SEED=%llu\n", (unsigned long long)chosen);
    for (uint32_t threads = PARTITA_THREADS_ENGINE; threads <= PARTITA_THREADS_STEPPED; threads++) {
        for (enum stage stage = DECLARED; stage <= FREED; stage++) calls_of_one_thread_are_refused(stage, threads);
        calls_inside_callbacks_are_refused(threads);
    }
    calls_of_four_threads_are_refused(rounds, chosen);
    return 0;
}
