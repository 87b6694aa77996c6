/*
 * Partita: state partitioning for C programs.
 *
 *     data --partition function--> key --engine--> that key's state part --computation--> outputs
 *
 * A program declares an application: state partitions, and pipelines of a source, computations
 * with a state or without, and sinks or none. The engine runs the parts of the state in parallel, one message
 * at a time for each key, in order, and keeps them safe. This page gives the rules; every item
 * below says what is particular to it.
 *
 * This file is generated (make header). Do not edit it.
 *
 * A PROGRAM
 *   cc program.c $(pkg-config --cflags --libs partita)
 *   (all checks left out; a state is one int of the engine's memory, a message is a word)
 *
 *     static uint64_t key(void *host, partita_value data) { return data.word % 10; }
 *     static int32_t count(void *host, partita_value data, partita_value state,
 *                          partita_emitter *emitter) {
 *         ++*(int *)state.ptr;
 *         return PARTITA_CHANGED;
 *     }
 *
 *     partita_app_options app_options = {.size = sizeof app_options, .name = PARTITA_STR("digits")};
 *     partita_partition_options counts = {.size = sizeof counts, .name = PARTITA_STR("counts"),
 *                                         .state_size = sizeof(int)};
 *     partita_source_options source = {.size = sizeof source};
 *     partita_step_options step = {.size = sizeof step, .name = PARTITA_STR("count"),
 *                                  .partition = PARTITA_STR("counts"),
 *                                  .word_key = key, .compute = count};
 *     partita_app_new(&app_options, &app, NULL);
 *     partita_app_add_partition(app, &counts, NULL);
 *     partita_app_add_pipeline(app, (partita_str)PARTITA_STR("numbers"), &pipeline, NULL);
 *     partita_pipeline_from_source(pipeline, &source, NULL);
 *     partita_pipeline_to_state_partition(pipeline, &step, NULL);
 *     partita_pipeline_done(pipeline, NULL);
 *     partita_app_start(app, NULL);
 *     partita_sender_new(pipeline, &sender, NULL);
 *     partita_send(sender, values, len, NULL, &accepted);
 *     partita_app_drain(app, NULL, NULL);
 *     (partita_reader_new, partita_reader_next, partita_reader_free: read the counts)
 *     partita_app_close(app, NULL, NULL);
 *     partita_app_free(app);
 *
 * VALUES AND WHO OWNS THEM
 *   Messages and states are the host's objects; the engine holds each as one word (partita_value)
 *   and never looks inside, copies or frees it. Every value that the engine accepts is handed back
 *   exactly once: to a callback that consumes it (a computation, a sink, the dead-letter handler),
 *   to a poll, or to `drop`; an output that goes to several sinks, once to each (`share` announces
 *   it). A call that is refused changes nothing: what was refused is still the caller's.
 *   Arrays and strings passed to a call are borrowed for that call, unless it says otherwise.
 *
 * WHAT IS PROMISED
 *   No two threads see the same state part at once. Messages of one key from one sender through
 *   one pipeline are computed in the order sent, at every later step that keeps the key and is not
 *   behind a parallel one. Memory is bounded by the credits of each source. Nothing is dropped
 *   silently: it is counted, and handed to the dead-letter handler if there is one.
 *
 * COMPLETIONS
 *   A batch, or each message of one, can be sent with a token (partita_batch). When nothing that
 *   descends from it is left (outputs delivered, dropped or dead), the host is told so exactly once,
 *   with the number of dead messages: by the callback `completed`, or, without one, to whoever polls
 *   (partita_app_poll_completions). That is so also when the application fails or closes: after close
 *   every completion is told of, or waits to be polled. partita_pipeline_watermark tells up to where all
 *   is done, for brokers that are acknowledged in order. A completion holds no credit; the memory for
 *   those that are not polled grows with what is sent.
 *   A sink with `answer` gets messages together with the token of what they descend from: so a host
 *   answers whoever sent a request.
 *
 * BUFFERS
 *   A batch costs little more than a message. Threads that send one message at a time put them into a
 *   buffer (partita_buffer_send), which sends them on together: when it is full, when its time has come,
 *   and whenever nothing else is under way, so that a lone message is not delayed.
 *
 * STREAMS OVER TCP
 *   A source can listen (partita_pipeline_from_tcp) and a sink can connect (partita_pipeline_to_tcp). All
 *   sockets of an application are run by one thread more, the last that partita_app_thread_count counts,
 *   on which frames are cut and decoded, and messages encoded; what the pipeline begins with is run by
 *   workers. Clients are not read while credits are used up. A message is in flight until its bytes are the
 *   system's. Needs threads: not with PARTITA_THREADS_NONE or PARTITA_THREADS_STEPPED.
 *
 * HANDLES
 *   A handle is a number in a struct. Zero, stale and foreign handles are answered with
 *   PARTITA_INVALID_HANDLE, never with a crash. Any thread may use a handle, also while another
 *   closes it, except where "one thread at a time" is said (senders, readers).
 *
 * ERRORS
 *   Calls answer a status: PARTITA_OK is 0. Those that have an `error_out` also give an error
 *   object with every mistake and its path whenever they do not answer PARTITA_OK; it must then be
 *   freed. (It is zero where none can be had: after PARTITA_FORKED and PARTITA_INTERNAL.)
 *   `error_out` may be NULL, and is only written on failure.
 *   partita_error_text writes an error object as text. Results go to parameters named `..._out`,
 *   which are only written on success.
 *
 * NULL
 *   is allowed only where it is said ("NULL or writable"). Elsewhere it is answered with
 *   PARTITA_INVALID_ARGUMENT.
 *
 * STRUCTS THAT MAY GROW
 *   begin with their own size: set it, and zero all that you do not use: zero is the default. A
 *   program built with an older header runs with a newer library. A struct that is larger than
 *   the library knows is accepted if what is beyond is zero, else PARTITA_UNSUPPORTED.
 *
 * VERSIONS
 *   A program runs with every later library of the same PARTITA_ABI, which is the number that the name
 *   of the shared library ends with. What came after 0.1 says since when. Which library it is tell
 *   partita_version and partita_abi.
 *
 * CALLBACKS
 *   come with a `host` pointer that is passed back to them, and a `drop_host` that is called exactly
 *   once. They are made on worker threads, or on the thread that calls in; each says which. They
 *   may call what says "also in callbacks", and must not wait for the application: such calls
 *   answer PARTITA_WOULD_DEADLOCK. They must return normally: no longjmp, no C++ exception. No
 *   engine lock is held while a callback runs. What a callback is given is borrowed for the call.
 *   Callbacks that take many items say in `done` how many they completed, from the first one on.
 *
 * THREADS
 *   Threads that the engine starts block all signals, are named "partita-N" ("partita-io" for
 *   sockets), and are joined by close. An idle application uses no processor time. What a callback
 *   did happened before a drain, close, poll or reader that follows it returns. A program that exits
 *   while an application runs ends its workers wherever they are.
 *   An application may also have no thread at all (PARTITA_THREADS_NONE): then it runs inside
 *   partita_app_step, and inside calls that wait for something of it.
 *
 * PANICS
 *   A defect inside the engine does not take the process down: the call answers
 *   PARTITA_INTERNAL, and the application it happened in fails.
 *
 * FORK
 *   After fork, once the library was used, every call in the child answers PARTITA_FORKED, but
 *   for partita_version, partita_abi and the functions that name a number, which work, and
 *   partita_emit, which must not be called.
 *
 * MEMORY
 *   Memory whose size somebody names may be refused: more outputs than fit are PARTITA_INVALID_ARGUMENT, a
 *   message dies whose state (`state_size`) or encoded bytes have no room, and a client is disconnected whose frame
 *   has none. So is a thread: PARTITA_THREAD. When other memory cannot be had, which is the engine's own, or that
 *   of keys and texts, the process is aborted.
 */

#ifndef PARTITA_H
#define PARTITA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/**
 * The version of this header.
 */
#define PARTITA_VERSION "0.2.0"

/**
 * A string literal as a `partita_str`, for an initializer.
 */
#define PARTITA_STR(literal) {(literal), sizeof(literal) - 1}

/**
 * For `partita_tcp_source_options.framing`: a length of four bytes, big-endian, and so many bytes (the
 * default). A length of 0 is an empty frame.
 */
#define PARTITA_FRAMING_LENGTH 0

/**
 * For `partita_tcp_source_options.framing`: bytes up to a newline. The frame has neither it nor a
 * carriage return right before it. Bytes behind the last newline are no frame.
 */
#define PARTITA_FRAMING_LINES 1

/**
 * For `partita_tcp_source_options.framing`: `frame_size` bytes each.
 */
#define PARTITA_FRAMING_FIXED 2

/**
 * For `partita_tcp_source_options.framing`: `header_length` bytes, of which `payload_length` or `split`
 * knows how many follow. The frame is what follows.
 */
#define PARTITA_FRAMING_HEADER 3

/**
 * For `partita_decode.filtered`: the frame is no message. It is counted.
 */
#define PARTITA_FILTERED_FRAME 1

/**
 * The longest frame that can be allowed: 1 GiB.
 */
#define PARTITA_FRAME_MAX (1 << 30)

/**
 * For `partita_log_record.level`: nothing is wrong.
 */
#define PARTITA_LOG_INFO 0

/**
 * For `partita_log_record.level`: something went wrong outside, and the engine goes on.
 */
#define PARTITA_LOG_WARNING 1

/**
 * For `partita_log_record.level`: something is lost.
 */
#define PARTITA_LOG_ERROR 2

/**
 * For `partita_wait.timeout_ns`: as long as it takes.
 */
#define PARTITA_FOREVER (-1)

/**
 * For `partita_app_options.threads`: the engine starts the workers' threads (the default).
 */
#define PARTITA_THREADS_ENGINE 0

/**
 * For `partita_app_options.threads`: the host's threads enter `partita_app_run_worker`.
 */
#define PARTITA_THREADS_HOST 1

/**
 * For `partita_app_options.threads`: there are none. Everything is run by the thread that calls
 * `partita_app_step`, as an event loop does, or that waits for something of the application.
 */
#define PARTITA_THREADS_NONE 2

/**
 * For `partita_app_options.threads`: there are none, as with `PARTITA_THREADS_NONE`; what runs next,
 * and how many messages of it together, is chosen at random from `seed`, and the clock stands still
 * but for `partita_app_advance`. For tests: a seed is one interleaving, and the same one each time.
 */
#define PARTITA_THREADS_STEPPED 3

/**
 * For `partita_partition_options.key_kind`: keys are 64-bit words.
 */
#define PARTITA_KEY_WORD 0

/**
 * For `partita_partition_options.key_kind`: keys are bytes, kept and compared exactly.
 */
#define PARTITA_KEY_BYTES 1

/**
 * For `partita_partition_options.key_kind`: there is one part only, and no key.
 */
#define PARTITA_KEY_SINGLE 2

/**
 * For `partita_run.kind`: messages to compute. Any other kind is answered `PARTITA_UNSUPPORTED`.
 */
#define PARTITA_RUN_DATA 0

/**
 * A flag of a message: it changed its state part.
 */
#define PARTITA_CHANGED 1

/**
 * A flag of a message: its state part is to be deleted. The message must be the last one of its
 * run that is done; a later message of the key finds a new part (or, with declared keys, none).
 */
#define PARTITA_DELETE 2

/**
 * For `partita_compute_fn`: the message could not be processed.
 */
#define PARTITA_COMPUTE_FAILED (-1)

/**
 * For `policy`: the application fails (the default). Intake ends, the message becomes a dead
 * letter, what is queued is dropped and counted, and `partita_app_wait` answers the failure.
 */
#define PARTITA_POLICY_STOP 0

/**
 * For `policy`: the message becomes a dead letter and the application goes on. The state part
 * keeps what the failed call did to it.
 */
#define PARTITA_POLICY_SKIP 1

/**
 * For `policy` of a step: the message becomes a dead letter, its key gets a freshly built state,
 * and the application goes on (only with a state). The old state is handed to `drop_state`. If the new one cannot be
 * built, the application fails. Failures of the partition function, and of building a state on
 * first use, are skipped.
 */
#define PARTITA_POLICY_RESET 2

/**
 * For `policy` of a step: the message becomes a dead letter, its key is put in quarantine, and the
 * application goes on. Until the key is released (`partita_quarantine_release`) every later message
 * of it becomes a dead letter (`PARTITA_DEAD_QUARANTINED`), at every step that uses the partition and
 * whatever that step's policy: the state may be damaged. It is kept as the failed call left it.
 * Failures of the partition function are skipped.
 */
#define PARTITA_POLICY_QUARANTINE 3

/**
 * For `retries`: the most.
 */
#define PARTITA_RETRIES_MAX 1000000

/**
 * For `retry_pause_ns`: the longest pause, a day.
 */
#define PARTITA_RETRY_PAUSE_MAX_NS 86400000000000

/**
 * Why a message died: its key was not declared.
 */
#define PARTITA_DEAD_UNKNOWN_KEY 0

/**
 * Why a message died: the partition function failed on it.
 */
#define PARTITA_DEAD_PARTITION 1

/**
 * Why a message died: the state of its key could not be built.
 */
#define PARTITA_DEAD_BUILD 2

/**
 * Why a message died: the computation failed on it.
 */
#define PARTITA_DEAD_COMPUTE 3

/**
 * Why a message died: a sink failed on it.
 */
#define PARTITA_DEAD_SINK 4

/**
 * Why a message died: it was queued when the application failed.
 */
#define PARTITA_DEAD_FAILED 5

/**
 * Why a message died: it was queued when the application was closed.
 */
#define PARTITA_DEAD_CLOSED 6

/**
 * Why a message died: its key is in quarantine.
 */
#define PARTITA_DEAD_QUARANTINED 7

