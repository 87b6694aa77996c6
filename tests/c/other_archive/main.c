/* Partita and another Rust static library live in one program, and both work: also when callbacks fail on
 * threads of the engine, and the other library panics meanwhile. */
#include "../little.h"

uint32_t other_panics_caught(void);

static int32_t fail_some(void *host, partita_value data, partita_value state, partita_emitter *emitter) {
    if (data.word % 10 == 3) {
        CHECK_OK(partita_emitter_fail(emitter, str("it is a three")));
        CHECK_EQ(other_panics_caught(), 3);
        return PARTITA_COMPUTE_FAILED;
    }
    return little_count(host, data, state, emitter);
}

int main(void) {
    CHECK(str_is(partita_version(), PARTITA_VERSION));
    CHECK_EQ(other_panics_caught(), 3);
    little skips = LITTLE(.workers = 2, .compute = fail_some, .policy = PARTITA_POLICY_SKIP);
    little_start(&skips);
    little_send(&skips, 100);
    little_poll(&skips, 90);
    CHECK_OK(partita_app_drain(skips.app, &soon, NULL));
    CHECK_EQ(metrics_of(skips.app).dead[PARTITA_DEAD_COMPUTE], 10);
    little_finish(&skips);

    little stops = LITTLE(.workers = 2, .compute = fail_some);
    partita_error error;
    little_start(&stops);
    little_send(&stops, 4);
    CHECK_REFUSED(partita_app_wait(stops.app, &soon, &error), error, PARTITA_FAILED, "it is a three");
    little_finish(&stops);
    CHECK_EQ(other_panics_caught(), 3);
    return 0;
}
