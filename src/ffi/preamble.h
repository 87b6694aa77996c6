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