/**
 * Why a message died: it is a frame of a source that could not be decoded.
 */
#define PARTITA_DEAD_DECODE 8

/**
 * How many reasons there are; a newer library may know more.
 */
#define PARTITA_DEAD_REASONS 9

/**
 * How many reasons counters have room for; those that are none are zero.
 */
#define PARTITA_DEAD_ROOM 16

/**
 * For `partita_app_describe`: lines for people.
 */
#define PARTITA_DESCRIBE_TEXT 0

/**
 * For `partita_app_describe`: one JSON object, on one line.
 */
#define PARTITA_DESCRIBE_JSON 1

/**
 * For `partita_app_describe`: a Mermaid flowchart.
 */
#define PARTITA_DESCRIBE_MERMAID 2

/**
 * For `partita_stage_metrics.kind`: a source.
 */
#define PARTITA_STAGE_SOURCE 0

/**
 * For `partita_stage_metrics.kind`: a step.
 */
#define PARTITA_STAGE_STEP 1

/**
 * For `partita_stage_metrics.kind`: a sink.
 */
#define PARTITA_STAGE_SINK 2

/**
 * Changes when a program built with an older header can no longer run with this library.
 */
#define PARTITA_ABI 1

/**
 * Takes the outputs of one message; see `partita_emit`.
 */
typedef struct partita_emitter partita_emitter;

/**
 * What a call answers. Zero is success; every other number keeps its meaning for good.
 */
typedef int32_t partita_status;

/**
 * Text: `len` bytes of UTF-8, not terminated. Borrowed for the call it is passed to; `ptr` may
 * be NULL if `len` is 0.
 */
typedef struct partita_str {
  /**
   * The first byte.
   */
  const char *ptr;
  /**
   * How many bytes.
   */
  size_t len;
} partita_str;

/**
 * Called exactly once when the engine needs `host` no more, also when the declaration that
 * carried it was refused for what it says (NULL members, mistakes found by the check). Any
 * thread. It is not called if the call answers `PARTITA_INVALID_HANDLE`, `PARTITA_FORKED` or
 * cannot read the struct at all (NULL, impossible `size`).
 */
typedef void (*partita_drop_host_fn)(void *host);

/**
 * One host object, as the engine holds it: a pointer or any 64-bit word. The engine never looks
 * inside.
 */
typedef union partita_value {
  /**
   * The value as a pointer.
   */
  void *ptr;
  /**
   * The value as a word.
   */
  uint64_t word;
} partita_value;

/**
 * Any bytes: a key, kept and compared exactly. `ptr` may be NULL if `len` is 0.
 */
typedef struct partita_bytes {
  /**
   * The first byte.
   */
  const uint8_t *ptr;
  /**
   * How many bytes.
   */
  size_t len;
} partita_bytes;

/**
 * One message that could not be processed. Messages that die queued (reasons
 * `PARTITA_DEAD_FAILED` and `PARTITA_DEAD_CLOSED`) are counted and dropped, and do not come here.
 */
typedef struct partita_dead_letter {
  /**
   * The message; the host's. It is what the stage was to take: for the first step a message of
   * the source, for another an output of the step before.
   */
  union partita_value value;
  /**
   * Why it died; `partita_dead_reason_name` names it.
   */
  uint32_t reason;
  /**
   * 1 if `word_key` or `byte_key` is its key at this step, 0 if it has none.
   */
  uint32_t has_key;
  /**
   * Its key, if a word.
   */
  uint64_t word_key;
  /**
   * Its key, if bytes; else NULL.
   */
  struct partita_bytes byte_key;
  /**
   * Where it died: the number of the stage, as for `partita_app_stage`.
   */
  uint64_t stage;
  /**
   * Where it died, as in `application "x" / pipeline "y" / step 2 "z"`.
   */
  struct partita_str path;
  /**
   * What the callback said of it; may be empty.
   */
  struct partita_str text;
  /**
   * With `PARTITA_DEAD_DECODE`: the frame, and `value` is none; else NULL.
   */
  struct partita_bytes frame;
} partita_dead_letter;

/**
 * Room that the engine lends to a callback for the reason of a failure: up to `capacity` bytes
 * of UTF-8 are written to `text` and counted in `len`. The engine copies it after the call.
 */
typedef struct partita_failure {
  /**
   * Where to write the reason.
   */
  char *text;
  /**
   * How many bytes fit.
   */
  size_t capacity;
  /**
   * How many bytes the callback wrote; 0 on entry.
   */
  size_t len;
} partita_failure;

/**
 * Dead letters, in the order they died. All that is pointed to is borrowed for the call.
 */
typedef struct partita_dead_letters {
  /**
   * The engine's `sizeof(partita_dead_letters)`.
   */
  size_t size;
  /**
   * How many letters.
   */
  size_t len;
  /**
   * The letters; as many bytes apart as `letter_size` says.
   */
  const struct partita_dead_letter *letters;
  /**
   * The engine's `sizeof(partita_dead_letter)`.
   */
  size_t letter_size;
  /**
   * How many are done, from the first one on; 0 on entry. Only looked at when the call fails:
   * the application then fails, the letter at `done` is handed to the `drop` of the source or
   * step that made it, and the rest comes again.
   */
  size_t done;
  /**
   * The reason, if the letter at `done` could not be handled.
   */
  struct partita_failure failure;
} partita_dead_letters;

/**
 * Takes dead letters: one call at a time. Answers `PARTITA_OK`. A worker's thread.
 */
typedef partita_status (*partita_dead_letters_fn)(void *host, struct partita_dead_letters *letters);

/**
 * Sleeps on the thread of this worker, or of a blocking step, until it is unparked (or was, since it
 * last slept), or `timeout_ns` is over, unless that is `PARTITA_FOREVER`. It may also return for no reason. It must
 * return, and calls nothing of the engine.
 */
typedef void (*partita_park_fn)(void *host, uint32_t worker, int64_t timeout_ns);

/**
 * Ends the sleep of this worker, or its next one; or tells who asked for it with a number of its own
 * (`partita_sender_watch`). Any thread; it must not wait, and calls nothing of the engine.
 */
typedef void (*partita_unpark_fn)(void *host, uint32_t worker);

/**
 * The time since some moment in the past, in nanoseconds; it never goes back. Called by whoever
 * steps or waits, with the `host` of the application's options; it calls nothing of the engine.
 */
typedef int64_t (*partita_now_fn)(void *host);

/**
 * What became of what was sent with a token: nothing that descends from it is left. Its outputs were
 * delivered or dropped, or it or they died.
 */
typedef struct partita_completion {
  /**
   * The token.
   */
  uint64_t token;
  /**
   * How many of the messages that descend from it, itself included, died.
   */
  uint64_t dead;
  /**
   * Why the first of them died; 0 if none did.
   */
  uint32_t reason;
  /**
   * What the callback said of the first of them; may be empty.
   */
  struct partita_str text;
} partita_completion;

/**
 * Completions, in the order they came about. All that is pointed to is borrowed for the call.
 */
typedef struct partita_completed {
  /**
   * The engine's `sizeof(partita_completed)`.
   */
  size_t size;
  /**
   * How many completions.
   */
  size_t len;
  /**
   * The completions; as many bytes apart as `completion_size` says.
   */
  const struct partita_completion *completions;
  /**
   * The engine's `sizeof(partita_completion)`.
   */
  size_t completion_size;
  /**
   * The reason, if the call fails.
   */
  struct partita_failure failure;
} partita_completed;

/**
 * Learns of completions, each exactly once, also when the application fails or closes: one call at a
 * time. Answers `PARTITA_OK`; if it fails, the application does. A worker's thread, or the one that
 * closes.
 */
typedef partita_status (*partita_completed_fn)(void *host, struct partita_completed *completed);

/**
 * Something that the engine has to say. All that is pointed to is borrowed for the call.
 */
typedef struct partita_log_record {
  /**
   * The engine's `sizeof(partita_log_record)`.
   */
  size_t size;
  /**
   * How grave it is: `PARTITA_LOG_INFO`, ...
   */
  uint32_t level;
  /**
   * Where, as in `application "x" / pipeline "y" / source`.
   */
  struct partita_str path;
  /**
   * What happened.
   */
  struct partita_str text;
  /**
   * How many records were left out since the one before: there are at most ten a second.
   */
  uint64_t left_out;
} partita_log_record;

/**
 * Takes note of what happens: one call at a time, on the thread of the sockets. It is not to wait.
 */
typedef void (*partita_log_fn)(void *host, const struct partita_log_record *record);

/**
 * What `partita_app_new` is told. Zero means default in every field but `size` and `name`.
 */
typedef struct partita_app_options {
  /**
   * `sizeof(partita_app_options)`.
   */
  size_t size;
  /**
   * The application's name, used in paths. Not empty.
   */
  struct partita_str name;
  /**
   * How many workers, at most 1,024 (the check refuses more); the default is one for each
   * processor. Threads of blocking steps come on top. Without threads it says into how many pieces
   * the work is cut; the default is 1, and 16 with `PARTITA_THREADS_STEPPED`.
   */
  uint32_t workers;
  /**
   * Whose threads run it: `PARTITA_THREADS_ENGINE`, `PARTITA_THREADS_HOST`,
   * `PARTITA_THREADS_NONE` or `PARTITA_THREADS_STEPPED`.
   */
  uint32_t threads;
  /**
   * How many classes the keys of each partition are sorted into, fixed for good for stored
   * state; the default is 4,096, the least 2, the most 65,536.
   */
  uint32_t key_groups;
  /**
   * How many messages at most are handed to a callback together; the default is 1,024, the
   * most 65,536.
   */
  uint32_t run_length;
  /**
   * The stack of a thread that the engine starts, in bytes; the default is 2 MiB.
   */
  size_t stack_size;
  /**
   * Passed to `dead_letters`.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Gets every message that the application could not process, also the one that made it fail.
   * NULL: such messages are counted and handed to the `drop` of the source or step that made
   * them.
   */
  partita_dead_letters_fn dead_letters;
  /**
   * With `PARTITA_THREADS_HOST`: how a worker sleeps when there is nothing to do, for hosts whose
   * threads should not sleep inside the engine. NULL: in the engine's own way. Not called where a worker sleeps
   * outside: see `partita_app_serve_turn`.
   */
  partita_park_fn park;
  /**
   * Ends the sleep of a worker, or tells a sender of room (`partita_sender_watch`). Set if `park` is.
   */
  partita_unpark_fn unpark;
  /**
   * With `PARTITA_THREADS_NONE`: tells the time. NULL: the system's clock.
   */
  partita_now_fn now;
  /**
   * With `PARTITA_THREADS_STEPPED`: which interleaving; else 0.
   */
  uint64_t seed;
  /**
   * Learns what became of batches that were sent with tokens. NULL: completions are polled with
   * `partita_app_poll_completions`. It gets `host`.
   */
  partita_completed_fn completed;
  /**
   * Takes note of what happens at sockets. NULL: nobody does. It gets `host`.
   */
  partita_log_fn log;
} partita_app_options;

/**
 * An application: what a program declares, starts, feeds and stops.
 * From `partita_app_new` to `partita_app_free`. Any thread.
 */
typedef struct partita_app {
  /**
   * Zero is no application.
   */
  uint64_t id;
} partita_app;

/**
 * Why a call failed: one or more mistakes, each with a code, a message and a path.
 * From the call that failed to `partita_error_free`. Any thread.
 */
typedef struct partita_error {
  /**
   * Zero is no error.
   */
  uint64_t id;
} partita_error;

/**
 * A request to build the state of new keys.
 */
typedef struct partita_build {
  /**
   * The engine's `sizeof(partita_build)`.
   */
  size_t size;
  /**
   * How many states to build.
   */
  size_t len;
  /**
   * The keys, if they are words, else NULL.
   */
  const uint64_t *word_keys;
  /**
   * The keys, if they are bytes, else NULL.
   */
  const struct partita_bytes *byte_keys;
  /**
   * Where to write the states: `len` of them.
   */
  union partita_value *states;
  /**
   * How many states were built, from the first one on; 0 on entry.
   */
  size_t done;
  /**
   * The reason, if building the state at `done` failed.
   */
  struct partita_failure failure;
} partita_build;

/**
 * Builds the states of new keys, in batches. Answers `PARTITA_OK` with `done == len`, or
 * `PARTITA_FAILED` if the state at `done` could not be built: its message becomes a dead letter
 * and the engine asks again for the rest. Worker threads, also several at once.
 */
typedef partita_status (*partita_build_fn)(void *host, struct partita_build *build);

/**
 * Takes back values that the engine holds and no callback will get: each is the host's again.
 * Any thread, also several at once.
 */
typedef void (*partita_drop_fn)(void *host, const union partita_value *values, size_t len);

/**
 * Sets up the engine-owned memory of one new state. It is zeroed and aligned. Answers
 * `PARTITA_OK`, or any other status if that failed. Worker threads, also several at once.
 */
typedef partita_status (*partita_state_init_fn)(void *host, void *state);

/**
 * Releases what is inside one engine-owned state; the memory itself is the engine's. Any thread,
 * also several at once, each for another state.
 */
typedef void (*partita_state_drop_fn)(void *host, void *state);

/**
 * A state partition: a named set of state parts. Its states are either the host's (`build`, and
 * `drop_state` if they need to be released) or memory that the engine owns (`state_size`).
 */
