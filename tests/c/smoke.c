/* The library answers who it is, as the header it was built with says. */
#include <partita.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is(struct partita_str found, const char *expected) {
    return found.len == strlen(expected) && memcmp(found.ptr, expected, found.len) == 0;
}

static int failures = 0;

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "smoke: not so: %s\n", what);
        failures++;
    }
}

int main(void) {
    expect(partita_abi() == PARTITA_ABI, "the ABI is the header's");
    expect(is(partita_version(), PARTITA_VERSION), "the version is the header's");
    expect(is(partita_status_name(PARTITA_OK), "PARTITA_OK"), "a status has its name");
    expect(is(partita_status_name(-1), "PARTITA_?"), "a number that is no status has none");
    return failures == 0 ? 0 : 1;
}
