#include "_cgo_export.h"

/* The worker that this thread is, or -1. */
static _Thread_local int32_t worker = -1;

/* The application whose close waits for what this thread does, or none. */
static _Thread_local partita_app awaiting;

static void drop_host(void *host) {
  partitaGoDropHost((uintptr_t)host);
}

static void drop(void *host, const partita_value *values, size_t len) {
  partitaGoDrop((uintptr_t)host, (uint64_t *)values, len);
}

static void share(void *host, const partita_value *values, size_t len, size_t times) {
  partitaGoShare((uintptr_t)host, (uint64_t *)values, len, times);
}

static partita_status keys(void *host, partita_keys *keys) {
  return partitaGoKeys((uintptr_t)host, worker, keys);
}

static partita_status chain(void *host, partita_chain *chain) {
  return partitaGoChain((uintptr_t)host, worker, chain);
}

/* The step whose run this thread comes out with. */
static _Thread_local void *taken_host;

static partita_status run(void *host, partita_run *run) {
  if (run->later) {
    taken_host = host;
    return PARTITA_LATER;
  }
  return partitaGoRun((uintptr_t)host, worker, run);
}

static partita_status build(void *host, partita_build *build) {
  return partitaGoBuild((uintptr_t)host, worker, build);
}

static partita_status deliver(void *host, partita_delivery *delivery) {
  return partitaGoDeliver((uintptr_t)host, worker, delivery);
}

static partita_status answer(void *host, partita_answers *answers) {
  return partitaGoAnswer((uintptr_t)host, worker, answers);
}

static partita_status completed(void *host, partita_completed *completed) {
  return partitaGoCompleted((uintptr_t)host, completed);
}

static partita_status dead_letters(void *host, partita_dead_letters *letters) {
  return partitaGoDeadLetters((uintptr_t)host, worker, letters);
}

static partita_status decode(void *host, partita_decode *decode) {
  return partitaGoDecode((uintptr_t)host, worker, decode);
}

static partita_status split(void *host, partita_split *split) {
  return partitaGoSplit((uintptr_t)host, worker, split);
}

static partita_status encode(void *host, partita_encode *encode) {
  return partitaGoEncode((uintptr_t)host, worker, encode);
}

static void note(void *host, const partita_log_record *record) {
  partitaGoLog((uintptr_t)host, (partita_log_record *)record);
}

static void park(void *host, uint32_t worker, int64_t timeout_ns) {
  partitaGoPark((uintptr_t)host, worker, timeout_ns);
}

static void unpark(void *host, uint32_t worker) {
  partitaGoUnpark((uintptr_t)host, worker);
}

static partita_wait waiting(partita_go_patience patience) {
  partita_wait wait = {
      .size = sizeof wait, .timeout_ns = patience.timeout_ns, .cancel = patience.cancel};
  return wait;
}

partita_status partita_go_app_new(partita_app_options options, uintptr_t host, bool letters,
                                  bool logs, partita_app *app_out, partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.dead_letters = letters ? dead_letters : NULL;
  options.log = logs ? note : NULL;
  options.completed = completed;
  if (options.threads != PARTITA_THREADS_STEPPED) {
    options.threads = PARTITA_THREADS_HOST;
    options.park = park;
    options.unpark = unpark;
  }
  return partita_app_new(&options, app_out, error_out);
}

partita_status partita_go_add_partition(partita_app app, partita_partition_options options,
                                        uintptr_t host, partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.build = build;
  options.drop_state = drop;
  return partita_app_add_partition(app, &options, error_out);
}

partita_status partita_go_from_source(partita_pipeline pipeline, uint64_t credits, uintptr_t host,
                                      partita_error *error_out) {
  partita_source_options options = {.size = sizeof options,
                                    .credits = credits,
                                    .host = (void *)host,
                                    .drop_host = drop_host,
                                    .drop = drop,
                                    .share = share};
  return partita_pipeline_from_source(pipeline, &options, error_out);
}

partita_status partita_go_from_tcp(partita_pipeline pipeline, partita_tcp_source_options options,
                                   uintptr_t host, partita_error *error_out) {
  options.size = sizeof options;
  options.split = options.framing == PARTITA_FRAMING_HEADER ? split : NULL;
  options.decode = decode;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.drop = drop;
  options.share = share;
  return partita_pipeline_from_tcp(pipeline, &options, error_out);
}