typedef struct partita_partition_options {
  /**
   * `sizeof(partita_partition_options)`.
   */
  size_t size;
  /**
   * The partition's name. Not empty; one of its kind in the application.
   */
  struct partita_str name;
  /**
   * What its keys are: `PARTITA_KEY_WORD`, `PARTITA_KEY_BYTES` or `PARTITA_KEY_SINGLE`.
   */
  uint32_t key_kind;
  /**
   * 1: only the keys listed exist, each once, and a message of any other key is a dead letter.
   * Their states are built by the workers before the first message; if one cannot be, the
   * application fails. 0: the state of a key is built when its first message comes. A single
   * part is built at the start, in either case.
   */
  uint32_t declared;
  /**
   * The declared keys, if they are words.
   */
  const uint64_t *word_keys;
  /**
   * The declared keys, if they are bytes.
   */
  const struct partita_bytes *byte_keys;
  /**
   * How many keys are declared.
   */
  size_t keys_len;
  /**
   * Passed to the callbacks below.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Builds states that are the host's own; NULL with `state_size`.
   */
  partita_build_fn build;
  /**
   * Takes back states made by `build`. May be NULL.
   */
  partita_drop_fn drop_state;
  /**
   * The size in bytes of a state that the engine owns; 0 with `build`. Wherever a state is
   * passed, it is then `ptr`, the address of that memory, which stays the same until
   * `state_drop`.
   */
  size_t state_size;
  /**
   * Its alignment, a power of two; the default is that of `max_align_t`.
   */
  size_t state_align;
  /**
   * Sets up a new engine-owned state. NULL: zeroed memory will do.
   */
  partita_state_init_fn state_init;
  /**
   * Releases what is inside an engine-owned state. May be NULL.
   */
  partita_state_drop_fn state_drop;
} partita_partition_options;

/**
 * A pipeline of an application: a source, then computations in order, then sinks or none.
 * Owned by its application and gone with it. Any thread.
 */
typedef struct partita_pipeline {
  /**
   * Zero is no pipeline.
   */
  uint64_t id;
} partita_pipeline;

/**
 * One output of a run: a message that follows from the message at index `from`.
 */
typedef struct partita_output {
  /**
   * The new message. It may be the value of the message it follows from.
   */
  union partita_value value;
  /**
   * The index of that message in the run. Outputs are written in ascending order of it.
   */
  uint64_t from;
} partita_output;

/**
 * Messages of one step, for keys that no other thread has at the same time, in order.
 */
typedef struct partita_run {
  /**
   * The engine's `sizeof(partita_run)`.
   */
  size_t size;
  /**
   * What kind of run: `PARTITA_RUN_DATA`.
   */
  uint32_t kind;
  /**
   * Which step, counted from 0 within its pipeline.
   */
  uint32_t step;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages. Those that are done are the host's.
   */
  const union partita_value *values;
  /**
   * The state part of each message: the same word for the same key.
   */
  const union partita_value *states;
  /**
   * The keys, if they are words, else NULL.
   */
  const uint64_t *word_keys;
  /**
   * The keys, if they are bytes, else NULL.
   */
  const struct partita_bytes *byte_keys;
  /**
   * Reserved: NULL.
   */
  const int64_t *times;
  /**
   * Where to write the outputs.
   */
  struct partita_output *outputs;
  /**
   * How many outputs fit. At least `len` on entry; `partita_run_reserve` makes it more.
   */
  size_t outputs_capacity;
  /**
   * How many outputs were written, all of messages that are done; 0 on entry.
   */
  size_t outputs_len;
  /**
   * Where to write the flags of each message; 0 on entry.
   */
  uint8_t *flags;
  /**
   * How many messages are done, from the first one on; 0 on entry. It may be fewer than `len`:
   * the rest comes again, first of all.
   */
  size_t done;
  /**
   * The reason, if the message at `done` failed.
   */
  struct partita_failure failure;
  /**
   * The engine's own.
   */
  void *engine;
  /**
   * Not 0: the callback may answer `PARTITA_LATER`; see `partita_app_serve`.
   */
  uint32_t later;
} partita_run;

/**
 * What `partita_app_serve_turn` came out with; since 0.2.
 */
typedef struct partita_served {
  /**
   * `sizeof(partita_served)`; set by the caller.
   */
  size_t size;
  /**
   * A run to compute, or NULL.
   */
  struct partita_run *run;
  /**
   * Without a run: how long the worker may sleep at most, in nanoseconds, or `PARTITA_FOREVER`.
   */
  int64_t idle_ns;
} partita_served;

/**
 * A means to end a wait from another thread.
 * From `partita_cancel_new` to `partita_cancel_free`. Any thread.
 */
typedef struct partita_cancel {
  /**
   * Zero is "cannot be cancelled".
   */
  uint64_t id;
} partita_cancel;

/**
 * How long a call may wait. NULL instead of a `partita_wait` means: as long as it takes.
 */
typedef struct partita_wait {
  /**
   * `sizeof(partita_wait)`.
   */
  size_t size;
  /**
   * The longest wait in nanoseconds; 0 means not to wait (`PARTITA_WOULD_BLOCK`), and
   * `PARTITA_FOREVER` as long as it takes.
   */
  int64_t timeout_ns;
  /**
   * Ends the wait when fired (`PARTITA_CANCELLED`); zero for none.
   */
  struct partita_cancel cancel;
} partita_wait;

/**
 * Counters of an application since its start. Each is exact when nothing is in flight, and then they
 * add up: what a source or a step emitted, the next step has completed, or it is among that one's dead;
 * what the last step emitted, the sinks have in equal shares, or it was discarded. So what all sources
 * emitted (their `partita_stage_metrics.emitted`) and `emitted` are together `computed`, `delivered`,
 * `discarded` and the sum of `dead`.
 */
typedef struct partita_metrics {
  /**
   * `sizeof(partita_metrics)`; set by the caller.
   */
  size_t size;
  /**
   * Messages that sources accepted.
   */
  uint64_t sent;
  /**
   * Messages that computations completed.
   */
  uint64_t computed;
  /**
   * Outputs of computations, counted once for each sink that takes them.
   */
  uint64_t emitted;
  /**
   * Messages that sinks took.
   */
  uint64_t delivered;
  /**
   * Outputs of the last step of pipelines without a sink: handed to `drop`.
   */
  uint64_t discarded;
  /**
   * Dead messages by reason (`PARTITA_DEAD_…`).
   */
  uint64_t dead[PARTITA_DEAD_ROOM];
  /**
   * Messages in flight now, unread outputs and unhandled dead letters included.
   */
  uint64_t in_flight;
  /**
   * Values the engine holds now: messages and states. 0 after close.
   */
  uint64_t values_held;
  /**
   * State parts now.
   */
  uint64_t parts;
  /**
   * How many stages `partita_app_stage` knows.
   */
  uint64_t stages;
  /**
   * Keys in quarantine now.
   */
  uint64_t quarantined;
} partita_metrics;

/**
 * Counters of one stage: a source, a step or a sink.
 */
typedef struct partita_stage_metrics {
  /**
   * `sizeof(partita_stage_metrics)`; set by the caller.
   */
  size_t size;
  /**
   * What it is: `PARTITA_STAGE_…`.
   */
  uint32_t kind;
  /**
   * Where it is; lives as long as the application.
   */
  struct partita_str path;
  /**
   * Messages that it completed: sent, computed or delivered.
   */
  uint64_t completed;
  /**
   * Messages that it passed on, counted once for each sink that takes them.
   */
  uint64_t emitted;
  /**
   * Messages that died on their way into it or in it, by reason.
   */
  uint64_t dead[PARTITA_DEAD_ROOM];
} partita_stage_metrics;

/**
 * When a buffer sends on what is in it, besides whenever nothing else of its pipeline is under way.
 */
typedef struct partita_buffer_options {
  /**
   * `sizeof(partita_buffer_options)`.
   */
  size_t size;
  /**
   * How many messages fill it; the default is 256. It is also emptied when a message finds no
   * credit.
   */
  uint64_t messages;
  /**
   * How long the first message in it waits at most, in nanoseconds, while others are under way; the
   * default is a millisecond, and with `PARTITA_FOREVER` it waits as long as they are.
   */
  int64_t flush_ns;
} partita_buffer_options;

/**
 * A handle through which any number of threads send into one pipeline, one message at a time or many,
 * which go on together. From `partita_buffer_new` to `partita_buffer_free` or the end of its
 * application.
 */
typedef struct partita_buffer {
  /**
   * Zero is no buffer.
   */
  uint64_t id;
} partita_buffer;

/**
 * Messages of stateless steps next to each other: those with the same `partita_chain_fn` are run in one
 * call, depth first. All that is pointed to is the engine's and lent for the call.
 *
 * The call writes what has come through all of the steps to `outputs`, in order, and how many messages
 * each step completed to `completed`. It may stop between any two messages at any two steps: then what
 * is on its way is written to `outputs` as well, the furthest first, and counted in `waiting`.
 */
typedef struct partita_chain {
  /**
   * The engine's `sizeof(partita_chain)`.
   */
  size_t size;
  /**
   * The first of the steps, counted from 0 within its pipeline.
   */
  uint32_t step;
  /**
   * How many steps.
   */
  uint32_t steps;
  /**
   * The `host` of each step; if keys may be written, that of the step behind them comes last.
   */
  void *const *hosts;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages, which wait for the first step. Those that are done are the host's.
   */
  const union partita_value *values;
  /**
   * Where to write outputs. `from` is the index of the message that an output descends from.
   */
  struct partita_output *outputs;
  /**
   * How many outputs fit; `partita_chain_reserve` makes room for more.
   */
  size_t outputs_capacity;
  /**
   * How many outputs were written; 0 on entry. They are those of the messages that are done.
   */
  size_t outputs_len;
  /**
   * For each step but the first, how many outputs still wait for it; 0 on entry. Those that wait
   * for the second step are the last outputs, those for the third come before them, and so on. In
   * all there are as many as are not through.
   */
  size_t *waiting;
  /**
   * For each step, how many messages it completed; 0 on entry. What the first step completed are
   * the messages that are done, from the first one on.
   */
  size_t *completed;
  /**
   * Where to write the keys of outputs that are through, if they may be found here and are words,
   * else NULL: for the step behind, which has the same `partita_chain_fn`.
   */
  uint64_t *word_keys;
  /**
   * The same if keys are bytes, else NULL; see `partita_keys.bytes`.
   */
  struct partita_bytes *byte_keys;
  /**
   * Memory the engine lends for the bytes of keys.
   */
  uint8_t *scratch;
  /**
   * How many bytes `scratch` has.
   */
  size_t scratch_len;
  /**
   * For how many outputs a key was written, from the first one on; 0 on entry. For the others the
   * partition function is asked.
   */
  size_t keys_len;
  /**
   * What failed, if `failed_step` is not 0.
   */
  union partita_value failed;
  /**
   * At which step, 0 for the first one, a message failed; 0 on entry. At the first step that is the
   * message that is not done. `steps` if no key was found for one that is through.
   */
  uint32_t failed_step;
  /**
   * The index of the message that it descends from, which is done, if `failed_step` is not 0.
   */
  uint32_t failed_from;
  /**
   * The reason, if a message failed.
   */
  struct partita_failure failure;
  /**
   * The engine's; not to be touched.
   */
  void *engine;
} partita_chain;

/**
 * Completions, as `partita_app_poll_completions` writes them: the caller brings the arrays.
 */
typedef struct partita_completions {
  /**
   * `sizeof(partita_completions)`.
   */
  size_t size;
  /**
   * How many completions the arrays hold.
   */
  size_t capacity;
  /**
   * Where to write the tokens.
   */
  uint64_t *tokens;
  /**
   * Where to write how many messages died of each; NULL if not wanted.
   */
  uint64_t *dead;
  /**
   * Where to write why the first of them died; 0 if none did. NULL if not wanted.
   */
  uint32_t *reasons;
  /**
   * Where to write what was said of the first of them: for each `text_size` bytes, of which what is
   * written ends with a NUL. NULL if not wanted.
   */
  char *texts;
  /**
   * How many bytes of `texts` there are for each completion.
   */
  size_t text_size;
} partita_completions;

/**
 * One mistake of an error object. The strings live until `partita_error_free`.
 */
typedef struct partita_error_item {
  /**
   * `sizeof(partita_error_item)`; set by the caller.
   */
  size_t size;
  /**
   * Which kind of mistake: a status.
   */
  partita_status code;
  /**
   * What is wrong, and what was expected.
   */
  struct partita_str message;
  /**
   * Where, as in `application "x" / pipeline "y" / step 2 "z"`.
   */
  struct partita_str path;
} partita_error_item;

/**
 * Announces that each of the values will be handed out `times` times in all, because that many
 * sinks take it. Any thread, also several at once.
 */
typedef void (*partita_share_fn)(void *host,
                                 const union partita_value *values,
                                 size_t len,
                                 size_t times);

/**
 * The in-process source of a pipeline, fed by senders.
 */
typedef struct partita_source_options {
  /**
   * `sizeof(partita_source_options)`.
   */
  size_t size;
  /**
   * How many messages may be in flight, counted with all that descends from them; the default
   * is 16,384. Fan-out may overdraw it by one output array per shard, and in stateless steps that
   * the pipeline begins with by what comes of one run for each sender.
   */
  uint64_t credits;
  /**
   * Passed to the callbacks below.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Takes back messages of this source. May be NULL.
   */
  partita_drop_fn drop;
  /**
   * Announces that a message goes to several sinks (a pipeline without steps). May be NULL.
   */
  partita_share_fn share;
} partita_source_options;

/**
 * What a partition function is given: messages, for each of which it writes the key.
 */
typedef struct partita_keys {
  /**
   * The engine's `sizeof(partita_keys)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages, borrowed: they stay the engine's.
   */
  const union partita_value *values;
  /**
   * Where to write the keys if they are words, else NULL.
   */
  uint64_t *words;
  /**
   * Where to write the keys if they are bytes, else NULL. The bytes may be inside the message,
   * or in `scratch`; the engine copies them after the call.
   */
  struct partita_bytes *bytes;
  /**
   * Memory the engine lends for the bytes of keys.
   */
  uint8_t *scratch;
  /**
   * How many bytes `scratch` has.
   */
  size_t scratch_len;
  /**
   * How many keys were written, from the first one on; 0 on entry. It may be fewer than `len`
   * when `scratch` is used up: the engine asks again for the rest.
   */
  size_t done;
  /**
   * The reason, if no key could be found for the message at `done`.
   */
  struct partita_failure failure;
} partita_keys;

