/* What the C tests share: checks that say where they failed, and short forms of what C programs write
 * out. Every wait has a deadline far beyond what it needs: a hang fails a test by name. */
#ifndef CHECK_H
#define CHECK_H

#include <partita.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the program unless `condition` holds. */
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

/* Ends the program unless two numbers are the same. */
#define CHECK_EQ(found, expected)                                                                    \
    check_equal((unsigned long long)(found), (unsigned long long)(expected), #found, __FILE__, __LINE__)

/* Ends the program unless a call answers this status. */
#define CHECK_STATUS(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)

/* Ends the program unless a call answers PARTITA_OK. */
#define CHECK_OK(call) CHECK_STATUS(call, PARTITA_OK)

/* Ends the program unless a call, which fills `error`, answers this status and an error object whose
 * text has these words. */
#define CHECK_REFUSED(call, error, expected, words)                                                  \
    do {                                                                                             \
        (error).id = 0;                                                                              \
        CHECK_STATUS(call, expected);                                                                \
        check_error((error), (words), #call, __FILE__, __LINE__);                                    \
    } while (0)

static inline void check_that(bool holds, const char *what, const char *file, int line) {
    if (holds) return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    exit(1);
}

static inline void check_equal(unsigned long long found, unsigned long long expected, const char *what,
                               const char *file, int line) {
    if (found == expected) return;
    fprintf(stderr, "%s:%d: %s is %llu: expected %llu\n", file, line, what, found, expected);
    exit(1);
}

static inline void check_status(partita_status found, partita_status expected, const char *call,
                                const char *file, int line) {
    if (found == expected) return;
    partita_str is = partita_status_name(found), should = partita_status_name(expected);
    fprintf(stderr, "%s:%d: %s\n    answers %.*s: expected %.*s\n", file, line, call, (int)is.len,
            is.ptr, (int)should.len, should.ptr);
    exit(1);
}

/* Frees the error object. */
static inline void check_error(partita_error error, const char *words, const char *call,
                               const char *file, int line) {
    char text[4096] = "(no error object)";
    if (error.id != 0) {
        partita_error_text(error, text, sizeof text, NULL);
        partita_error_free(error);
    }
    if (strstr(text, words) != NULL) return;
    fprintf(stderr, "%s:%d: %s\n    says \"%s\": expected \"%s\" in it\n", file, line, call, text, words);
    exit(1);
}

/* ---- short forms ---- */

static inline partita_str str(const char *text) { return (partita_str){text, strlen(text)}; }

static inline bool str_is(partita_str found, const char *expected) {
    return found.len == strlen(expected) && memcmp(found.ptr, expected, found.len) == 0;
}

static inline partita_value word(uint64_t value) { return (partita_value){.word = value}; }

static inline partita_value pointer(void *value) { return (partita_value){.ptr = value}; }

static inline partita_wait wait_ms(int64_t milliseconds) {
    return (partita_wait){.size = sizeof(partita_wait), .timeout_ns = milliseconds * 1000000};
}

/* For what should happen: it is waited for so long, and not longer than it takes. */
static const partita_wait soon = {.size = sizeof(partita_wait), .timeout_ns = 60000000000};
static const partita_wait not_at_all = {.size = sizeof(partita_wait), .timeout_ns = 0};

static inline partita_metrics metrics_of(partita_app app) {
    partita_metrics metrics = {.size = sizeof metrics};
    CHECK_OK(partita_app_metrics(app, &metrics));
    return metrics;
}

static inline partita_stage_metrics stage_of(partita_app app, size_t index) {
    partita_stage_metrics stage = {.size = sizeof stage};
    CHECK_OK(partita_app_stage(app, index, &stage));
    return stage;
}

/* Closes and frees; nothing is held afterwards. */
static inline void finish(partita_app app) {
    CHECK_OK(partita_app_close(app, &soon, NULL));
    CHECK_EQ(metrics_of(app).values_held, 0);
    CHECK_OK(partita_app_free(app));
}

/* ---- meeting of threads ---- */

/* A number that grows, and that threads wait for. */
typedef struct counter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t value;
} counter;

#define COUNTER {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline uint64_t counter_add(counter *counter, uint64_t amount) {
    pthread_mutex_lock(&counter->lock);
    uint64_t value = counter->value += amount;
    pthread_cond_broadcast(&counter->changed);
    pthread_mutex_unlock(&counter->lock);
    return value;
}

static inline uint64_t counter_read(counter *counter) { return counter_add(counter, 0); }

/* Waits until the number is at least this. */
static inline void counter_wait(counter *counter, uint64_t least) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 60;
    pthread_mutex_lock(&counter->lock);
    while (counter->value < least) {
        CHECK_EQ(pthread_cond_timedwait(&counter->changed, &counter->lock, &deadline), 0);
    }
    pthread_mutex_unlock(&counter->lock);
}

/* A host that is released: counts. */
static inline void count_release(void *host) { counter_add(host, 1); }

static inline pthread_t start(void *(*run)(void *), void *argument) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static inline void join(pthread_t thread) { CHECK_EQ(pthread_join(thread, NULL), 0); }

/* ---- workers of the host's ---- */

enum { WORKERS_MAX = 4 };

typedef struct crew {
    partita_app app;
    uint32_t size;
    pthread_t threads[WORKERS_MAX];
    struct crew_place {
        partita_app app;
        uint32_t index;
    } places[WORKERS_MAX];
} crew;

static inline void *crew_work(void *argument) {
    struct crew_place *place = argument;
    partita_status left = partita_app_run_worker(place->app, place->index);
    /* It may have come too late: nobody waits for it to enter. */
    if (left != PARTITA_CLOSED && left != PARTITA_INVALID_HANDLE) CHECK_OK(left);
    return NULL;
}

/* Enters as every worker. */
static inline void crew_enter(crew *crew, partita_app app, uint32_t size) {
    crew->app = app;
    crew->size = size;
    for (uint32_t index = 0; index < size; index++) {
        crew->places[index] = (struct crew_place){app, index};
        crew->threads[index] = start(crew_work, &crew->places[index]);
    }
}

static inline void crew_leave(crew *crew) {
    for (uint32_t index = 0; index < crew->size; index++) join(crew->threads[index]);
}

#endif
