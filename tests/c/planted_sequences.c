/* The sequences of tests/fuzz/calls with a library that has the bug which PLANTED names, to show that it would be
 * found. */
#include "check.h"

static bool planted(const char *bug) {
    const char *named = getenv("PLANTED");
    return named != NULL && strcmp(named, bug) == 0;
}

/* What it polled is lost; or what it has polled before is polled again; or it never returns. */
static partita_status planted_poll(partita_sink sink, partita_value *values_out, size_t capacity,
                                   const partita_wait *wait, size_t *len_out) {
    static partita_value last;
    partita_status status = partita_sink_poll(sink, values_out, capacity, wait, len_out);
    if (status != PARTITA_OK || *len_out == 0) return status;
    if (planted("lost")) --*len_out;
    if (planted("twice") && last.word != 0) values_out[0] = last;
    last = values_out[0];
    for (volatile bool stuck = planted("stuck"); stuck;) {}
    return status;
}

/* It does not tell of a completion. */
static partita_status planted_completions(partita_app app, const partita_completions *completions,
                                          const partita_wait *wait, size_t *len_out) {
    partita_status status = partita_app_poll_completions(app, completions, wait, len_out);
    if (status == PARTITA_OK && *len_out > 0 && planted("untold")) --*len_out;
    return status;
}

/* It believes a pointer to what may be gone. */
static partita_status planted_free(partita_sender sender) {
    static char *volatile believed;
    if (planted("believed")) {
        if (believed == NULL) believed = malloc(8);
        believed[0] = 1;
        free(believed);
    }
    return partita_sender_free(sender);
}

#define partita_sink_poll planted_poll
#define partita_app_poll_completions planted_completions
#define partita_sender_free planted_free

#include "../fuzz/calls/objects.h"

/* It computes with a state that another thread has; or a message before one that was sent earlier; or writes what other
 * threads do. */
static void planted_enter(part *part, const host *step, message message) {
    if (planted("shared") && message.number == 20) part->busy = 1;
    static volatile int entered;
    if (planted("raced")) entered++;
    if (planted("disordered") && message.number > 20) message.number -= 10;
    enter_part(part, step, message);
}

#define enter_part planted_enter

#include "../fuzz/calls/replay.c"