/**
 * Finds the keys of many messages. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message at
 * `done` has none: it follows the step's policy and the engine asks again for the rest.
 * The sender's thread or a worker's, also several at once.
 */
typedef partita_status (*partita_partition_fn)(void *host, struct partita_keys *keys);

/**
 * Finds the key of one message. The sender's thread or a worker's, also several at once.
 */
typedef uint64_t (*partita_word_key_fn)(void *host, union partita_value data);

/**
 * Finds the key of one message, as bytes that live as long as the message does, or longer.
 * The sender's thread or a worker's, also several at once.
 */
typedef struct partita_bytes (*partita_byte_key_fn)(void *host, union partita_value data);

/**
 * Computes a run. Answers `PARTITA_OK`; `PARTITA_FAILED` if the message at `done` failed (it
 * follows the step's policy, what is done stays done, and its own outputs must not be among
 * those counted); `PARTITA_OUTPUTS_FULL` if the outputs of the message at `done` do not fit;
 * `PARTITA_UNSUPPORTED` for a kind it does not know; or `PARTITA_LATER` if `run->later` is not 0. Worker threads, several at once for
 * different state parts.
 */
typedef partita_status (*partita_run_fn)(void *host, struct partita_run *run);

/**
 * Computes one message with the state part of its key, and emits what follows with
 * `partita_emit`. The message is the callee's. Answers flags, not a status: 0, `PARTITA_CHANGED`
 * or `PARTITA_DELETE` (or both); or `PARTITA_COMPUTE_FAILED`: then the message stays the engine's,
 * what it emitted is handed to the step's `drop`, and it follows the step's policy. Any other
 * answer breaks the contract, and the application fails. Worker threads, several at once for
 * different state parts.
 */
typedef int32_t (*partita_compute_fn)(void *host,
                                      union partita_value data,
                                      union partita_value state,
                                      struct partita_emitter *emitter);

/**
 * Runs many messages through stateless steps. Answers `PARTITA_OK`; `PARTITA_FAILED` if a message
 * failed: it follows the policy of the step it failed at, and the engine goes on with what waits and
 * what is not done; or `PARTITA_OUTPUTS_FULL` if the outputs of the first message do not fit: it comes
 * again with room for more. `host` is that of the first step. The sender's thread or a worker's,
 * several at once.
 */
typedef partita_status (*partita_chain_fn)(void *host, struct partita_chain *chain);

/**
 * A state computation: a step of a pipeline. It has one partition function (none if its
 * partition has a single part) and one computation, each in one of two forms.
 */
typedef struct partita_step_options {
  /**
   * `sizeof(partita_step_options)`.
   */
  size_t size;
  /**
   * The step's name; one of its kind in its pipeline. Not empty.
   */
  struct partita_str name;
  /**
   * The name of its state partition.
   */
  struct partita_str partition;
  /**
   * What happens when a message fails: `PARTITA_POLICY_…`.
   */
  uint32_t policy;
  /**
   * Passed to the callbacks below.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * The partition function for many messages, of either key kind.
   */
  partita_partition_fn keys;
  /**
   * Or the partition function for one message, if keys are words.
   */
  partita_word_key_fn word_key;
  /**
   * Or the partition function for one message, if keys are bytes.
   */
  partita_byte_key_fn byte_key;
  /**
   * The computation for many messages.
   */
  partita_run_fn run;
  /**
   * Or the computation for one message.
   */
  partita_compute_fn compute;
  /**
   * Takes back outputs of this step. May be NULL, for instance if it never emits.
   */
  partita_drop_fn drop;
  /**
   * Announces that an output goes to several sinks. May be NULL.
   */
  partita_share_fn share;
  /**
   * What finds the keys of this step as well, with `host`, where it runs stateless steps right
   * before it. May be NULL. Not instead of `keys`.
   */
  partita_chain_fn chain;
  /**
   * Not 0: the computation may block, for instance on a disk or on a remote service, and has so many
   * threads of its own, so that nothing else waits for it. All that is promised of a step is
   * promised of it. The threads run everything of its partition: computations and partition functions
   * of all steps that use it, and its builders, because a part is one thread's at a time. Blocking
   * steps of one partition have the same number of threads, and share them. At most 1,024 in all
   * steps together (the check refuses more). With `PARTITA_THREADS_HOST` see
   * `partita_app_thread_count`.
   */
  uint32_t blocking;
  /**
   * How many times a message is tried again, on which the computation or the building of its state
   * failed, before the policy says what becomes of it; at most `PARTITA_RETRIES_MAX`. The state keeps
   * what the failed call did to it. Later messages of its key wait behind it, and other keys go on.
   * All of them hold their credits meanwhile. (A partition function is not tried again.)
   */
  uint32_t retries;
  /**
   * How long each time is behind the one before, at least, in nanoseconds; at most
   * `PARTITA_RETRY_PAUSE_MAX_NS`, and 0 without retries.
   */
  uint64_t retry_pause_ns;
} partita_step_options;

/**
 * A stateless computation: a step of a pipeline, in one of two forms.
 */
typedef struct partita_computation_options {
  /**
   * `sizeof(partita_computation_options)`.
   */
  size_t size;
  /**
   * The step's name; one of its kind in its pipeline. Not empty.
   */
  struct partita_str name;
  /**
   * What happens when a message fails: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
   */
  uint32_t policy;
  /**
   * 1: the step is spread over the workers, several messages of a key at once. From there on the
   * messages of a key come in any order.
   */
  uint32_t parallel;
  /**
   * Passed to the callbacks below.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * The computation for one message; its `state` is 0, and it answers 0 or
   * `PARTITA_COMPUTE_FAILED`. Before the first step with a state it is called on the sender's
   * thread.
   */
  partita_compute_fn compute;
  /**
   * Or the computation for many messages, also of other steps.
   */
  partita_chain_fn chain;
  /**
   * Takes back outputs of this step. May be NULL, for instance if it never emits.
   */
  partita_drop_fn drop;
  /**
   * Announces that an output goes to several sinks. May be NULL.
   */
  partita_share_fn share;
  /**
   * Not 0: the computation may block, and has so many threads of its own, which run the stateless
   * steps behind it as well; see `partita_step_options.blocking`. Only with `parallel`.
   */
  uint32_t blocking;
} partita_computation_options;

/**
 * Messages handed to a sink.
 */
typedef struct partita_delivery {
  /**
   * The engine's `sizeof(partita_delivery)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages. Those that are done are the host's.
   */
  const union partita_value *values;
  /**
   * How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes
   * again.
   */
  size_t done;
  /**
   * The reason, if the message at `done` failed.
   */
  struct partita_failure failure;
} partita_delivery;

/**
 * Takes messages at the end of a pipeline: one call at a time, messages of one key in order.
 * Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message at `done` could not be taken: it
 * follows the sink's policy. A worker's thread: a call that blocks holds up that worker.
 */
typedef partita_status (*partita_sink_fn)(void *host, struct partita_delivery *delivery);

/**
 * Messages that descend from some that were sent with tokens.
 */
typedef struct partita_answers {
  /**
   * The engine's `sizeof(partita_answers)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages. Those that are done are the host's.
   */
  const union partita_value *values;
  /**
   * For each, the token of what it descends from.
   */
  const uint64_t *tokens;
  /**
   * How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes
   * again.
   */
  size_t done;
  /**
   * The reason, if the message at `done` failed.
   */
  struct partita_failure failure;
} partita_answers;

/**
 * Takes answers: one call at a time, messages of one key in order. A message comes here before the
 * completion of what it descends from is reported. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the message
 * at `done` could not be taken: it follows the sink's policy. A worker's thread: a call that blocks holds
 * up that worker.
 */
typedef partita_status (*partita_answer_fn)(void *host, struct partita_answers *answers);

/**
 * A sink: a callback, callers to be answered, or (without either) a bounded queue that the host polls.
 */
typedef struct partita_sink_options {
  /**
   * `sizeof(partita_sink_options)`.
   */
  size_t size;
  /**
   * The sink's name; one of its kind in its pipeline. Not empty.
   */
  struct partita_str name;
  /**
   * What happens when the callback fails: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
   */
  uint32_t policy;
  /**
   * Passed to `deliver`.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Takes the messages. NULL: they are queued for `partita_sink_poll`.
   */
  partita_sink_fn deliver;
  /**
   * How many messages the queue holds; when it is full, what emits to it stalls. The default
   * is 4,096. Not with `deliver`.
   */
  uint64_t capacity;
  /**
   * Answers callers: takes what descends from messages that were sent with a token. Other messages
   * that come to this sink are counted as discarded and handed to `drop`. It gets `host`. Not with
   * `deliver` or `capacity`; one of its kind in its pipeline.
   */
  partita_answer_fn answer;
  /**
   * How many times a message is tried again on which the callback failed, before the policy says
   * what becomes of it; at most `PARTITA_RETRIES_MAX`. All messages of the sink wait behind it. Not for
   * a queue.
   */
  uint32_t retries;
  /**
   * How long each time is behind the one before, at least, in nanoseconds; at most
   * `PARTITA_RETRY_PAUSE_MAX_NS`, and 0 without retries.
   */
  uint64_t retry_pause_ns;
} partita_sink_options;

/**
 * A sink of a pipeline. Owned by its application and gone with it. Any thread.
 */
typedef struct partita_sink {
  /**
   * Zero is no sink.
   */
  uint64_t id;
} partita_sink;

/**
 * A reader of the state parts of one partition.
 * From `partita_reader_new` to `partita_reader_free`. One thread at a time.
 */
typedef struct partita_reader {
  /**
   * Zero is no reader.
   */
  uint64_t id;
} partita_reader;

/**
 * State parts, as `partita_reader_next` writes them: the caller brings the arrays.
 */
typedef struct partita_parts {
  /**
   * `sizeof(partita_parts)`.
   */
  size_t size;
  /**
   * How many parts the arrays hold.
   */
  size_t capacity;
  /**
   * Where to write the keys if they are words; NULL if they are not wanted.
   */
  uint64_t *word_keys;
  /**
   * Where to write the keys if they are bytes; NULL if they are not wanted. They point into the
   * engine, until the next call with this reader.
   */
  struct partita_bytes *byte_keys;
  /**
   * Where to write the states; borrowed, the engine keeps them. NULL if not wanted.
   */
  union partita_value *states;
} partita_parts;

/**
 * A handle through which one thread at a time sends into one pipeline; order is kept per sender.
 * From `partita_sender_new` to `partita_sender_free` or the end of its application.
 */
typedef struct partita_sender {
  /**
   * Zero is no sender.
   */
  uint64_t id;
} partita_sender;

/**
 * A batch to send, with what the host knows of it already.
 */
typedef struct partita_batch {
  /**
   * `sizeof(partita_batch)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages. The same word may be sent again: it is handed back once for each time.
   */
  const union partita_value *values;
  /**
   * The keys of the first step, if they are words; NULL: the partition function is asked.
   */
  const uint64_t *word_keys;
  /**
   * The keys of the first step, if they are bytes; NULL: the partition function is asked.
   */
  const struct partita_bytes *byte_keys;
  /**
   * 1 + the index of the one message for which the host found no key; 0 for none. It must be
   * the last of the batch; its key is not looked at. It is a dead letter with reason `PARTITA_DEAD_PARTITION` and
   * follows the first step's policy.
   */
  size_t failed;
  /**
   * What to say of that message.
   */
  struct partita_str failure;
  /**
   * Asks for completions: what the host calls each. NULL: for none.
   */
  const uint64_t *tokens;
  /**
   * How many tokens: 1 for one completion of all messages that are accepted, `len` for one of each
   * message that is; 0 for none. If nothing is accepted, there is no completion.
   */
  size_t tokens_len;
  /**
   * With tokens: where to write the position behind the last message that was accepted, for
   * `partita_pipeline_watermark`. It is written if one was. NULL if not wanted.
   */
  uint64_t *position_out;
} partita_batch;

/**
 * Messages to admit, for `partita_sender_admit`.
 */
typedef struct partita_admission {
  /**
   * `sizeof(partita_admission)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t wanted;
  /**
   * Asks for completions: what the host calls each. NULL: for none.
   */
  const uint64_t *tokens;
  /**
   * How many tokens: `wanted` for one completion of each message that is admitted; 1 for one of all
   * that is admitted with it until the batch ends: by a push that says so, by an admission of 0 or with
   * another token, or by another send; 0 for none.
   */
  size_t tokens_len;
  /**
   * With tokens: where to write the position behind the last message that was admitted, for
   * `partita_pipeline_watermark`. NULL if not wanted.
   */
  uint64_t *position_out;
  /**
   * The keys of the messages at the first step, if it has a state and keys that are words: with them the
   * messages are arranged. NULL: they are not.
   */
  const uint64_t *word_keys;
  /**
   * Where to write in which order the messages that are admitted are to be pushed: the index of the
   * one that comes first, of the one that comes second, and so on. Those that one shard computes
   * come together, in their order: a host that lays its messages out like this in memory spares the
   * workers from taking cache lines from each other. NULL without `word_keys`.
   */
  uint32_t *order;
} partita_admission;

/**
 * What came of messages that were admitted, for `partita_sender_push`.
 */
