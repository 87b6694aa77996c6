/* Has the bug that its argument names, so that a tool can show that it would catch one. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void overflow(void) {
    volatile size_t size = 8;
    volatile char *block = malloc(size);
    block[size] = 1;
    free((void *)block);
}

static void leak(void) {
    volatile char *volatile block = malloc(8);
    block[0] = 1;
    block = NULL;
}

static void undefined(void) {
    volatile int largest = INT_MAX;
    largest = largest + 1;
}

int main(int argc, char **argv) {
    const char *bug = argc > 1 ? argv[1] : "";
    if (strcmp(bug, "overflow") == 0) overflow();
    else if (strcmp(bug, "leak") == 0) leak();
    else if (strcmp(bug, "undefined") == 0) undefined();
    else return 2;
    return 0;
}
