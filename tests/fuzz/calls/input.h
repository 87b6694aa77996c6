/* What is fuzzed with: bytes that are read from both ends. From the front come the application and the calls, from the
 * back the whims of its callbacks, so that a callback more does not change which calls follow. */
#ifndef INPUT_H
#define INPUT_H

#include "../../c/check.h"

static struct {
    pthread_mutex_t lock;
    const uint8_t *data;
    size_t front, back;
} input = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void read_input(const uint8_t *data, size_t len) {
    input.data = data, input.front = 0, input.back = len;
}

static bool input_is_left(void) {
    pthread_mutex_lock(&input.lock);
    bool left = input.front < input.back;
    pthread_mutex_unlock(&input.lock);
    return left;
}

/* The next byte from the front; 0 when all are used up. */
static uint8_t next_byte(void) {
    pthread_mutex_lock(&input.lock);
    uint8_t byte = input.front < input.back ? input.data[input.front++] : 0;
    pthread_mutex_unlock(&input.lock);
    return byte;
}

/* The next byte from the back; 0, which asks for nothing special, when all are used up. */
static uint8_t next_whim(void) {
    pthread_mutex_lock(&input.lock);
    uint8_t byte = input.front < input.back ? input.data[--input.back] : 0;
    pthread_mutex_unlock(&input.lock);
    return byte;
}

#endif