typedef struct partita_push {
  /**
   * `sizeof(partita_push)`.
   */
  size_t size;
  /**
   * How many of the admitted messages are over: all that came of them was pushed, or is here.
   */
  size_t done;
  /**
   * How many messages come: those that have come through the steps, and those that still wait for some.
   */
  size_t len;
  /**
   * These messages, in order: as for `partita_chain.outputs`.
   */
  const union partita_value *values;
  /**
   * The keys at the step behind of those that are through, if they are words; NULL: the partition
   * function is asked.
   */
  const uint64_t *word_keys;
  /**
   * The same if they are bytes.
   */
  const struct partita_bytes *byte_keys;
  /**
   * For each stateless step that the pipeline begins with, how many messages it completed.
   */
  const size_t *completed;
  /**
   * How many steps those are.
   */
  size_t steps;
  /**
   * 1 if a message failed, which was not completed at its step.
   */
  uint32_t failed;
  /**
   * At which step, counted from 0; `steps` if no key was found for it.
   */
  uint32_t failed_step;
  /**
   * That message, as it came to the step. It follows the step's policy.
   */
  union partita_value failed_value;
  /**
   * What to say of it.
   */
  struct partita_str failure;
  /**
   * For each of the steps, how many of the values wait for it, as for `partita_chain.waiting`: the
   * engine runs the steps, unless the application has failed or closes. NULL if none does.
   */
  const size_t *waiting;
  /**
   * How many of the admitted messages, the last ones, will not be sent: their credits are given back.
   */
  size_t given_up;
  /**
   * For each of the values, which of the admitted messages it descends from, counted from the first
   * one of the admission. NULL unless there is a token for each message.
   */
  const uint32_t *from;
  /**
   * The same for the message that failed.
   */
  uint32_t failed_from;
  /**
   * 1: no more messages of the batch will be admitted.
   */
  uint32_t ends;
  /**
   * 1: the messages come in the order of their admission, all of them, and with the keys that it was given;
   * then `word_keys` and `byte_keys` are NULL.
   */
  uint32_t arranged;
} partita_push;

/**
 * What `partita_app_step` came to.
 */
typedef struct partita_stepped {
  /**
   * `sizeof(partita_stepped)`; set by the caller.
   */
  size_t size;
  /**
   * How many turns were run.
   */
  uint64_t turns;
  /**
   * How long until there is something to run again, in nanoseconds, unless something comes from
   * outside meanwhile: 0 if there is at once, `PARTITA_FOREVER` if there never is.
   */
  int64_t idle_ns;
} partita_stepped;

/**
 * Messages to be encoded.
 */
typedef struct partita_encode {
  /**
   * The engine's `sizeof(partita_encode)`.
   */
  size_t size;
  /**
   * How many messages.
   */
  size_t len;
  /**
   * The messages. Those that are done are the host's.
   */
  const union partita_value *values;
  /**
   * Where to write their bytes, one message behind the other.
   */
  uint8_t *bytes;
  /**
   * How many bytes fit.
   */
  size_t capacity;
  /**
   * Where to write for each message where its bytes end, counted from `bytes`.
   */
  size_t *ends;
  /**
   * How many are done, from the first one on; 0 on entry. Fewer than `len`: the rest comes again.
   */
  size_t done;
  /**
   * With `PARTITA_OUTPUTS_FULL`: how many bytes the message at `done` needs, or 0.
   */
  size_t needed;
  /**
   * The reason, if the message at `done` could not be encoded.
   */
  struct partita_failure failure;
} partita_encode;

/**
 * Encodes messages. Answers `PARTITA_OK`; `PARTITA_OUTPUTS_FULL` if the bytes of the message at `done` do
 * not fit behind the others: it comes again with more room; or `PARTITA_FAILED` if it could not be encoded:
 * it follows the sink's policy. The thread of the sockets: a call that blocks holds up all of them.
 */
typedef partita_status (*partita_encode_fn)(void *host, struct partita_encode *encode);

/**
 * Encodes one message: writes at most `capacity` bytes, and to `len_out` how many it has, whether they fit
 * or not: if not, it is called again with room for so many. Answers `PARTITA_OK`: the message is the host's
 * if its bytes fit; or `PARTITA_FAILED`, with the reason in `failure`.
 */
typedef partita_status (*partita_encode_message_fn)(void *host,
                                                    union partita_value value,
                                                    uint8_t *bytes,
                                                    size_t capacity,
                                                    size_t *len_out,
                                                    struct partita_failure *failure);

/**
 * A sink that connects to a TCP port and writes its messages there, in order. Zero means default in every
 * field but `size`, `name` and `address`.
 *
 * A message is in flight until its bytes are the system's, so `partita_app_drain` waits for that. Without
 * a connection it tries again and again, with growing pauses; a message that was cut off is written again
 * as a whole, and what the system had not sent by then is lost: TCP does not tell. A peer that closes, also
 * only its sending side, is gone; what it sends is read and thrown away. Meanwhile messages wait, and what
 * emits to the sink stalls.
 */
typedef struct partita_tcp_sink_options {
  /**
   * `sizeof(partita_tcp_sink_options)`.
   */
  size_t size;
  /**
   * The sink's name; one of its kind in its pipeline. Not empty.
   */
  struct partita_str name;
  /**
   * What happens when a message cannot be encoded: `PARTITA_POLICY_STOP` or `PARTITA_POLICY_SKIP`.
   */
  uint32_t policy;
  /**
   * Passed to the callbacks.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Where to connect to: `host:port`. Without a host that is 127.0.0.1. Resolved when the application is
   * started; nobody need be there yet.
   */
  struct partita_str address;
  /**
   * Encodes many messages at once.
   */
  partita_encode_fn encode;
  /**
   * Or one.
   */
  partita_encode_message_fn encode_message;
  /**
   * How many messages may wait to be encoded; the default is 4,096.
   */
  uint64_t capacity;
  /**
   * How many encoded bytes may wait to be written, beyond one whole message; the default is 1 MiB.
   */
  size_t buffer_max;
  /**
   * How long the first pause is before it connects again, in nanoseconds; the default is 50 ms.
   */
  uint64_t reconnect_min_ns;
  /**
   * The longest pause; the default is 5 s.
   */
  uint64_t reconnect_max_ns;
  /**
   * How long what is encoded may take to be written once the application closes, in nanoseconds; then it
   * is counted as dead (`PARTITA_DEAD_CLOSED`). The default is 5 s, and `PARTITA_FOREVER` is as long as it
   * takes.
   */
  int64_t flush_ns;
} partita_tcp_sink_options;

/**
 * What went through the sockets of a source or a sink.
 */
typedef struct partita_traffic {
  /**
   * `sizeof(partita_traffic)`; set by the caller.
   */
  size_t size;
  /**
   * How many connections there are now.
   */
  uint64_t connections;
  /**
   * How many there ever were.
   */
  uint64_t connected;
  /**
   * How many of them were closed here because they broke a limit or made no sense.
   */
  uint64_t cut;
  /**
   * How many bytes were read, or written.
   */
  uint64_t bytes;
  /**
   * A source: how many frames were taken. Each is a message that its stage completed, filtered, or dead
   * at its stage.
   */
  uint64_t frames;
  /**
   * A source: how many of them were filtered.
   */
  uint64_t filtered;
  /**
   * A source: how many bytes were dropped that were no whole frame, or not taken, when their connection ended.
   */
  uint64_t dropped;
  /**
   * A sink: how many messages were written again because their connection was lost.
   */
  uint64_t again;
} partita_traffic;

/**
 * How many bytes follow a header of `header_length` bytes. The thread of the sockets; it calls nothing of
 * the engine.
 */
typedef uint64_t (*partita_payload_length_fn)(void *host, const uint8_t *header, size_t len);

/**
 * Where a frame lies within bytes.
 */
typedef struct partita_frame {
  /**
   * Where its payload begins.
   */
  size_t start;
  /**
   * How many bytes its payload has.
   */
  size_t len;
  /**
   * Where the next frame begins: not before the end of this one's payload.
   */
  size_t end;
} partita_frame;

/**
 * Bytes to be cut into frames. They begin with a header.
 */
typedef struct partita_split {
  /**
   * The engine's `sizeof(partita_split)`.
   */
  size_t size;
  /**
   * The bytes, borrowed.
   */
  struct partita_bytes bytes;
  /**
   * The longest payload that is allowed; a longer one ends its connection.
   */
  size_t longest;
  /**
   * Where to write frames, one behind the other from byte 0 on, as long as a whole header is there. The
   * last one may end behind the bytes.
   */
  struct partita_frame *frames;
  /**
   * How many fit.
   */
  size_t capacity;
  /**
   * How many were written; 0 on entry.
   */
  size_t done;
  /**
   * The reason, if a header makes no sense: then its connection is closed.
   */
  struct partita_failure failure;
} partita_split;

/**
 * Cuts bytes into frames. Answers `PARTITA_OK`, or `PARTITA_FAILED` if the header behind the frames that
 * are done makes no sense. The thread of the sockets.
 */
typedef partita_status (*partita_split_fn)(void *host, struct partita_split *split);

/**
 * Frames of one connection to be decoded.
 */
typedef struct partita_decode {
  /**
   * The engine's `sizeof(partita_decode)`.
   */
  size_t size;
  /**
   * All of the frames, and what lies between them; borrowed.
   */
  struct partita_bytes bytes;
  /**
   * How many frames.
   */
  size_t len;
  /**
   * Where each lies within `bytes`.
   */
  const struct partita_frame *frames;
  /**
   * Where to write the message of each.
   */
  union partita_value *values;
  /**
   * Where to write `PARTITA_FILTERED_FRAME` for a frame that is no message; 0 on entry.
   */
  uint8_t *filtered;
  /**
   * How many are done, from the first one on; 0 on entry. Their messages are the engine's. Fewer than
   * `len`: the rest comes again.
   */
  size_t done;
  /**
   * The reason, if the frame at `done` could not be decoded.
   */
  struct partita_failure failure;
} partita_decode;

/**
 * Decodes frames. Answers `PARTITA_OK`; or `PARTITA_FAILED` if the frame at `done` could not be decoded:
 * it is a dead letter with reason `PARTITA_DEAD_DECODE`, which has the frame and no message, and the
 * connection goes on. The thread of the sockets: a call that blocks holds up all of them.
 */
typedef partita_status (*partita_decode_fn)(void *host, struct partita_decode *decode);

/**
 * Decodes one frame, which is borrowed. Answers `PARTITA_OK` with a message in `value_out`;
 * `PARTITA_FILTERED` if it is none; or `PARTITA_FAILED`, with the reason in `failure`.
 */
typedef partita_status (*partita_decode_frame_fn)(void *host,
                                                  struct partita_bytes frame,
                                                  union partita_value *value_out,
                                                  struct partita_failure *failure);

/**
 * A source that listens on a TCP port, for any number of clients; the messages of each come in its order.
 * Zero means default in every field but `size`. Senders may send into its pipeline as well.
 *
 * Frames are taken as long as there are credits; then what a client sends waits in memory of the engine up
 * to `buffer_max`, and in the system's. A client that breaks a limit is disconnected, counted
 * (`partita_traffic.cut`) and logged; the others go on.
 */
typedef struct partita_tcp_source_options {
  /**
   * `sizeof(partita_tcp_source_options)`.
   */
  size_t size;
  /**
   * Where to listen: `host:port`. Without a host that is 127.0.0.1; port 0 is any free one, which
   * `partita_pipeline_address` tells. Resolved when the application is started.
   */
  struct partita_str address;
  /**
   * How streams are cut into frames: `PARTITA_FRAMING_LENGTH`, ...
   */
  uint32_t framing;
  /**
   * With `PARTITA_FRAMING_FIXED`: how many bytes, at least 1.
   */
  size_t frame_size;
  /**
   * With `PARTITA_FRAMING_HEADER`: how many bytes a header has, at least 1.
   */
  size_t header_length;
  /**
   * With `PARTITA_FRAMING_HEADER`: tells how many bytes follow a header.
   */
  partita_payload_length_fn payload_length;
  /**
   * Or cuts many frames at once.
   */
  partita_split_fn split;
  /**
   * Decodes many frames at once.
   */
  partita_decode_fn decode;
  /**
   * Or one.
   */
  partita_decode_frame_fn decode_frame;
  /**
   * As for `partita_source_options`.
   */
  uint64_t credits;
  /**
   * Passed to the callbacks.
   */
  void *host;
  /**
   * Called once when `host` is needed no more. May be NULL.
   */
  partita_drop_host_fn drop_host;
  /**
   * Takes back messages of this source. May be NULL.
   */
  partita_drop_fn drop;
  /**
   * Announces that a message goes to several sinks (a pipeline without steps). May be NULL.
   */
  partita_share_fn share;
  /**
   * The longest payload of a frame, in bytes, at most `PARTITA_FRAME_MAX`; the default is 1 MiB.
   */
  size_t frame_max;
  /**
   * How many connections at once; the default is 1,024. One more is closed at once.
   */
  size_t connections_max;
  /**
   * How many bytes of a connection are kept that are not decoded, beyond one whole frame; the default is
   * 256 KiB.
   */
  size_t buffer_max;
  /**
   * How long a client may send nothing while it is read, in nanoseconds; the default is ten minutes, and
   * `PARTITA_FOREVER` is as long as it likes.
   */
  int64_t idle_ns;
  /**
   * A client whose first frame is exactly this is not sending a message: it asks to be told how many of
   * its later frames are done (processed, filtered or dead, with all that descends from them), and gets
   * that count as eight bytes, big-endian, each time it has grown. What an application throws away because
   * it fails or is closed is not told. NULL: nobody is told. Copied.
   */
  struct partita_bytes ack_request;
} partita_tcp_source_options;

/**
 * The call did what it says.
 */
#define PARTITA_OK 0

/**
 * An argument is NULL where it must not be, out of range, or a struct of impossible size.
 */
#define PARTITA_INVALID_ARGUMENT 1

/**
 * A string is not valid UTF-8.
 */
#define PARTITA_INVALID_UTF8 2

