/*
 * What stands between the Go package and partita.h: calls that take what Go may pass to C (numbers,
 * and pointers to memory without pointers), and the engine's callbacks, which lead into Go.
 */
#ifndef PARTITA_GO_BRIDGE_H
#define PARTITA_GO_BRIDGE_H

#include "partita.h"

/* A status, and what the call counted. */
typedef struct partita_go_counted {
  partita_status status;
  size_t count;
} partita_go_counted;

/* How long a call may wait. */
typedef struct partita_go_patience {
  int64_t timeout_ns;
  partita_cancel cancel;
} partita_go_patience;

/* What a push says besides its messages; no message has failed if `failed_step` is below 0. */
typedef struct partita_go_push_counts {
  size_t done, given_up;
  uint64_t failed;
  int32_t failed_step;
  bool ends;
} partita_go_push_counts;

/* What takes the messages of a sink. */
typedef enum partita_go_taker {
  PARTITA_GO_QUEUE,
  PARTITA_GO_FUNCTION,
  PARTITA_GO_CALLERS,
} partita_go_taker;

/* These set the sizes, hosts and callbacks of what they declare. */
partita_status partita_go_app_new(partita_app_options options, uintptr_t host, bool letters,
                                  bool logs, partita_app *app_out, partita_error *error_out);
partita_status partita_go_add_partition(partita_app app, partita_partition_options options,
                                        uintptr_t host, partita_error *error_out);
partita_status partita_go_from_source(partita_pipeline pipeline, uint64_t credits, uintptr_t host,
                                      partita_error *error_out);
partita_status partita_go_from_tcp(partita_pipeline pipeline, partita_tcp_source_options options,
                                   uintptr_t host, partita_error *error_out);
partita_status partita_go_to_tcp(partita_pipeline pipeline, partita_tcp_sink_options options,
                                 uintptr_t host, partita_sink *sink_out, partita_error *error_out);
partita_status partita_go_to_step(partita_pipeline pipeline, partita_step_options options,
                                  bool keyed, uintptr_t host, partita_error *error_out);
partita_status partita_go_to(partita_pipeline pipeline, partita_computation_options options,
                             uintptr_t host, partita_error *error_out);
partita_status partita_go_to_sink(partita_pipeline pipeline, partita_sink_options options,
                                  partita_go_taker taker, uintptr_t host, partita_sink *sink_out,
                                  partita_error *error_out);

/* Enters the worker loop of who sees to sockets; the callbacks made on this thread are told `index`. */
partita_status partita_go_run_worker(partita_app app, uint32_t index);

/* What a worker came out of its loop with: a run of a step, or how long to sleep (PARTITA_WOULD_BLOCK), or
 * nothing if the application closes. */
typedef struct partita_go_served {
  partita_status status;
  uintptr_t host;
  partita_run *run;
  int64_t idle_ns;
} partita_go_served;

/* The worker loop: it is left with each run and to sleep, and entered with what the run came to. */
partita_go_served partita_go_serve(partita_app app, uint32_t index, partita_status answer);
partita_status partita_go_worker_lost(partita_app app, uint32_t index, const char *text,
                                      size_t len);

/* What a step came to. */
typedef struct partita_go_stepped {
  partita_status status;
  uint64_t turns;
  int64_t idle_ns;
} partita_go_stepped;

/* Runs up to `budget` turns of an application without threads; the callbacks are told they are worker 0. */
partita_go_stepped partita_go_step(partita_app app, uint64_t budget);

/* The close of `app` waits for what this thread does: it must not close `app` itself. */
void partita_go_stand_in(partita_app app);

partita_go_counted partita_go_send(partita_sender sender, const uint64_t *values,
                                   const uint64_t *word_keys, const partita_bytes *byte_keys,
                                   size_t len, size_t failed, const char *failure,
                                   size_t failure_len, partita_go_patience patience);
/* Admits messages with these keys, and tells in which order they are to be pushed. */
partita_go_counted partita_go_admit_keyed(partita_sender sender, const uint64_t *word_keys,
                                          size_t wanted, uint32_t *order,
                                          partita_go_patience patience);

partita_status partita_go_push_arranged(partita_sender sender, const uint64_t *values, size_t len);

partita_status partita_go_push(partita_sender sender, const uint64_t *values, size_t len,
                               const uint64_t *word_keys, const partita_bytes *byte_keys,
                               const size_t *completed, const size_t *waiting, size_t steps,
                               partita_go_push_counts counts, const char *failure,
                               size_t failure_len);

/* What a send with tokens came to. */
typedef struct partita_go_tracked {
  partita_status status;
  size_t count;
  uint64_t position;
} partita_go_tracked;

/* partita_go_send with one token for all, or one for each. */
partita_go_tracked partita_go_send_tracked(partita_sender sender, const uint64_t *values,
                                           const uint64_t *word_keys,
                                           const partita_bytes *byte_keys, size_t len,
                                           size_t failed, const char *failure, size_t failure_len,
                                           const uint64_t *tokens, size_t tokens_len,
                                           partita_go_patience patience);
/* Admits messages, with one token for all or, if that is NULL, without. */
partita_go_tracked partita_go_admit(partita_sender sender, size_t wanted, const uint64_t *token,
                                    partita_go_patience patience);
partita_go_tracked partita_go_watermark(partita_pipeline pipeline, uint64_t position,
                                        partita_go_patience patience);
partita_go_counted partita_go_poll(partita_sink sink, uint64_t *values, size_t capacity,
                                   partita_go_patience patience);
partita_go_counted partita_go_read(partita_reader reader, size_t capacity, uint64_t *word_keys,
                                   partita_bytes *byte_keys, uint64_t *states);

partita_status partita_go_wait(partita_app app, partita_go_patience patience,
                               partita_error *error_out);
partita_status partita_go_drain(partita_app app, partita_go_patience patience,
                                partita_error *error_out);
partita_status partita_go_close(partita_app app, partita_go_patience patience,
                                partita_error *error_out);

#endif
