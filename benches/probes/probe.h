/*
 * What the probes have in common: an application of one keyed step whose states the engine owns, clocks, and how
 * figures are printed: as an array in JSON of what one round says.
 */
#ifndef PROBE_H
#define PROBE_H

#include "bench.h"
#include "partita.h"

#include <stdint.h>

/* How to make the application. Zero is the engine's default, and no sink. */
struct probe_options {
    uint32_t workers, threads;
    uint64_t credits;
    partita_run_fn run;
    partita_sink_fn deliver;
    void *host; /* given to both */
};

struct probe {
    partita_app app;
    partita_sender sender;
};

/* Starts an application. A message is a word, and its key `scattered` of it; a state is a `struct state`. */
void probe_open(struct probe *probe, const struct probe_options *options);

/* Sends so many messages, the words from `first` on, in batches, and returns when they are accepted. */
void probe_send(struct probe *probe, uint64_t first, size_t len);

/* Returns when all that was sent is computed and taken. */
void probe_drain(struct probe *probe);

void probe_close(struct probe *probe);

/* Takes every message of a run into its state; the last part of a `partita_run_fn`. */
void take_run(partita_run *run);

/* An odd factor takes different words to different keys. */
static inline uint64_t scattered(uint64_t word) { return word * UINT64_C(0x9e3779b97f4a7c15); }

/* Nanoseconds of the system's clock, and of the processor in this thread and in this process. */
int64_t now_ns(void);
int64_t thread_ns(void);
int64_t process_ns(void);

/* A number from the command line, from 1 on. */
size_t read_count(const char *text);

/* Prints one value, or the end of them. */
void print_value(const char *bench, const char *system, const char *measure, const char *unit, double value);
void print_end(void);

#endif