/**
 * A handle is zero, stale (its object was freed), of another kind, or was never given out.
 */
#define PARTITA_INVALID_HANDLE 3

/**
 * The declaration has mistakes; the error object lists every one with its path.
 */
#define PARTITA_INVALID_TOPOLOGY 4

/**
 * The call needs a started application.
 */
#define PARTITA_NOT_STARTED 5

/**
 * The application was started before: it can no longer be declared or started.
 */
#define PARTITA_ALREADY_STARTED 6

/**
 * Nothing could be done at once, and the call was asked not to wait.
 */
#define PARTITA_WOULD_BLOCK 7

/**
 * The time to wait is over.
 */
#define PARTITA_TIMEOUT 8

/**
 * The wait was cancelled through its `partita_cancel`.
 */
#define PARTITA_CANCELLED 9

/**
 * Intake has ended: `partita_app_stop` was called.
 */
#define PARTITA_STOPPED 10

/**
 * The application is closed or being closed.
 */
#define PARTITA_CLOSED 11

/**
 * From a call: the application failed; `partita_app_failure` tells why.
 * From a callback: the item at `done` could not be processed.
 */
#define PARTITA_FAILED 12

/**
 * The call would wait for itself: it was made inside a callback of the engine.
 */
#define PARTITA_WOULD_DEADLOCK 13

/**
 * The object is in use: a sender by another thread, a partition by messages in flight,
 * an application by what was not closed before.
 */
#define PARTITA_BUSY 14

/**
 * There is nothing of that name or number.
 */
#define PARTITA_NOT_FOUND 15

/**
 * From a callback: this kind of run is unknown to it. From a call: a struct asks for something
 * that this version of the library does not have.
 */
#define PARTITA_UNSUPPORTED 16

/**
 * From a `partita_run_fn`: the output memory is too small for the message at `done`.
 */
#define PARTITA_OUTPUTS_FULL 17

/**
 * The process was forked after the library was first used: the child cannot use it.
 */
#define PARTITA_FORKED 18

/**
 * A thread could not be started.
 */
#define PARTITA_THREAD 19

/**
 * A defect in the engine was caught. The application it happened in is failed; the process
 * goes on.
 */
#define PARTITA_INTERNAL 20

/**
 * A callback broke its contract (it claimed more than it was given, say).
 */
#define PARTITA_CONTRACT 21

/**
 * From a `partita_run_fn` that is called inside `partita_app_serve`: it took note of the run, and answers
 * later.
 */
#define PARTITA_LATER 22

/**
 * From a `partita_decode_frame_fn`: the frame is no message.
 */
#define PARTITA_FILTERED 23

/**
 * An address does not resolve, or cannot be listened on; the error object says which and why. What was
 * declared can be mended, and started again.
 */
#define PARTITA_ADDRESS 24

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes an application: nothing runs yet.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8` or
 * `PARTITA_UNSUPPORTED`, and `error_out` (may be NULL) then has an object to free.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `app_out` is writable;
 * `error_out` is NULL or writable.
 */
partita_status partita_app_new(const struct partita_app_options *options,
                               struct partita_app *app_out,
                               struct partita_error *error_out);

/**
 * Declares a state partition. Mistakes against other declarations are found by the check.
 *
 * Declaring the same name twice is allowed if both say the same; each `drop_host` is called once.
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
 * `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says, and the key arrays have
 * `keys_len` keys; all are borrowed for this call. `error_out` is NULL or writable.
 */
partita_status partita_app_add_partition(struct partita_app app,
                                         const struct partita_partition_options *options,
                                         struct partita_error *error_out);

/**
 * Declares a pipeline. It still needs a source, and an end.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8` or `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `name` is readable; `pipeline_out` is writable; `error_out` is NULL or writable.
 */
partita_status partita_app_add_pipeline(struct partita_app app,
                                        struct partita_str name,
                                        struct partita_pipeline *pipeline_out,
                                        struct partita_error *error_out);

/**
 * Checks all that was declared and tells every mistake at once. `partita_app_start` does so too.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_TOPOLOGY`
 * or `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `error_out` is NULL or writable.
 */
partita_status partita_app_check(struct partita_app app, struct partita_error *error_out);

/**
 * Draws the checked plan: its pipelines with each step's kind, partition, kind of key and policy, and
 * its sinks. `form` is `PARTITA_DESCRIBE_TEXT`, `PARTITA_DESCRIBE_JSON` or
 * `PARTITA_DESCRIBE_MERMAID`. At most `capacity` bytes are written, the last one a NUL; `len_out`
 * (may be NULL) gets the length of the whole text without it, so that a caller can tell whether it
 * was cut.
 *
 * Any thread, also in callbacks, before and after the start, until the application is freed. Fails
 * with `PARTITA_INVALID_HANDLE`, `PARTITA_CLOSED` (it was closed without a start), `PARTITA_INVALID_TOPOLOGY` (the error object lists every mistake) or
 * `PARTITA_INVALID_ARGUMENT` (`form` is none of these, or `text_out` is NULL and `capacity` is not
 * 0).
 *
 * Pointers:
 * `text_out` has room for `capacity` bytes; `len_out` and `error_out` are NULL or writable.
 */
partita_status partita_app_describe(struct partita_app app,
                                    uint32_t form,
                                    char *text_out,
                                    size_t capacity,
                                    size_t *len_out,
                                    struct partita_error *error_out);

/**
 * Checks what was declared, freezes it, and starts: from here on senders can be made. With
 * `PARTITA_THREADS_HOST` nothing is computed before a thread enters `partita_app_run_worker`, and
 * without threads nothing but by `partita_app_step` and what waits.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_TOPOLOGY` or `PARTITA_ADDRESS` (it can be mended and tried again),
 * `PARTITA_ALREADY_STARTED` (also after close) or `PARTITA_THREAD` (the application can then only be closed and freed).
 *
 * Pointers:
 * `error_out` is NULL or writable.
 */
partita_status partita_app_start(struct partita_app app,
                                 struct partita_error *error_out);

/**
 * How many threads run the application: its workers, and behind them those of its blocking steps, and
 * one for its sockets if it has any; none without threads. With `PARTITA_THREADS_HOST` so many are to enter `partita_app_run_worker`.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`,
 * `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT` (`count_out` is NULL).
 *
 * Pointers:
 * `count_out` is writable.
 */
partita_status partita_app_thread_count(struct partita_app app,
                                        uint32_t *count_out);

/**
 * Lends the calling thread to the application as worker `index`, from 0 to one less than
 * `partita_app_thread_count` says, and returns when the application closes: `PARTITA_OK`. Behind the
 * `workers` come the threads of blocking steps.
 *
 * Only with `PARTITA_THREADS_HOST`; every index should be entered (the messages of a blocking step
 * wait until one of its threads is), and each by one thread at a time. All callbacks but those of the
 * sender's side are made on such threads. Not from inside a callback. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_CLOSED`,
 * `PARTITA_BUSY` (that worker is there already), `PARTITA_INVALID_ARGUMENT` (`index`, or the
 * application has other threads or none) or `PARTITA_WOULD_DEADLOCK`.
 */
partita_status partita_app_run_worker(struct partita_app app,
                                      uint32_t index);

/**
 * As `partita_app_run_worker`, for hosts that would rather compute outside of callbacks (in Go, code that
 * waits costs several switches of threads there): `partita_run_fn` may answer `PARTITA_LATER`, if
 * `run->later` is not 0. This call then returns with that run in `run_out`. It stays lent, and what may be
 * done with it inside its callback may be done with it outside, on any thread. When it is computed the call
 * is made again, with what the callback would have answered as `answer`. Without a run from the call before,
 * `answer` means nothing. When the application closes, `run_out` is NULL.
 *
 * Until then the worker is there, also while no thread is inside this call: close waits for the answer.
 * Each call may be made on another thread. All other callbacks are called and answered inside the call.
 * Fails like `partita_app_run_worker`.
 *
 * Pointers:
 * `run_out` is writable.
 */
partita_status partita_app_serve(struct partita_app app,
                                 uint32_t index,
                                 partita_status answer,
                                 struct partita_run **run_out);

/**
 * As `partita_app_serve`, since 0.2, but the call also returns for the worker to sleep outside of the engine: then
 * it answers `PARTITA_WOULD_BLOCK`, and `served_out` has no run. It is to be made again, after it has returned, once
 * `unpark` was called with `index`, which may have been before that, or `served_out->idle_ns` is over. For hosts whose threads
 * are cheap to switch while they are outside, as goroutines are.
 *
 * `served_out` (its `size` is set by the caller) is written with `PARTITA_OK` and `PARTITA_WOULD_BLOCK`. A worker
 * that sleeps is there, though no thread is inside this call: close calls `unpark`, and waits for the next call.
 * Fails like `partita_app_serve`, and with `PARTITA_INVALID_ARGUMENT` if the application has no `unpark`.
 *
 * Pointers:
 * `served_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_app_serve_turn(struct partita_app app,
                                      uint32_t index,
                                      partita_status answer,
                                      struct partita_served *served_out);

/**
 * Tells the engine that the thread of worker `index` is about to end inside the callback it is
 * in, and will not return from it (a Go goroutine that calls `runtime.Goexit` does that). The
 * item at `done` of that callback counts as failed, for the reason in `text`; the worker can then
 * be entered again by another thread. Without threads, a thread inside `partita_app_step` is worker
 * 0.
 *
 * Only on that thread, as the last call of a callback that reports in `done` (`build`, `keys`,
 * `run`, `deliver`, `answer`, `dead_letters`), or of `completed`. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED`, `PARTITA_INVALID_ARGUMENT` (`index`, or that worker is not inside a callback) or
 * `PARTITA_INVALID_UTF8`.
 *
 * Pointers:
 * `text` is readable.
 */
partita_status partita_app_worker_lost(struct partita_app app,
                                       uint32_t index,
                                       struct partita_str text);

/**
 * Ends intake: every send from now on answers `PARTITA_STOPPED`, also those that wait. What was
 * accepted is still computed and delivered; `partita_app_wait` returns when that is done.
 *
 * Any thread, also in callbacks, and more than once. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
 */
partita_status partita_app_stop(struct partita_app app);

/**
 * Waits until the application has failed (`PARTITA_FAILED`, with the failure as the error), or
 * was stopped and has nothing left in flight (`PARTITA_OK`), or is closed (`PARTITA_CLOSED`).
 *
 * Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
 * `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
 * `PARTITA_UNSUPPORTED` (`wait`), `PARTITA_NOT_STARTED`,
 * `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT` or `PARTITA_CANCELLED`; at its deadline the error says
 * what it waits for.
 *
 * Pointers:
 * `wait` is NULL or readable; `error_out` is NULL or writable.
 */
partita_status partita_app_wait(struct partita_app app,
                                const struct partita_wait *wait,
                                struct partita_error *error_out);

/**
 * Waits until nothing is in flight: all that was sent before is computed and delivered, queued
 * outputs are read, dead letters handled. Intake stays open.
 *
 * Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
 * `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
 * `PARTITA_UNSUPPORTED` (`wait`), `PARTITA_NOT_STARTED`,
 * `PARTITA_CLOSED`, `PARTITA_FAILED`, `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT` or
 * `PARTITA_CANCELLED`; at its deadline the error says what it waits for: which sink is unread,
 * how many messages are where.
 *
 * Pointers:
 * `wait` is NULL or readable; `error_out` is NULL or writable.
 */
partita_status partita_app_drain(struct partita_app app,
                                 const struct partita_wait *wait,
                                 struct partita_error *error_out);

/**
 * Why the application failed. Answers `PARTITA_OK` if it did not, and `PARTITA_FAILED`, with the
 * error, if it did.
 *
 * Any thread, also in callbacks. Also fails with `PARTITA_INVALID_HANDLE`.
 *
 * Pointers:
 * `error_out` is NULL or writable.
 */
partita_status partita_app_failure(struct partita_app app, struct partita_error *error_out);

/**
 * Closes: ends intake, lets callbacks that run finish, drops what is queued (counted as
 * `PARTITA_DEAD_CLOSED`), lets all workers return, drops the states, and calls every
 * `drop_host`. Senders, sinks and metrics can still be asked, and answer `PARTITA_CLOSED` or
 * their last counts.
 *
 * Use `partita_app_drain` before it if nothing is to be dropped. It also waits until every reader
 * is freed: the thread that has one must not close. At its deadline it answers
 * `PARTITA_TIMEOUT` (or `PARTITA_CANCELLED`, or `PARTITA_WOULD_BLOCK` if it was not to wait), has
 * freed nothing, and can be called again; the application is closing from then on, and sends are
 * refused. If no worker is inside, callbacks for what is queued are made on this thread. Closing
 * what is closed, or was never started, answers `PARTITA_OK`. Any thread, several at once; not
 * from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_INVALID_HANDLE` (also
 * of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or `PARTITA_UNSUPPORTED` (`wait`).
 *
 * Pointers:
 * `wait` is NULL or readable; `error_out` is NULL or writable.
 */
partita_status partita_app_close(struct partita_app app,
                                 const struct partita_wait *wait,
                                 struct partita_error *error_out);

/**
 * Frees an application that was closed or never started, with the handles of all its pipelines,
 * sinks, senders and readers; from here on they are stale.
 *
 * Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with
 * `PARTITA_INVALID_HANDLE` or `PARTITA_BUSY` (it is not closed).
 */
partita_status partita_app_free(struct partita_app app);

