/* What the fuzzer runs: one sequence of calls, with an application of its own. It ends the program if something is
 * wrong. */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

void run_calls(const uint8_t *data, size_t len);

#endif