partita_status partita_go_to_tcp(partita_pipeline pipeline, partita_tcp_sink_options options,
                                 uintptr_t host, partita_sink *sink_out, partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.encode = encode;
  return partita_pipeline_to_tcp(pipeline, &options, sink_out, error_out);
}

partita_status partita_go_to_step(partita_pipeline pipeline, partita_step_options options,
                                  bool keyed, uintptr_t host, partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.keys = keyed ? keys : NULL;
  options.chain = keyed ? chain : NULL;
  options.run = run;
  options.drop = drop;
  options.share = share;
  return partita_pipeline_to_state_partition(pipeline, &options, error_out);
}

partita_status partita_go_to(partita_pipeline pipeline, partita_computation_options options,
                             uintptr_t host, partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.chain = chain;
  options.drop = drop;
  options.share = share;
  return partita_pipeline_to(pipeline, &options, error_out);
}

partita_status partita_go_to_sink(partita_pipeline pipeline, partita_sink_options options,
                                  partita_go_taker taker, uintptr_t host, partita_sink *sink_out,
                                  partita_error *error_out) {
  options.size = sizeof options;
  options.host = (void *)host;
  options.drop_host = drop_host;
  options.deliver = taker == PARTITA_GO_FUNCTION ? deliver : NULL;
  options.answer = taker == PARTITA_GO_CALLERS ? answer : NULL;
  return partita_pipeline_to_sink(pipeline, &options, sink_out, error_out);
}

partita_status partita_go_run_worker(partita_app app, uint32_t index) {
  worker = (int32_t)index;
  partita_status status = partita_app_run_worker(app, index);
  worker = -1;
  return status;
}

partita_go_served partita_go_serve(partita_app app, uint32_t index, partita_status answer) {
  partita_served came = {.size = sizeof came};
  worker = (int32_t)index;
  partita_status status = partita_app_serve_turn(app, index, answer, &came);
  worker = -1;
  return (partita_go_served){status, (uintptr_t)taken_host, came.run, came.idle_ns};
}

partita_status partita_go_worker_lost(partita_app app, uint32_t index, const char *text,
                                      size_t len) {
  /* Its thread may live on, if it was no worker's but one that steps. */
  worker = -1;
  return partita_app_worker_lost(app, index, (partita_str){text, len});
}

partita_go_stepped partita_go_step(partita_app app, uint64_t budget) {
  partita_stepped stepped = {.size = sizeof stepped, .idle_ns = PARTITA_FOREVER};
  /* A worker of one application may step another. */
  int32_t mine = worker;
  worker = 0;
  partita_status status = partita_app_step(app, budget, &stepped);
  worker = mine;
  return (partita_go_stepped){status, stepped.turns, stepped.idle_ns};
}

void partita_go_stand_in(partita_app app) {
  awaiting = app;
}

partita_go_counted partita_go_send(partita_sender sender, const uint64_t *values,
                                   const uint64_t *word_keys, const partita_bytes *byte_keys,
                                   size_t len, size_t failed, const char *failure,
                                   size_t failure_len, partita_go_patience patience) {
  partita_batch batch = {.size = sizeof batch,
                         .len = len,
                         .values = (const partita_value *)values,
                         .word_keys = word_keys,
                         .byte_keys = byte_keys,
                         .failed = failed,
                         .failure = {failure, failure_len}};
  partita_wait wait = waiting(patience);
  partita_go_counted sent = {0};
  sent.status = partita_send_batch(sender, &batch, &wait, &sent.count);
  return sent;
}

partita_go_tracked partita_go_admit(partita_sender sender, size_t wanted, const uint64_t *token,
                                    partita_go_patience patience) {
  partita_go_tracked admitted = {0};
  partita_admission admission = {.size = sizeof admission,
                                 .wanted = wanted,
                                 .tokens = token,
                                 .tokens_len = token != NULL,
                                 .position_out = &admitted.position};
  partita_wait wait = waiting(patience);
  admitted.status = partita_sender_admit(sender, &admission, &wait, &admitted.count);
  return admitted;
}

partita_go_counted partita_go_admit_keyed(partita_sender sender, const uint64_t *word_keys,
                                          size_t wanted, uint32_t *order,
                                          partita_go_patience patience) {
  partita_go_counted admitted = {0};
  partita_admission admission = {
      .size = sizeof admission, .wanted = wanted, .word_keys = word_keys, .order = order};
  partita_wait wait = waiting(patience);
  admitted.status = partita_sender_admit(sender, &admission, &wait, &admitted.count);
  return admitted;
}