/**
 * Reads the counters. `metrics_out->size` is set by the caller.
 *
 * Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED` or `PARTITA_INVALID_ARGUMENT` (`metrics_out`).
 *
 * Pointers:
 * `metrics_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_app_metrics(struct partita_app app, struct partita_metrics *metrics_out);

/**
 * Reads the counters of one stage, counted from 0: pipeline by pipeline, each its source, its
 * steps and its sinks. `metrics_out->size` is set by the caller.
 *
 * Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED`, `PARTITA_NOT_FOUND` (`index`) or `PARTITA_INVALID_ARGUMENT`
 * (`metrics_out`).
 *
 * Pointers:
 * `metrics_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_app_stage(struct partita_app app,
                                 size_t index,
                                 struct partita_stage_metrics *metrics_out);

/**
 * Makes a buffer in front of a pipeline of a started application. `options` may be NULL.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT` (`buffer_out` is NULL, or `options`), `PARTITA_UNSUPPORTED` (`options`),
 * `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
 *
 * Pointers:
 * `options` is NULL or points to as many readable bytes as its `size` says; `buffer_out` is
 * writable; `error_out` is NULL or writable.
 */
partita_status partita_buffer_new(struct partita_pipeline pipeline,
                                  const struct partita_buffer_options *options,
                                  struct partita_buffer *buffer_out,
                                  struct partita_error *error_out);

/**
 * Puts messages into a buffer, in order: as `partita_send` does, but they may go on later, together
 * with others. They are accepted all the same: each holds a credit and is in flight, and with
 * `PARTITA_STOPPED` or a drain what was accepted before is still computed.
 *
 * Any number of threads may use a buffer at once, and the order of each is kept. The thread that fills
 * it, or puts something in while nothing else is under way, sends on what is in it: on that thread,
 * and else on a worker's, the stateless steps that the pipeline begins with and the partition function
 * behind them are called. `wait`, `accepted_out` and answers are as for `partita_send`, without
 * `PARTITA_BUSY`: a wait that ends in vain leaves accepted what `accepted_out` says, and the rest is
 * the caller's. Not from inside a callback (`PARTITA_WOULD_DEADLOCK`).
 *
 * Pointers:
 * `values` points to `len` readable values, borrowed for this call; `wait` is NULL or readable;
 * `accepted_out` is writable.
 */
partita_status partita_buffer_send(struct partita_buffer buffer,
                                   const union partita_value *values,
                                   size_t len,
                                   const struct partita_wait *wait,
                                   size_t *accepted_out);

/**
 * Sends on what is in a buffer. It waits for nothing: what another thread is sending on at that time, or
 * what fan-out holds up, goes on after this call.
 *
 * Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with
 * `PARTITA_INVALID_HANDLE`.
 */
partita_status partita_buffer_flush(struct partita_buffer buffer);

/**
 * Frees a buffer. What is in it goes its way.
 *
 * Any thread, also in callbacks, and while others use it. Fails with `PARTITA_INVALID_HANDLE`.
 */
partita_status partita_buffer_free(struct partita_buffer buffer);

/**
 * Makes a means to end waits.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_ARGUMENT` (`cancel_out` is NULL).
 *
 * Pointers:
 * `cancel_out` is writable.
 */
partita_status partita_cancel_new(struct partita_cancel *cancel_out);

/**
 * Ends every wait that was given this cancel, now and from now on.
 *
 * Any thread, also in callbacks, and more than once; not from a signal handler. Fails with
 * `PARTITA_INVALID_HANDLE`.
 */
partita_status partita_cancel_fire(struct partita_cancel cancel);

/**
 * Frees a cancel. Waits that still use it can no longer be cancelled.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`.
 */
partita_status partita_cancel_free(struct partita_cancel cancel);

/**
 * Makes room for at least `capacity` outputs in all, and as many keys; the pointers in `chain` and
 * `chain->outputs_capacity` change, and what was written stays. It is for a message that has more
 * outputs than fit: the call should end with that message, so that its outputs can drain.
 *
 * Only inside the `partita_chain_fn` that was given `chain`, on its thread. Fails with
 * `PARTITA_INVALID_ARGUMENT` (`chain` is NULL, or so many cannot be had).
 *
 * Pointers:
 * `chain` is what the callback was given.
 */
partita_status partita_chain_reserve(struct partita_chain *chain, size_t capacity);

/**
 * Takes up to `capacity` completions, in the order they came about, and waits until there is one. How
 * many it took is written to `len_out`; what is known of each to the arrays of `completions`.
 *
 * Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it does not
 * wait. Without one it answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when none can come any
 * more, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. What is not taken when the application
 * closes can be taken afterwards, until it is freed. Also fails with `PARTITA_CANCELLED`,
 * `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_UNSUPPORTED`
 * (`completed` is set in the application's options, or for `completions` or `wait`) or
 * `PARTITA_INVALID_ARGUMENT`.
 *
 * Pointers:
 * `completions` points to as many readable bytes as its `size` says; its arrays are NULL or have room
 * for `capacity` items; `wait` is NULL or readable; `len_out` is writable.
 */
partita_status partita_app_poll_completions(struct partita_app app,
                                            const struct partita_completions *completions,
                                            const struct partita_wait *wait,
                                            size_t *len_out);

/**
 * Waits until all that was sent into a pipeline with a completion, up to `position`, is done: nothing that
 * descends from it is left. Writes how far that is the case by now, at least `position`. Positions are
 * counted in messages of the pipeline that were sent with a completion, in the order they were admitted;
 * see `partita_batch.position_out`. A `position` of 0 waits for nothing.
 *
 * Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it does not
 * wait. If it is not that far it answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when it will
 * never be, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. Also fails with
 * `PARTITA_CANCELLED`, `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`),
 * `PARTITA_UNSUPPORTED` (`wait`) or `PARTITA_INVALID_ARGUMENT`.
 *
 * Pointers:
 * `wait` is NULL or readable; `watermark_out` is writable.
 */
partita_status partita_pipeline_watermark(struct partita_pipeline pipeline,
                                          uint64_t position,
                                          const struct partita_wait *wait,
                                          uint64_t *watermark_out);

/**
 * Asks for a completion without messages, which is reported with `token`, once: when nothing of the
 * pipeline is under way, at the latest `most_ns` nanoseconds from now, or when intake ends. With
 * `PARTITA_FOREVER` there is no such time. For hosts that gather messages themselves, as a
 * `partita_buffer` does, and send them then: while nothing is under way it is reported at once. Outputs
 * that lie in the queue of a sink are not under way. A drain does not wait for it, nor a watermark; a
 * close does.
 *
 * Any thread, also in callbacks; the callback that reports it may come before this returns. Fails with
 * `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` (`most_ns` is below 0 and not
 * `PARTITA_FOREVER`), `PARTITA_NOT_STARTED`, `PARTITA_STOPPED`, `PARTITA_FAILED` or
 * `PARTITA_CLOSED`: then nothing is reported.
 */
partita_status partita_pipeline_watch(struct partita_pipeline pipeline,
                                      uint64_t token,
                                      int64_t most_ns);

/**
 * How many mistakes an error object has: at least one.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
 * `PARTITA_INVALID_ARGUMENT` (`len_out` is NULL).
 *
 * Pointers:
 * `len_out` is writable.
 */
partita_status partita_error_len(struct partita_error error, size_t *len_out);

/**
 * One mistake of an error object, counted from 0. `item_out->size` is set by the caller.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_FOUND`
 * (`index`), or `PARTITA_INVALID_ARGUMENT` (`item_out` is NULL or its size impossible).
 *
 * Pointers:
 * `item_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_error_get(struct partita_error error,
                                 size_t index,
                                 struct partita_error_item *item_out);

/**
 * Writes an error object as text: a line for each mistake, path and message. At most `capacity`
 * bytes are written, the last one a NUL; `len_out` (may be NULL) gets the length of the whole
 * text without it, so that a caller can tell whether it was cut.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
 * `PARTITA_INVALID_ARGUMENT` (`text_out` is NULL and `capacity` is not 0).
 *
 * Pointers:
 * `text_out` has room for `capacity` bytes; `len_out` is NULL or writable.
 */
partita_status partita_error_text(struct partita_error error,
                                  char *text_out,
                                  size_t capacity,
                                  size_t *len_out);

/**
 * Frees an error object and its strings.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`.
 */
partita_status partita_error_free(struct partita_error error);

/**
 * Gives a pipeline its in-process source.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
 */
partita_status partita_pipeline_from_source(struct partita_pipeline pipeline,
                                            const struct partita_source_options *options,
                                            struct partita_error *error_out);

/**
 * Adds a state computation behind what the pipeline has so far.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
 * `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
 */
partita_status partita_pipeline_to_state_partition(struct partita_pipeline pipeline,
                                                   const struct partita_step_options *options,
                                                   struct partita_error *error_out);

/**
 * Adds a stateless computation behind what the pipeline has so far.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
 * `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
 */
partita_status partita_pipeline_to(struct partita_pipeline pipeline,
                                   const struct partita_computation_options *options,
                                   struct partita_error *error_out);

/**
 * Ends the pipeline with a sink. Called again, it adds another sink: each gets every message.
 * `sink_out` may be NULL if the sink is a callback.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or
 * `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `sink_out` is writable, or NULL
 * for a callback; `error_out` is NULL or writable.
 */
partita_status partita_pipeline_to_sink(struct partita_pipeline pipeline,
                                        const struct partita_sink_options *options,
                                        struct partita_sink *sink_out,
                                        struct partita_error *error_out);

/**
 * Ends the pipeline without a sink: what its last step emits is counted and handed to `drop`.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE` or
 * `PARTITA_ALREADY_STARTED`.
 *
 * Pointers:
 * `error_out` is NULL or writable.
 */
partita_status partita_pipeline_done(struct partita_pipeline pipeline,
                                     struct partita_error *error_out);

/**
 * Opens a reader of the keys of a partition that are in quarantine now, in ascending order:
 * `partita_reader_next` writes them, without states. Unlike a reader of parts it holds nothing up;
 * what happens to the keys after the call does not change what it reads.
 *
 * Any thread, at any time between start and `partita_app_free`, also in callbacks. Fails with
 * `PARTITA_NOT_FOUND` (`partition`), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
 * `PARTITA_INVALID_UTF8` or `PARTITA_NOT_STARTED`.
 *
 * Pointers:
 * `partition` is readable; `reader_out` is writable; `error_out` is NULL or writable.
 */
partita_status partita_quarantine_reader_new(struct partita_app app,
                                             struct partita_str partition,
                                             struct partita_reader *reader_out,
                                             struct partita_error *error_out);

/**
 * Releases a key of a partition from quarantine: its messages are computed again from here on, with
 * the state as it is. Of `word_key` and `byte_key` only that of the partition's kind is looked at, and
 * neither for a single part: those of a dead letter can be passed on as they are.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_NOT_FOUND` (`partition`; or the key is not in
 * quarantine), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` (`byte_key`, `partition`),
 * `PARTITA_INVALID_UTF8`, `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
 *
 * Pointers:
 * `partition` and `byte_key` are readable; `error_out` is NULL or writable.
 */
partita_status partita_quarantine_release(struct partita_app app,
                                          struct partita_str partition,
                                          uint64_t word_key,
                                          struct partita_bytes byte_key,
                                          struct partita_error *error_out);

/**
 * Opens a reader of all parts of a partition. While it is open nothing is admitted: sends wait.
 *
 * Any thread; not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with `PARTITA_BUSY`
 * (messages are in flight: drain first; or another reader has this partition), `PARTITA_NOT_FOUND`
 * (`partition`), `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`, `PARTITA_INVALID_UTF8`,
 * `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
 *
 * Pointers:
 * `partition` is readable; `reader_out` is writable; `error_out` is NULL or writable.
 */
partita_status partita_reader_new(struct partita_app app,
                                  struct partita_str partition,
                                  struct partita_reader *reader_out,
                                  struct partita_error *error_out);

/**
 * Writes the next parts, up to `parts->capacity` of them, in no particular order, and how many
 * to `len_out`: 0 means there are no more. The states stay the engine's; the host may read them
 * (and change them) until the reader is freed. A reader of keys alone
 * (`partita_quarantine_reader_new`) has no states: `parts->states` must be NULL.
 *
 * One thread at a time (`PARTITA_BUSY`), also in callbacks. Also fails with
 * `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT` or `PARTITA_UNSUPPORTED` (`parts`).
 *
 * Pointers:
 * `parts` points to as many readable bytes as its `size` says, and its arrays to `capacity`
 * writable items; `len_out` is writable.
 */
partita_status partita_reader_next(struct partita_reader reader,
                                   const struct partita_parts *parts,
                                   size_t *len_out);

/**
 * Frees a reader and lets messages in again.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, or `PARTITA_BUSY` while
 * another thread reads through it.
 */
partita_status partita_reader_free(struct partita_reader reader);

/**
 * Makes room for at least `capacity` outputs in all; `run->outputs` and
 * `run->outputs_capacity` change, and what was written stays. It is for a message that has more
 * outputs than fit: the run should end with that message, so that its outputs can drain.
 *
 * Only inside the `partita_run_fn` that was given `run`, on its thread, or until it is answered with
 * `partita_app_serve`. Fails with
 * `PARTITA_INVALID_ARGUMENT` (`run` is NULL, or so many cannot be had).
 *
 * Pointers:
 * `run` is one that the callback was given and has not answered.
 */
partita_status partita_run_reserve(struct partita_run *run,
                                   size_t capacity);

/**
 * Emits one message that follows from the message being computed. It is the engine's, unless
 * the computation then fails: then it is handed to `drop`. Emitting the message itself is
 * allowed, once; if the computation then fails, it is the engine's like any message that failed.
 *
 * Only inside the `partita_compute_fn` that was given `emitter`, on its thread. Fails with
 * `PARTITA_INVALID_ARGUMENT` (`emitter` is NULL).
 *
 * Pointers:
 * `emitter` is the one that the callback was given.
 */
partita_status partita_emit(struct partita_emitter *emitter, union partita_value value);

