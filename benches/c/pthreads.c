/*
 * Threads with a table each, to which the sender passes batches over bounded queues. Batches go round. A batch holds
 * copies of the messages, which the sender has read anyway to find their keys.
 */
#include "table.h"

#include <pthread.h>
#include <stdlib.h>

enum { DEPTH = 32, AHEAD = 12 };

struct batch {
    size_t len; /* 0: the sender waits for all before it */
    struct message messages[BATCH];
};

/* What is full, and what is free again, between the sender and one worker. */
struct queue {
    struct batch *batches[DEPTH + 2];
    size_t first, len;
    pthread_mutex_t lock;
    pthread_cond_t filled;
};

struct worker {
    struct queue full, spare;
    struct batch *filling;
    struct table table;
    pthread_t thread;
};

struct run {
    struct worker workers[WORKERS];
};

static void queue_init(struct queue *queue) {
    queue->first = queue->len = 0;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
}

/* There is always room: a worker has as many batches as a queue holds. */
static void push(struct queue *queue, struct batch *batch) {
    pthread_mutex_lock(&queue->lock);
    queue->batches[(queue->first + queue->len++) % (DEPTH + 2)] = batch;
    if (queue->len == 1) {
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
}

static struct batch *pop(struct queue *queue) {
    struct batch *batch;
    pthread_mutex_lock(&queue->lock);
    while (queue->len == 0) {
        pthread_cond_wait(&queue->filled, &queue->lock);
    }
    batch = queue->batches[queue->first];
    queue->first = (queue->first + 1) % (DEPTH + 2);
    queue->len--;
    pthread_mutex_unlock(&queue->lock);
    return batch;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct batch *batch;
    while ((batch = pop(&worker->full)) != NULL) {
        for (size_t i = 0; i < batch->len; i++) {
            if (i + AHEAD < batch->len) {
                table_prefetch(&worker->table, batch->messages[i + AHEAD].key);
            }
            compute(&batch->messages[i], table_state(&worker->table, batch->messages[i].key));
        }
        push(&worker->spare, batch);
    }
    return NULL;
}

static void *open_pthreads(void) {
    struct run *run = calloc(1, sizeof *run);
    must(run != NULL, "allocate a run");
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *worker = &run->workers[i];
        table_init(&worker->table);
        queue_init(&worker->full);
        queue_init(&worker->spare);
        for (size_t j = 0; j < DEPTH + 1; j++) {
            struct batch *batch = malloc(sizeof *batch);
            must(batch != NULL, "allocate a batch");
            batch->len = 0;
            push(&worker->spare, batch);
        }
        worker->filling = pop(&worker->spare);
        must(pthread_create(&worker->thread, NULL, work, worker) == 0, "start a thread");
    }
    return run;
}

static void flush(struct worker *worker) {
    push(&worker->full, worker->filling);
    worker->filling = pop(&worker->spare);
    worker->filling->len = 0;
}

/* Waits until all batches but the one that is filled are spare. */
static void wait(struct worker *worker) {
    struct batch *batches[DEPTH];
    for (size_t i = 0; i < DEPTH; i++) {
        batches[i] = pop(&worker->spare);
    }
    for (size_t i = 0; i < DEPTH; i++) {
        push(&worker->spare, batches[i]);
    }
}

static void feed(void *argument, struct message **messages, size_t len) {
    struct run *run = argument;
    for (size_t i = 0; i < len; i++) {
        uint64_t key = partition(messages[i]);
        struct worker *worker = &run->workers[(key * UINT64_C(0xd6e8feb86659fd93) >> 32) * WORKERS >> 32];
        struct batch *batch = worker->filling;
        batch->messages[batch->len++] = *messages[i];
        if (batch->len == BATCH) {
            flush(worker);
        }
    }
    for (size_t i = 0; i < WORKERS; i++) {
        flush(&run->workers[i]);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        wait(&run->workers[i]);
    }
}

static struct outcome states(void *argument) {
    struct run *run = argument;
    struct outcome outcome = {0, 0};
    for (size_t i = 0; i < WORKERS; i++) {
        table_visit(&run->workers[i].table, &outcome);
    }
    return outcome;
}

static void close_pthreads(void *argument) {
    struct run *run = argument;
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *worker = &run->workers[i];
        push(&worker->full, NULL);
        pthread_join(worker->thread, NULL);
        free(worker->filling);
        while (worker->spare.len > 0) {
            free(pop(&worker->spare));
        }
        table_free(&worker->table);
    }
    free(run);
}

const struct system pthreads = {"c-pthreads", open_pthreads, feed, states, close_pthreads};
