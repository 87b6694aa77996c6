/* wrong_calls.c with a library that has the bug which PLANTED names, to show that it would be found. */
#include "check.h"

static bool planted(const char *bug) {
    const char *named = getenv("PLANTED");
    return named != NULL && strcmp(named, bug) == 0;
}

/* It writes although it is refused. */
static partita_status planted_thread_count(partita_app app, uint32_t *count_out) {
    partita_status status = partita_app_thread_count(app, count_out);
    if (planted("written") && count_out != NULL) *count_out = 7;
    return status;
}

/* It answers what nobody was told of. */
static partita_status planted_flush(partita_buffer buffer) {
    partita_status status = partita_buffer_flush(buffer);
    return planted("undocumented") && status == PARTITA_INVALID_HANDLE ? PARTITA_NOT_FOUND : status;
}

/* It does without what it says it needs. */
static partita_status planted_metrics(partita_app app, partita_metrics *metrics_out) {
    partita_status status = partita_app_metrics(app, metrics_out);
    return planted("lenient") && metrics_out == NULL ? PARTITA_OK : status;
}

/* It needs what it says it does without. */
static partita_status planted_text(partita_error error, char *text_out, size_t capacity, size_t *len_out) {
    if (planted("demanding") && len_out == NULL) return PARTITA_INVALID_ARGUMENT;
    return partita_error_text(error, text_out, capacity, len_out);
}

/* It keeps what was refused. */
static partita_status planted_send(partita_sender sender, const partita_value *values, size_t len,
                                   const partita_wait *wait, size_t *accepted_out) {
    size_t accepted;
    if (planted("kept") && accepted_out == NULL && len == 1 && values != NULL) {
        partita_send(sender, values, len, wait, &accepted);
    }
    return partita_send(sender, values, len, wait, accepted_out);
}

/* It believes a handle: what it stands for may be gone. */
static partita_status planted_failure(partita_app app, partita_error *error_out) {
    static _Thread_local char *volatile believed;
    if (planted("believed")) {
        if (believed == NULL) believed = malloc(8);
        believed[0] = 1;
        if (app.id != 0) free(believed);
    }
    return partita_app_failure(app, error_out);
}

/* Threads that ask write what the others do. */
static partita_status planted_describe(partita_app app, uint32_t form, char *text_out, size_t capacity,
                                       size_t *len_out, partita_error *error_out) {
    static volatile int asked;
    if (planted("raced")) asked++;
    return partita_app_describe(app, form, text_out, capacity, len_out, error_out);
}

#define partita_app_describe planted_describe
#define partita_app_thread_count planted_thread_count
#define partita_app_metrics planted_metrics
#define partita_buffer_flush planted_flush
#define partita_error_text planted_text
#define partita_send planted_send
#define partita_app_failure planted_failure

#include "wrong_calls.c"
