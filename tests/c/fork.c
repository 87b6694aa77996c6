/* After fork the child is refused, and nobody waits for what only the parent has. */
#include "little.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends a child with this status. It becomes another program first: to a leak check, all that its parent has
 * would be lost in it. */
static void end_child(bool right) {
    const char *program = right ? "true" : "false";
    execlp(program, program, (char *)NULL);
    _exit(2);
}

static bool child_was_right(pid_t pid) {
    int status;
    CHECK(pid > 0);
    while (waitpid(pid, &status, 0) < 0) CHECK_EQ(errno, EINTR);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- a fork beside the first call ---- */

static atomic_bool go;

static void *call_first(void *argument) {
    partita_cancel cancel;
    counter_add(argument, 1);
    while (!go) continue;
    CHECK_OK(partita_cancel_new(&cancel));
    return NULL;
}

/* In a process that has not used the library: forks while a thread uses it for the first time. In the
 * child of that a call is refused, or is the first one there: it does not hang. */
static void fork_beside_the_first_call(unsigned moments) {
    counter called = COUNTER;
    pthread_t first = start(call_first, &called);
    counter_wait(&called, 1);
    go = true;
    for (volatile unsigned moment = 0; moment < moments; moment++) continue;
    pid_t pid = fork();
    if (pid == 0) {
        partita_cancel cancel;
        alarm(10);
        partita_status status = partita_cancel_new(&cancel);
        end_child(status == PARTITA_FORKED || status == PARTITA_OK);
    }
    CHECK(child_was_right(pid));
    join(first);
}

static void a_fork_beside_the_first_call_leaves_a_child_that_does_not_hang(void) {
    /* Under valgrind, where threads take turns, few of them have to do. */
    time_t end = time(NULL) + 5;
    for (unsigned moments = 0; moments < 4000 && time(NULL) < end; moments += 10) {
        pid_t pid = fork();
        if (pid == 0) {
            fork_beside_the_first_call(moments);
            end_child(true);
        }
        CHECK(child_was_right(pid));
    }
}

/* ---- a fork later ---- */

/* In a child: every call that goes through the funnel answers PARTITA_FORKED. Says which did not. */
static int child(const little *little) {
    partita_app app;
    partita_pipeline pipeline;
    partita_sender sender;
    partita_sink sink;
    partita_cancel cancel;
    partita_reader reader;
    partita_metrics metrics = {.size = sizeof metrics};
    partita_stage_metrics stage = {.size = sizeof stage};
    partita_error_item item = {.size = sizeof item};
    partita_parts parts = {.size = sizeof parts};
    partita_batch batch = {.size = sizeof batch};
    partita_value value = word(1);
    partita_error fault = {0};
    size_t len;
    const partita_status answers[] = {
        partita_app_new(NULL, &app, &fault),
        partita_app_add_partition(little->app, NULL, &fault),
        partita_app_add_pipeline(little->app, str("p"), &pipeline, &fault),
        partita_app_check(little->app, &fault),
        partita_app_start(little->app, &fault),
        partita_app_run_worker(little->app, 0),
        partita_app_worker_lost(little->app, 0, str("")),
        partita_app_stop(little->app),
        partita_app_wait(little->app, NULL, &fault),
        partita_app_drain(little->app, NULL, &fault),
        partita_app_failure(little->app, &fault),
        partita_app_close(little->app, NULL, &fault),
        partita_app_free(little->app),
        partita_app_metrics(little->app, &metrics),
        partita_app_stage(little->app, 0, &stage),
        partita_pipeline_from_source(little->pipeline, NULL, &fault),
        partita_pipeline_to_state_partition(little->pipeline, NULL, &fault),
        partita_pipeline_to(little->pipeline, NULL, &fault),
        partita_pipeline_to_sink(little->pipeline, NULL, &sink, &fault),
        partita_pipeline_done(little->pipeline, &fault),
        partita_sender_new(little->pipeline, &sender, &fault),
        partita_send(little->sender, &value, 1, NULL, &len),
        partita_send_batch(little->sender, &batch, NULL, &len),
        partita_sender_admit(little->sender, NULL, NULL, &len),
        partita_sender_push(little->sender, NULL),
        partita_sender_free(little->sender),
        partita_sink_poll(little->sink, &value, 1, NULL, &len),
        partita_reader_new(little->app, str("counts"), &reader, &fault),
        partita_reader_next((partita_reader){0}, &parts, &len),
        partita_reader_free((partita_reader){0}),
        partita_cancel_new(&cancel),
        partita_cancel_fire((partita_cancel){0}),
        partita_cancel_free((partita_cancel){0}),
        partita_error_len((partita_error){0}, &len),
        partita_error_get((partita_error){0}, 0, &item),
        partita_error_text((partita_error){0}, NULL, 0, &len),
        partita_error_free((partita_error){0}),
        partita_run_reserve(NULL, 1),
        partita_chain_reserve(NULL, 1),
        partita_emitter_fail(NULL, str("")),
    };
    for (size_t index = 0; index < sizeof answers / sizeof *answers; index++) {
        if (answers[index] != PARTITA_FORKED) return (int)index + 1;
    }
    if (partita_emit(NULL, value) != PARTITA_INVALID_ARGUMENT) return 98;
    return fault.id != 0 || partita_abi() != PARTITA_ABI ? 99 : 0;
}

static void after_a_fork_the_child_is_refused_and_the_parent_goes_on(void) {
    little little = LITTLE();
    little_start(&little);
    little_works(&little);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int answer = child(&little);
        end_child(write(ends[1], &answer, sizeof answer) == sizeof answer);
    }
    int answer = -1;
    CHECK_EQ(read(ends[0], &answer, sizeof answer), (ssize_t)sizeof answer);
    CHECK_EQ(answer, 0);
    CHECK(child_was_right(pid));
    close(ends[0]);
    close(ends[1]);
    little_works(&little);
    little_finish(&little);
}

int main(void) {
    /* First of all: it is about processes that have not used the library. */
    a_fork_beside_the_first_call_leaves_a_child_that_does_not_hang();
    after_a_fork_the_child_is_refused_and_the_parent_goes_on();
    return 0;
}
