/*
 * Partita: state partitioning for C programs.
 *
 *     data --partition function--> key --engine--> that key's state part --computation--> outputs
 *
 * A program declares an application: state partitions, and pipelines of a source, state
 * computations, and sinks or none. The engine runs the parts of the state in parallel, one message
 * at a time for each key, in order, and keeps them safe. This page gives the rules; every item
 * below says what is particular to it.
 *
 * This file is generated (make header). Do not edit it.
 *
 * A PROGRAM IN ORDER
 *   partita_app_new, then partita_app_add_partition and partita_app_add_pipeline; for each pipeline
 *   partita_pipeline_from_source, partita_pipeline_to_state_partition (any number of times), then
 *   partita_pipeline_to_sink (one or more) or partita_pipeline_done; partita_app_start;
 *   partita_sender_new, partita_send; partita_app_drain; partita_app_close; partita_app_free.
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
 *   one pipeline are computed in the order sent, at every later step that keeps the key. Memory is
 *   bounded by the credits of each source. Nothing is dropped silently: it is counted, and handed
 *   to the dead-letter handler if there is one.
 *
 * HANDLES
 *   A handle is a number in a struct. Zero, stale and foreign handles are answered with
 *   PARTITA_INVALID_HANDLE, never with a crash. Any thread may use a handle, also while another
 *   closes it, except where "one thread at a time" is said (senders, readers).
 *
 * ERRORS
 *   Calls answer a status: PARTITA_OK is 0. Those that declare, start or stop can also give an
 *   error object with every mistake and its path; `error_out` may be NULL, and is only written on
 *   failure. Results go to parameters named `..._out`, which are only written on success.
 *
 * NULL
 *   is allowed only where it is said. Elsewhere it is answered with PARTITA_INVALID_ARGUMENT.
 *
 * STRUCTS THAT MAY GROW
 *   begin with their own size: set it, and zero all that you do not use: zero is the default. A
 *   program built with an older header runs with a newer library. A struct that is larger than
 *   the library knows is accepted if what is beyond is zero, else PARTITA_UNSUPPORTED.
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
 *   Threads that the engine starts block all signals, are named "partita-N", and are joined by
 *   close. An idle application uses no processor time.
 *
 * PANICS
 *   A defect inside the engine does not take the process down: the call answers
 *   PARTITA_INTERNAL, and the application it happened in fails.
 *
 * FORK
 *   After fork, once the library was used, every call in the child answers PARTITA_FORKED.
 *
 * MEMORY
 *   When memory for the engine's own needs cannot be had, the process is aborted.
 */
