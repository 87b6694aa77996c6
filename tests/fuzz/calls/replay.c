/* Runs sequences of calls without a fuzzer: those in files and folders, and then random ones for so many seconds.
 *
 *     replay [-seconds N] [-limit SECONDS] [FILE OR FOLDER]...
 *
 * PARTITA_SEED is that of the first random one. One that goes wrong, or takes longer than the limit, is printed: its
 * bytes, and its seed or its file. */
#define _GNU_SOURCE
#include "calls.c"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEN_MAX = 1024 };

/* How long an input may take. */
static unsigned limit_seconds = 60;

/* What runs; nothing, in between. */
static char running[4200];
static const uint8_t *running_data;
static size_t running_len;
static unsigned long long runs;

/* Also from a signal handler: so without stdio. */
static void print(const char *text, size_t len) {
    if (write(STDERR_FILENO, text, len) < 0) _exit(1);
}

static void tell_running(void) {
    static const char digits[] = "0123456789abcdef", label[] = "it went wrong: ";
    if (running[0] == 0) return;
    for (size_t index = 0; index < running_len; index++) {
        char byte[2] = {digits[running_data[index] >> 4], digits[running_data[index] & 15]};
        print(byte, sizeof byte);
    }
    print("\n", 1);
    print(label, sizeof label - 1);
    print(running, strlen(running));
    print("\n", 1);
}

static void end_with(int signal_number) {
    static const char late[] = "it takes too long\n";
    tell_running();
    if (signal_number == SIGALRM) print(late, sizeof late - 1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run_guarded(const uint8_t *data, size_t len) {
    running_data = data, running_len = len;
    alarm(limit_seconds);
    run_calls(data, len);
    alarm(0);
    running[0] = 0;
    runs++;
}

static void run_file(const char *path) {
    static uint8_t data[1 << 16];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(data, 1, sizeof data, file);
    fclose(file);
    snprintf(running, sizeof running, "%s", path);
    run_guarded(data, len);
}

static void run_path(const char *path) {
    struct stat found;
    CHECK_EQ(stat(path, &found), 0);
    if (!S_ISDIR(found.st_mode)) {
        run_file(path);
        return;
    }
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inside[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        run_path(inside);
    }
    closedir(folder);
}

static uint64_t scrambled(uint64_t *state) {
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

/* Random bytes, of which some runs have few whims. */
static void run_random(uint64_t seed) {
    uint8_t data[LEN_MAX];
    uint64_t state = seed, len = scrambled(&state) % LEN_MAX, calm = len * (scrambled(&state) % 4) / 4;
    for (size_t index = 0; index < len; index++) {
        data[index] = (uint8_t)scrambled(&state);
        if (index > len - calm) data[index] &= 0xf7;
    }
    snprintf(running, sizeof running, "PARTITA_SEED=%llu", (unsigned long long)seed);
    run_guarded(data, len);
}

int main(int argc, char **argv) {
    time_t seconds = 0;
    atexit(tell_running);
    signal(SIGALRM, end_with);
    signal(SIGSEGV, end_with);
    signal(SIGABRT, end_with);
    for (int index = 1; index < argc; index++) {
        bool more = index + 1 < argc;
        if (strcmp(argv[index], "-seconds") == 0 && more) seconds = atoi(argv[++index]);
        else if (strcmp(argv[index], "-limit") == 0 && more) limit_seconds = (unsigned)atoi(argv[++index]);
        else run_path(argv[index]);
    }
    printf("%llu inputs\n", runs);
    const char *given = getenv("PARTITA_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (seconds > 0) printf("random ones from PARTITA_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (time_t last = now.tv_sec + seconds; now.tv_sec < last; seed++) {
        run_random(seed);
        clock_gettime(CLOCK_REALTIME, &now);
    }
    printf("%llu inputs in all\n", runs);
    return 0;
}