partita_status partita_go_push_arranged(partita_sender sender, const uint64_t *values, size_t len) {
  partita_push push = {.size = sizeof push,
                       .done = len,
                       .len = len,
                       .values = (const partita_value *)values,
                       .arranged = 1};
  return partita_sender_push(sender, &push);
}

partita_status partita_go_push(partita_sender sender, const uint64_t *values, size_t len,
                               const uint64_t *word_keys, const partita_bytes *byte_keys,
                               const size_t *completed, const size_t *waiting, size_t steps,
                               partita_go_push_counts counts, const char *failure,
                               size_t failure_len) {
  partita_push push = {.size = sizeof push,
                       .done = counts.done,
                       .len = len,
                       .values = (const partita_value *)values,
                       .word_keys = word_keys,
                       .byte_keys = byte_keys,
                       .completed = completed,
                       .steps = steps,
                       .failed = counts.failed_step >= 0,
                       .failed_step = counts.failed_step >= 0 ? (uint32_t)counts.failed_step : 0,
                       .failed_value = {.word = counts.failed},
                       .failure = {failure, failure_len},
                       .waiting = waiting,
                       .given_up = counts.given_up,
                       .ends = counts.ends};
  return partita_sender_push(sender, &push);
}

partita_go_tracked partita_go_send_tracked(partita_sender sender, const uint64_t *values,
                                           const uint64_t *word_keys,
                                           const partita_bytes *byte_keys, size_t len,
                                           size_t failed, const char *failure, size_t failure_len,
                                           const uint64_t *tokens, size_t tokens_len,
                                           partita_go_patience patience) {
  partita_go_tracked sent = {0};
  partita_batch batch = {.size = sizeof batch,
                         .len = len,
                         .values = (const partita_value *)values,
                         .word_keys = word_keys,
                         .byte_keys = byte_keys,
                         .failed = failed,
                         .failure = {failure, failure_len},
                         .tokens = tokens,
                         .tokens_len = tokens_len,
                         .position_out = &sent.position};
  partita_wait wait = waiting(patience);
  sent.status = partita_send_batch(sender, &batch, &wait, &sent.count);
  return sent;
}

partita_go_tracked partita_go_watermark(partita_pipeline pipeline, uint64_t position,
                                        partita_go_patience patience) {
  partita_wait wait = waiting(patience);
  partita_go_tracked reached = {0};
  reached.status = partita_pipeline_watermark(pipeline, position, &wait, &reached.position);
  return reached;
}

partita_go_counted partita_go_poll(partita_sink sink, uint64_t *values, size_t capacity,
                                   partita_go_patience patience) {
  partita_wait wait = waiting(patience);
  partita_go_counted polled = {0};
  polled.status =
      partita_sink_poll(sink, (partita_value *)values, capacity, &wait, &polled.count);
  return polled;
}

partita_go_counted partita_go_read(partita_reader reader, size_t capacity, uint64_t *word_keys,
                                   partita_bytes *byte_keys, uint64_t *states) {
  partita_parts parts = {.size = sizeof parts,
                         .capacity = capacity,
                         .word_keys = word_keys,
                         .byte_keys = byte_keys,
                         .states = (partita_value *)states};
  partita_go_counted read = {0};
  read.status = partita_reader_next(reader, &parts, &read.count);
  return read;
}

partita_status partita_go_wait(partita_app app, partita_go_patience patience,
                               partita_error *error_out) {
  partita_wait wait = waiting(patience);
  return partita_app_wait(app, &wait, error_out);
}

partita_status partita_go_drain(partita_app app, partita_go_patience patience,
                                partita_error *error_out) {
  partita_wait wait = waiting(patience);
  return partita_app_drain(app, &wait, error_out);
}

partita_status partita_go_close(partita_app app, partita_go_patience patience,
                                partita_error *error_out) {
  if (app.id == awaiting.id)
    return PARTITA_WOULD_DEADLOCK;
  partita_wait wait = waiting(patience);
  /* To close may call back, and a worker of one application may close another. */
  int32_t mine = worker;
  worker = -1;
  partita_status status = partita_app_close(app, &wait, error_out);
  worker = mine;
  return status;
}