/**
 * Says why the message being computed fails: for a computation that is about to answer
 * `PARTITA_COMPUTE_FAILED`. The text is copied.
 *
 * Only inside the `partita_compute_fn` that was given `emitter`, on its thread. Fails with
 * `PARTITA_INVALID_ARGUMENT` or `PARTITA_INVALID_UTF8`.
 *
 * Pointers:
 * `emitter` is the one that the callback was given; `text` is readable.
 */
partita_status partita_emitter_fail(struct partita_emitter *emitter, struct partita_str text);

/**
 * Makes a sender into a pipeline of a started application.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_INVALID_ARGUMENT` (`sender_out` is NULL), `PARTITA_NOT_STARTED` or `PARTITA_CLOSED`.
 *
 * Pointers:
 * `sender_out` is writable; `error_out` is NULL or writable.
 */
partita_status partita_sender_new(struct partita_pipeline pipeline,
                                  struct partita_sender *sender_out,
                                  struct partita_error *error_out);

/**
 * Sends messages, in order. Waits for credits; the messages that were accepted, a prefix, are
 * the engine's, and `accepted_out` says how many. With `PARTITA_OK` that is all of them. With
 * `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT`, `PARTITA_CANCELLED`, `PARTITA_STOPPED`,
 * `PARTITA_CLOSED` and `PARTITA_FAILED` it may be some, and the rest is still the caller's; with
 * any other status it is not written and nothing was accepted. Sending the rest later, through
 * the same sender, keeps the order. `partita_app_failure` says why an application failed. A
 * `len` of 0 waits for nothing and tells whether intake is over.
 *
 * The stateless steps that the pipeline begins with, and the partition function of the first one with a state,
 * are called on this thread. One thread at a time for
 * each sender (`PARTITA_BUSY`); not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails
 * with `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_INVALID_ARGUMENT` or
 * `PARTITA_UNSUPPORTED` (`wait`).
 *
 * Pointers:
 * `values` points to `len` readable values, borrowed for this call; `wait` is NULL or readable;
 * `accepted_out` is writable.
 */
partita_status partita_send(struct partita_sender sender,
                            const union partita_value *values,
                            size_t len,
                            const struct partita_wait *wait,
                            size_t *accepted_out);

/**
 * Sends a batch as `partita_send` does, with keys that the host found already, or with tokens: then
 * the host learns when nothing that descends from it is left.
 *
 * Threads, callbacks and answers are as for `partita_send`: one thread at a time for each sender
 * (`PARTITA_BUSY`); not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Without keys of the first
 * step's kind its partition function is called on this thread. Also fails with
 * `PARTITA_INVALID_UTF8` (`failure`), and with `PARTITA_UNSUPPORTED` and `PARTITA_INVALID_ARGUMENT`
 * for the batch too: `batch`, `accepted_out`, or an array with items, is NULL, `failed` is not the
 * last, or `tokens_len` is none of 0, 1 and `len`.
 *
 * Pointers:
 * `batch` points to as many readable bytes as its `size` says, and its arrays have `len` items (of
 * `tokens`: `tokens_len`), all borrowed for this call; its `position_out` is NULL or writable; `wait` is NULL or
 * readable; `accepted_out` is writable.
 */
partita_status partita_send_batch(struct partita_sender sender,
                                  const struct partita_batch *batch,
                                  const struct partita_wait *wait,
                                  size_t *accepted_out);

/**
 * Admits up to `wanted` messages: waits for credits for at least one and holds them; `admitted_out` says
 * for how many. It is the first half of a send, for hosts that run the stateless steps which the pipeline
 * begins with on their own: what came of the messages is pushed with `partita_sender_push`, and until
 * then they are in flight: the application is not drained, nor closed. A `wanted` of 0 waits for nothing,
 * ends the batch, and tells whether intake is over.
 *
 * One thread at a time for each sender (`PARTITA_BUSY`); not from inside a callback
 * (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_WOULD_BLOCK`, `PARTITA_TIMEOUT`,
 * `PARTITA_CANCELLED`, `PARTITA_STOPPED`, `PARTITA_CLOSED`, `PARTITA_FAILED`,
 * `PARTITA_INVALID_HANDLE` (also of `wait->cancel`), `PARTITA_UNSUPPORTED` (`admission` or `wait`), or
 * `PARTITA_INVALID_ARGUMENT` (also if `tokens_len` is none of 0, 1 and `wanted`, if only one of `word_keys` and
 * `order` is set, or if with them the first step has no state or other keys, `tokens_len` is above 1, or
 * messages are admitted already): then none were admitted.
 *
 * Pointers:
 * `admission` points to as many readable bytes as its `size` says, and its `tokens` to `tokens_len` of
 * them, `word_keys` to `wanted` and `order` to `wanted` writable ones, or they are NULL; all borrowed for this call; its `position_out` is NULL or writable; `wait` is NULL or readable;
 * `admitted_out` is writable.
 */
partita_status partita_sender_admit(struct partita_sender sender,
                                    const struct partita_admission *admission,
                                    const struct partita_wait *wait,
                                    size_t *admitted_out);

/**
 * Has `unpark` of the application called with `number`, once, when it may be worth sending again: because there is
 * room, or because all is refused from now on. It is called at once, inside this call, if it is worth it now. For
 * hosts that wait in their own way, since 0.2; `number` tells them who, and workers have the numbers below
 * `partita_app_thread_count`. It may also be called without a reason, also after the sender was freed.
 *
 * Any thread, one at a time (`PARTITA_BUSY`). Not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Fails with
 * `PARTITA_INVALID_HANDLE`, with `PARTITA_INVALID_ARGUMENT` if the application has no `unpark`, or with
 * `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED` if all is refused already: then nothing is told.
 */
partita_status partita_sender_watch(struct partita_sender sender,
                                    uint32_t number);

/**
 * Sends what came of messages that were admitted with `partita_sender_admit`; called as often as it
 * takes until all of them are over. It never waits, and is not refused because the application fails or
 * closes: what is pushed then is handed back. Afterwards the messages, and the one that failed, are
 * the engine's.
 *
 * Without keys for the step behind, its partition function is called on this thread. Also inside
 * callbacks. One thread at a time for each sender (`PARTITA_BUSY`). Fails with
 * `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_UTF8` (`failure`), `PARTITA_UNSUPPORTED`, and
 * `PARTITA_INVALID_ARGUMENT` if `push`, or an array with items, is NULL, more are done than are
 * admitted, nothing is, or `steps` is not the number of stateless steps that the pipeline begins with,
 * up to the first parallel one, or what is arranged does not come as such, and whole: then nothing was pushed.
 *
 * Pointers:
 * `push` points to as many readable bytes as its `size` says, and its arrays have `len` items, or
 * `steps`, all borrowed for this call.
 */
partita_status partita_sender_push(struct partita_sender sender,
                                   const struct partita_push *push);

/**
 * Frees a sender. What it sent goes its way; credits of messages that were admitted and not pushed are
 * given back.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, or `PARTITA_BUSY` while
 * another thread sends through it.
 */
partita_status partita_sender_free(struct partita_sender sender);

/**
 * Takes up to `capacity` messages from a queue sink; waits until there is at least one. Those
 * written to `values_out` are the host's, and `len_out` says how many.
 *
 * Any thread, several at once; not from inside a callback (`PARTITA_WOULD_DEADLOCK`) unless it
 * does not wait. An empty queue answers `PARTITA_WOULD_BLOCK` or `PARTITA_TIMEOUT`; or, when
 * nothing can come any more, `PARTITA_STOPPED`, `PARTITA_FAILED` or `PARTITA_CLOSED`. Also fails
 * with `PARTITA_CANCELLED`, `PARTITA_NOT_STARTED`, `PARTITA_INVALID_HANDLE` (also of `wait->cancel`),
 * `PARTITA_UNSUPPORTED` (the sink is no queue, or for `wait`) or `PARTITA_INVALID_ARGUMENT`.
 *
 * Pointers:
 * `values_out` has room for `capacity` values; `wait` is NULL or readable; `len_out` is
 * writable.
 */
partita_status partita_sink_poll(struct partita_sink sink,
                                 union partita_value *values_out,
                                 size_t capacity,
                                 const struct partita_wait *wait,
                                 size_t *len_out);

/**
 * Runs an application without threads on the calling thread: up to `budget` turns, in each of which
 * one shard, one sink that is a callback, or the dead-letter handler gets what it can take at once,
 * at most `run_length` messages. `stepped_out` (may be NULL; its `size` is set by the caller) gets
 * how many turns there were, and how long an event loop may sleep until there is something to run
 * again: `idle_ns`. With a `budget` of 0 nothing is run, and it only tells that.
 *
 * Only with `PARTITA_THREADS_NONE` or `PARTITA_THREADS_STEPPED`. Any thread, one at a time
 * (`PARTITA_BUSY`); all callbacks but those of the sender's side are made on it. Calls that wait for
 * something of the application (sending, polling, draining, closing) run it meanwhile, on their
 * thread. When nothing is left to run, they let time go on, to the next timer or to their deadline:
 * by the system's clock they sleep until then; the stepper's clock they move; the host's cannot go
 * on while they wait, so they answer `PARTITA_TIMEOUT` at once. Where nothing is left to wait for,
 * they answer `PARTITA_WOULD_DEADLOCK`: there is no deadline, nor a timer that could come.
 *
 * Not from inside a callback (`PARTITA_WOULD_DEADLOCK`). Also fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED`, `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT` (there are threads, or
 * `stepped_out`). After a failure, or while it closes, what is queued is dropped in turns.
 *
 * Pointers:
 * `stepped_out` is NULL or points to as many writable bytes as its `size` says.
 */
partita_status partita_app_step(struct partita_app app,
                                uint64_t budget,
                                struct partita_stepped *stepped_out);

/**
 * Lets time pass under the stepper: its clock goes on by `time_ns`. What becomes due by it is run by
 * the next steps.
 *
 * Only with `PARTITA_THREADS_STEPPED`. Any thread, also in callbacks. Fails with
 * `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_CLOSED` or `PARTITA_INVALID_ARGUMENT`
 * (the clock is not the stepper's, or `time_ns` is negative).
 */
partita_status partita_app_advance(struct partita_app app,
                                   int64_t time_ns);

/**
 * Ends the pipeline with a sink that connects to a TCP port. Called again, or with other sinks, it adds
 * another: each gets every message. `sink_out` may be NULL.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
 * `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`. Whether the address resolves
 * is found at the start (`PARTITA_ADDRESS`).
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `sink_out` and `error_out` are NULL or
 * writable.
 */
partita_status partita_pipeline_to_tcp(struct partita_pipeline pipeline,
                                       const struct partita_tcp_sink_options *options,
                                       struct partita_sink *sink_out,
                                       struct partita_error *error_out);

/**
 * Reads what went through the connection of a sink. `traffic_out->size` is set by the caller.
 *
 * Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the sink does not connect) or `PARTITA_INVALID_ARGUMENT`
 * (`traffic_out`).
 *
 * Pointers:
 * `traffic_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_sink_traffic(struct partita_sink sink,
                                    struct partita_traffic *traffic_out);

/**
 * Gives a pipeline a source that listens on a TCP port.
 *
 * Any thread, also in callbacks. Fails with `PARTITA_INVALID_HANDLE`, `PARTITA_INVALID_ARGUMENT`,
 * `PARTITA_INVALID_UTF8`, `PARTITA_UNSUPPORTED` or `PARTITA_ALREADY_STARTED`. Whether the address can be
 * used is found at the start (`PARTITA_ADDRESS`).
 *
 * Pointers:
 * `options` points to as many readable bytes as its `size` says; `error_out` is NULL or writable.
 */
partita_status partita_pipeline_from_tcp(struct partita_pipeline pipeline,
                                         const struct partita_tcp_source_options *options,
                                         struct partita_error *error_out);

/**
 * Where a source listens: as in `127.0.0.1:41234`. At most `capacity` bytes are written, the last one a
 * NUL; `len_out` (may be NULL) gets the length of the whole text without it.
 *
 * Any thread, also in callbacks, from the start on until the application is freed. Fails with
 * `PARTITA_INVALID_HANDLE`, `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the source does not listen) or
 * `PARTITA_INVALID_ARGUMENT` (`text_out` is NULL and `capacity` is not 0).
 *
 * Pointers:
 * `text_out` has room for `capacity` bytes; `len_out` is NULL or writable.
 */
partita_status partita_pipeline_address(struct partita_pipeline pipeline,
                                        char *text_out,
                                        size_t capacity,
                                        size_t *len_out);

/**
 * Reads what went through the sockets of a pipeline's source. `traffic_out->size` is set by the caller.
 *
 * Any thread, also in callbacks, also after close. Fails with `PARTITA_INVALID_HANDLE`,
 * `PARTITA_NOT_STARTED`, `PARTITA_UNSUPPORTED` (the source does not listen) or
 * `PARTITA_INVALID_ARGUMENT` (`traffic_out`).
 *
 * Pointers:
 * `traffic_out` points to as many writable bytes as its `size` says.
 */
partita_status partita_pipeline_traffic(struct partita_pipeline pipeline,
                                        struct partita_traffic *traffic_out);

/**
 * The version of the library that is loaded, as in `PARTITA_VERSION`. Never freed. Any thread,
 * also in callbacks.
 */
struct partita_str partita_version(void);

/**
 * The `PARTITA_ABI` of the library that is loaded. Any thread, also in callbacks.
 */
uint32_t partita_abi(void);

/**
 * The name of a status, as in `PARTITA_OK`, or `PARTITA_?` for a number that is none. Never
 * freed. Any thread, also in callbacks.
 */
struct partita_str partita_status_name(partita_status status);

/**
 * What a reason of death says, as in "key not declared", or "unknown reason" for a number that
 * is none. Never freed. Any thread, also in callbacks.
 */
struct partita_str partita_dead_reason_name(uint32_t reason);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PARTITA_H */
