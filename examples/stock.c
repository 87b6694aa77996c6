/*
 * Keeps the last price of each stock, in two forms that run one after the other: with all prices
 * in one state object, and with one state part for each symbol. Prints a table of each.
 *
 *     stock [-in FILE] [-workers N] [-repeat N] [-work DURATION] [-quiet]
 *
 * FILE has lines of symbol,date,price; "-" is standard input. Without it the program reads
 * go/examples/stock/stocks.csv below the current directory. The flags, the input, the table and
 * the exit statuses are those of the Go program in go/examples/stock, whose README tells them.
 *
 *     cc -o stock examples/stock.c $(pkg-config --cflags --libs partita)
 *
 * How values are owned: every message is a `struct stock` of its own, made by malloc when it is
 * sent. Whoever gets it from the engine frees it: the computation, the dead-letter function, or
 * `drop_stocks`. The states are memory of the engine.
 */

#define _POSIX_C_SOURCE 200809L

#include "partita.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_INPUT "go/examples/stock/stocks.csv"
#define HEADER "symbol,date,price"

enum {
    EXIT_MALFORMED = 1, /* lines were left out, all else went well */
    EXIT_USAGE = 2,
    EXIT_FAILED = 3 /* the input could not be read, or the application failed */
};

enum {
    LONGEST_LINE = 4096,
    LONGEST_SYMBOL = 4,
    LONGEST_QUOTE = 24, /* how many bytes of a wrong field are shown */
    BATCH_SIZE = 1024,  /* how many messages are sent together */
    READ_SIZE = 64      /* how many states are read together */
};

#define SECOND INT64_C(1000000000)
#define PROGRESS_AFTER SECOND
#define PROGRESS_EVERY (SECOND / 5)

/* The stocks that have a state part in the second form. */
static const char *const symbols[] = {"MSFT", "AMZN", "IBM", "GOOG", "AAPL"};
enum { SYMBOLS = sizeof symbols / sizeof symbols[0] };

/* What the flags say. */
struct settings {
    const char *in;
    uint32_t workers;
    uint64_t repeat;
    int64_t work_ns;
    bool quiet;
};

/*
 * A price of one stock: the message that tells a new price, and also the state part of the second
 * form, which keeps the last one. The symbol is empty in a state part that no message has reached.
 */
struct stock {
    char symbol[LONGEST_SYMBOL + 1];
    double price;
};

/* How many messages of one symbol died, by reason. */
struct dead {
    char symbol[LONGEST_SYMBOL + 1];
    uint64_t counts[PARTITA_DEAD_REASONS];
};

/*
 * Items of one kind, each of which begins with its symbol and is zeroed otherwise when it is new;
 * sorted by symbol. One of stocks is the state of the first form.
 */
struct list {
    char *items;
    size_t item_size;
    size_t len;
    size_t capacity;
};

/* One form: a way to declare the same application. */
struct form {
    const char *title;     /* printed over the table */
    const char *partition; /* the name of the state */
    partita_status (*declare)(partita_app app, partita_pipeline pipeline,
                              struct settings *settings, partita_error *error);
    bool (*collect)(struct list *stocks, const void *state);
};

/* One run of a form. */
struct run {
    const struct form *form;
    partita_app app;
    partita_sender sender;
    uint64_t sent;
    int64_t started;  /* in nanoseconds, as `now` */
    int64_t progress; /* when to show the progress next; 0: never */
    int64_t elapsed;
    bool progress_shown;
    struct list dead;
    struct list stocks;
};

/* Input that is read. */
struct input {
    FILE *file;
    uint64_t malformed; /* how many lines were left out */
    bool report;        /* whether malformed lines are reported and counted */
};

/* ---- Small things ---- */

static partita_str str(const char *text) {
    partita_str result = {text, strlen(text)};
    return result;
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

/* Spends processor time of this thread. */
static void work(int64_t duration_ns) {
    if (duration_ns > 0) {
        int64_t end = read_clock(CLOCK_THREAD_CPUTIME_ID) + duration_ns;
        while (read_clock(CLOCK_THREAD_CPUTIME_ID) < end) {
        }
    }
}

/* Removes the progress line. */
static void erase_progress(struct run *run) {
    if (run->progress_shown) {
        fputs("\r\033[K", stderr);
        run->progress_shown = false;
    }
}

/* Tells something on standard error, as a line of its own. */
static void tell(struct run *run, const char *format, ...) {
    va_list values;
    if (run != NULL) {
        erase_progress(run);
    }
    fputs("stock: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

/* Finds the item of a symbol, or makes one. Returns NULL if there is no memory for it. */
static void *list_get(struct list *list, const char *symbol) {
    size_t low = 0, high = list->len;
    char *item;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(list->items + middle * list->item_size, symbol);
        if (order == 0) {
            return list->items + middle * list->item_size;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (list->len == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        char *items = realloc(list->items, capacity * list->item_size);
        if (items == NULL) {
            return NULL;
        }
        list->items = items;
        list->capacity = capacity;
    }
    item = list->items + low * list->item_size;
    memmove(item + list->item_size, item, (list->len - low) * list->item_size);
    memset(item, 0, list->item_size);
    memcpy(item, symbol, strlen(symbol) + 1);
    list->len++;
    return item;
}

/* Keeps a price. */
static bool keep_stock(struct list *stocks, const struct stock *stock) {
    struct stock *kept = list_get(stocks, stock->symbol);
    if (kept == NULL) {
        return false;
    }
    kept->price = stock->price;
    return true;
}

/* Prints why a call failed: every mistake of the error object, which it frees. */
static void print_error(struct run *run, const char *what, partita_status status,
                        partita_error error) {
    size_t mistakes = 0;
    partita_str name = partita_status_name(status);
    erase_progress(run);
    fprintf(stderr, "stock: %s: %s: %.*s\n", run->form->title, what, (int)name.len, name.ptr);
    if (error.id == 0) {
        return;
    }
    partita_error_len(error, &mistakes);
    for (size_t i = 0; i < mistakes; i++) {
        partita_error_item item = {.size = sizeof item};
        if (partita_error_get(error, i, &item) == PARTITA_OK) {
            fprintf(stderr, "  %.*s: %.*s\n", (int)item.path.len, item.path.ptr,
                    (int)item.message.len, item.message.ptr);
        }
    }
    partita_error_free(error);
}

/* ---- The computations, and what goes with them ---- */

/*
 * The key of a symbol: padded with spaces on the left to four characters, and read as a big-endian
 * number of 32 bits.
 */
static uint64_t symbol_to_key(const char *symbol) {
    uint32_t key = 0;
    size_t len = strlen(symbol);
    for (size_t i = len; i < LONGEST_SYMBOL; i++) {
        key = key << 8 | ' ';
    }
    for (size_t i = 0; i < len; i++) {
        key = key << 8 | (unsigned char)symbol[i];
    }
    return key;
}

/* The partition function of the second form. */
static uint64_t symbol_partition(void *host, partita_value data) {
    const struct stock *message = data.ptr;
    (void)host;
    return symbol_to_key(message->symbol);
}

/* The computation of the second form: the state is a `struct stock`. */
static int32_t update_stock(void *host, partita_value data, partita_value state,
                            partita_emitter *emitter) {
    const struct settings *settings = host;
    struct stock *message = data.ptr;
    struct stock *stock = state.ptr;
    (void)emitter;
    work(settings->work_ns);
    *stock = *message;
    free(message);
    return PARTITA_CHANGED;
}

/* The computation of the first form: the state is a `struct list` of `struct stock`. */
static int32_t update_stocks(void *host, partita_value data, partita_value state,
                             partita_emitter *emitter) {
    const struct settings *settings = host;
    struct stock *message = data.ptr;
    struct list *stocks = state.ptr;
    work(settings->work_ns);
    if (!keep_stock(stocks, message)) {
        partita_emitter_fail(emitter, str("no memory for another stock"));
        return PARTITA_COMPUTE_FAILED;
    }
    free(message);
    return PARTITA_CHANGED;
}

static partita_status init_stocks(void *host, void *state) {
    struct list *stocks = state;
    (void)host;
    stocks->item_size = sizeof(struct stock);
    return PARTITA_OK;
}

static void drop_list(void *host, void *state) {
    struct list *list = state;
    (void)host;
    free(list->items);
}

/* Takes back messages that were sent and that nothing was done with. */
static void drop_stocks(void *host, const partita_value *values, size_t len) {
    (void)host;
    for (size_t i = 0; i < len; i++) {
        free(values[i].ptr);
    }
}

/* Counts messages that could not be processed. The host is a `struct list` of `struct dead`. */
static partita_status count_dead(void *host, partita_dead_letters *letters) {
    const char *at = (const char *)letters->letters;
    for (; letters->done < letters->len; letters->done++, at += letters->letter_size) {
        const partita_dead_letter *letter = (const void *)at;
        struct stock *message = letter->value.ptr;
        struct dead *dead = list_get(host, message->symbol);
        if (dead == NULL) {
            return PARTITA_FAILED;
        }
        if (letter->reason < PARTITA_DEAD_REASONS) {
            dead->counts[letter->reason]++;
        }
        free(message);
    }
    return PARTITA_OK;
}

static const char *reason_text(uint32_t reason) {
    switch (reason) {
    case PARTITA_DEAD_UNKNOWN_KEY:
        return "symbol not declared";
    case PARTITA_DEAD_PARTITION:
        return "partition function failed";
    case PARTITA_DEAD_BUILD:
        return "state not built";
    case PARTITA_DEAD_COMPUTE:
        return "computation failed";
    default:
        return "other";
    }
}

/* ---- The two forms ---- */

/* All prices in one state object: messages are computed one after another. */
static partita_status declare_one_object(partita_app app, partita_pipeline pipeline,
                                         struct settings *settings, partita_error *error) {
    partita_partition_options partition = {
        .size = sizeof partition,
        .name = str("stocks"),
        .key_kind = PARTITA_KEY_SINGLE,
        .state_size = sizeof(struct list),
        .state_init = init_stocks,
        .state_drop = drop_list,
    };
    partita_step_options step = {
        .size = sizeof step,
        .name = str("update stocks"),
        .partition = str("stocks"),
        .host = settings,
        .compute = update_stocks,
    };
    partita_status status = partita_app_add_partition(app, &partition, error);
    if (status == PARTITA_OK) {
        status = partita_pipeline_to_state_partition(pipeline, &step, error);
    }
    return status;
}

static bool collect_one_object(struct list *stocks, const void *state) {
    const struct list *from = state;
    for (size_t i = 0; i < from->len; i++) {
        const struct stock *stock = (const void *)(from->items + i * from->item_size);
        if (!keep_stock(stocks, stock)) {
            return false;
        }
    }
    return true;
}

/*
 * Each price in a state part of its own: messages of different symbols are computed in parallel.
 * Messages of any other symbol than the declared ones are dead letters.
 */
static partita_status declare_one_part_per_symbol(partita_app app, partita_pipeline pipeline,
                                                  struct settings *settings,
                                                  partita_error *error) {
    uint64_t keys[SYMBOLS];
    partita_partition_options partition = {
        .size = sizeof partition,
        .name = str("stock"),
        .key_kind = PARTITA_KEY_WORD,
        .declared = 1,
        .word_keys = keys,
        .keys_len = SYMBOLS,
        .state_size = sizeof(struct stock),
    };
    partita_step_options step = {
        .size = sizeof step,
        .name = str("update stock"),
        .partition = str("stock"),
        .host = settings,
        .word_key = symbol_partition,
        .compute = update_stock,
    };
    partita_status status;
    for (size_t i = 0; i < SYMBOLS; i++) {
        keys[i] = symbol_to_key(symbols[i]);
    }
    status = partita_app_add_partition(app, &partition, error);
    if (status == PARTITA_OK) {
        status = partita_pipeline_to_state_partition(pipeline, &step, error);
    }
    return status;
}

static bool collect_one_part(struct list *stocks, const void *state) {
    const struct stock *stock = state;
    return stock->symbol[0] == '\0' /* declared, but no message came */
           || keep_stock(stocks, stock);
}

static const struct form forms[] = {
    {"one state object", "stocks", declare_one_object, collect_one_object},
    {"one part per symbol", "stock", declare_one_part_per_symbol, collect_one_part},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

/* ---- The input ---- */

/* Copies a stream to a temporary file, to read it more than once. Returns NULL on failure. */
static FILE *copy_input(FILE *from) {
    char block[1 << 16];
    size_t len;
    FILE *to = tmpfile();
    if (to == NULL) {
        return NULL;
    }
    while ((len = fread(block, 1, sizeof block, from)) > 0) {
        if (fwrite(block, 1, len, to) < len) {
            break;
        }
    }
    if (ferror(from) || ferror(to) || fflush(to) != 0) {
        int error = errno;
        fclose(to);
        errno = error;
        return NULL;
    }
    return to;
}

/* Opens the input so that it can be read more than once. Returns NULL on failure, with errno. */
static FILE *open_input(const char *name) {
    struct stat about;
    FILE *file, *copy;
    if (strcmp(name, "-") == 0) {
        return copy_input(stdin);
    }
    file = fopen(name, "r");
    if (file == NULL || (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode))) {
        return file;
    }
    copy = copy_input(file);
    if (copy == NULL) {
        int error = errno;
        fclose(file);
        errno = error;
        return NULL;
    }
    fclose(file);
    return copy;
}

enum line { LINE_READ, LINE_LONG, LINE_NONE };

/*
 * Reads one line, without its end: LF, CR LF, or the end of the input. `line` has room for
 * LONGEST_LINE bytes and the zero behind it. A line that is too long is read up to its end.
 */
static enum line read_line(FILE *file, char *line, size_t *len_out) {
    size_t len = 0;
    int c = getc_unlocked(file);
    if (c == EOF) {
        return LINE_NONE;
    }
    for (; c != EOF && c != '\n'; c = getc_unlocked(file)) {
        if (len < LONGEST_LINE) {
            line[len] = (char)c;
        }
        len++;
    }
    if (len > LONGEST_LINE) {
        return LINE_LONG;
    }
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    line[len] = '\0';
    *len_out = len;
    return LINE_READ;
}

/* Shows a field: not all of a long one, and `?` for what cannot be printed. */
static void quote(const char *field, size_t len, char *out) {
    bool longer = len > LONGEST_QUOTE;
    *out++ = '"';
    for (size_t i = 0; i < len && i < LONGEST_QUOTE; i++) {
        *out++ = field[i] < ' ' || field[i] > '~' ? '?' : field[i];
    }
    strcpy(out, longer ? "\"..." : "\"");
}

/* Tells whether a field is a symbol: one to four ASCII letters. */
static bool is_symbol(const char *field, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if ((field[i] < 'A' || field[i] > 'Z') && (field[i] < 'a' || field[i] > 'z')) {
            return false;
        }
    }
    return len >= 1 && len <= LONGEST_SYMBOL;
}

/*
 * Makes a price of a field: a decimal number, also with an exponent, that has no minus sign and is
 * finite. Behind the field there is a zero.
 */
static bool parse_price(const char *field, size_t len, double *price_out) {
    char *end;
    if (len == 0 || field[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (field[i] == '\0' || strchr("0123456789.eE+-", field[i]) == NULL) {
            return false;
        }
    }
    *price_out = strtod(field, &end);
    return end == field + len && isfinite(*price_out);
}

/* Makes a message of a line. If it is none, `why` says what was expected. */
static bool parse_line(const char *line, size_t len, struct stock *stock, char *why,
                       size_t why_size) {
    char quoted[LONGEST_QUOTE + sizeof "\"\"..."];
    const char *date, *price;
    size_t fields = 1, symbol_len, price_len;
    for (size_t i = 0; i < len; i++) {
        fields += line[i] == ',';
    }
    if (fields != 3) {
        snprintf(why, why_size, "expected 3 fields (%s), got %zu", HEADER, fields);
        return false;
    }
    date = (const char *)memchr(line, ',', len) + 1;
    symbol_len = (size_t)(date - 1 - line);
    price = (const char *)memchr(date, ',', len - symbol_len - 1) + 1;
    price_len = (size_t)(line + len - price);
    if (!is_symbol(line, symbol_len)) {
        quote(line, symbol_len, quoted);
        snprintf(why, why_size, "expected a symbol of one to four ASCII letters, got %s", quoted);
        return false;
    }
    if (date == price - 1) {
        snprintf(why, why_size, "expected a date, got nothing");
        return false;
    }
    if (!parse_price(price, price_len, &stock->price)) {
        quote(price, price_len, quoted);
        snprintf(why, why_size, "expected a price, as 39.81, not negative, got %s", quoted);
        return false;
    }
    memset(stock->symbol, 0, sizeof stock->symbol);
    memcpy(stock->symbol, line, symbol_len);
    return true;
}

/* ---- Running a form ---- */

/* Shows how far the run is, if it is time to. */
static void show_progress(struct run *run) {
    partita_metrics metrics = {.size = sizeof metrics};
    int64_t time;
    if (run->progress == 0 || (time = now()) < run->progress) {
        return;
    }
    run->progress = time + PROGRESS_EVERY;
    if (partita_app_metrics(run->app, &metrics) == PARTITA_OK) {
        erase_progress(run);
        fprintf(stderr, "%s: %" PRIu64 " sent, %" PRIu64 " computed, %" PRId64 " s",
                run->form->title, metrics.sent, metrics.computed, (time - run->started) / SECOND);
        run->progress_shown = true;
    }
}

/* Sends copies of the stocks, up to BATCH_SIZE of them. */
static bool send_stocks(struct run *run, const struct stock *stocks, size_t len) {
    partita_value batch[BATCH_SIZE];
    partita_wait wait = {.size = sizeof wait, .timeout_ns = PROGRESS_EVERY};
    size_t sent = 0;
    for (size_t i = 0; i < len; i++) {
        batch[i].ptr = malloc(sizeof *stocks);
        if (batch[i].ptr == NULL) {
            tell(run, "no memory for another message");
            drop_stocks(NULL, batch, i);
            return false;
        }
        memcpy(batch[i].ptr, &stocks[i], sizeof *stocks);
    }
    while (sent < len) {
        size_t accepted = 0;
        partita_status status =
            partita_send(run->sender, batch + sent, len - sent, &wait, &accepted);
        sent += accepted;
        run->sent += accepted;
        if (status != PARTITA_OK && status != PARTITA_TIMEOUT) {
            partita_error error = {0};
            if (status == PARTITA_FAILED) {
                partita_app_failure(run->app, &error);
            }
            print_error(run, "send", status, error);
            drop_stocks(NULL, batch + sent, len - sent);
            return false;
        }
        show_progress(run);
    }
    return true;
}

/*
 * Sends the whole input, `repeat` times. It is read as a stream, and kept in memory only if it is
 * to be sent again.
 */
static bool feed(struct run *run, struct input *input, uint64_t repeat) {
    char line[LONGEST_LINE + 1], why[160];
    struct stock *stocks = NULL; /* what is not sent yet; all, if it is to be sent again */
    size_t len = 0, unsent = 0, capacity = 0, line_len = 0;
    bool ok = false;
    enum line kind;
    rewind(input->file);
    for (uint64_t number = 1; (kind = read_line(input->file, line, &line_len)) != LINE_NONE;
         number++) {
        struct stock stock;
        if (number == 1 && kind == LINE_READ && line_len == strlen(HEADER) &&
            memcmp(line, HEADER, line_len) == 0) {
            continue;
        }
        if (kind == LINE_LONG) {
            snprintf(why, sizeof why, "expected a line of at most %d bytes, got more",
                     LONGEST_LINE);
        }
        if (kind == LINE_LONG || !parse_line(line, line_len, &stock, why, sizeof why)) {
            if (input->report) {
                input->malformed++;
                tell(run, "line %" PRIu64 ": %s", number, why);
            }
            continue;
        }
        if (len == capacity) {
            struct stock *more;
            capacity = capacity == 0 ? BATCH_SIZE : 2 * capacity;
            more = realloc(stocks, capacity * sizeof *stocks);
            if (more == NULL) {
                tell(run, "no memory for the input");
                goto end;
            }
            stocks = more;
        }
        stocks[len++] = stock;
        if (len - unsent == BATCH_SIZE) {
            if (!send_stocks(run, stocks + unsent, len - unsent)) {
                goto end;
            }
            if (repeat > 1) {
                unsent = len;
            } else {
                len = 0;
            }
        }
    }
    if (ferror(input->file)) {
        tell(run, "read the input: %s", strerror(errno));
        goto end;
    }
    if (!send_stocks(run, stocks + unsent, len - unsent)) {
        goto end;
    }
    for (uint64_t round = 1; round < repeat; round++) {
        for (size_t at = 0; at < len; at += BATCH_SIZE) {
            size_t count = len - at < BATCH_SIZE ? len - at : BATCH_SIZE;
            if (!send_stocks(run, stocks + at, count)) {
                goto end;
            }
        }
    }
    ok = true;
end:
    free(stocks);
    return ok;
}

/* Waits until all that was sent is computed. */
static bool drain(struct run *run) {
    for (;;) {
        partita_wait wait = {.size = sizeof wait, .timeout_ns = PROGRESS_EVERY};
        partita_error error = {0};
        partita_status status = partita_app_drain(run->app, &wait, &error);
        if (status == PARTITA_OK) {
            return true;
        }
        if (status != PARTITA_TIMEOUT) {
            print_error(run, "drain", status, error);
            return false;
        }
        if (error.id != 0) {
            partita_error_free(error);
        }
        show_progress(run);
    }
}

/* Copies the stocks of all states. */
static bool read_states(struct run *run) {
    partita_reader reader;
    partita_value states[READ_SIZE];
    partita_parts parts = {.size = sizeof parts, .capacity = READ_SIZE, .states = states};
    partita_error error = {0};
    size_t len = 0;
    bool ok = true;
    partita_status status =
        partita_reader_new(run->app, str(run->form->partition), &reader, &error);
    if (status != PARTITA_OK) {
        print_error(run, "read the states", status, error);
        return false;
    }
    do {
        status = partita_reader_next(reader, &parts, &len);
        if (status != PARTITA_OK) {
            print_error(run, "read the states", status, error);
            ok = false;
        }
        for (size_t i = 0; ok && i < len; i++) {
            if (!run->form->collect(&run->stocks, states[i].ptr)) {
                tell(run, "no memory for the table");
                ok = false;
            }
        }
    } while (ok && len > 0);
    partita_reader_free(reader);
    return ok;
}

/* Declares the application of a form, and starts it. */
static bool start(struct run *run, struct settings *settings) {
    partita_app_options app = {
        .size = sizeof app,
        .name = str("stock"),
        .workers = settings->workers,
        .host = &run->dead,
        .dead_letters = count_dead,
    };
    partita_source_options source = {.size = sizeof source, .drop = drop_stocks};
    partita_pipeline pipeline;
    partita_error error = {0};
    const char *what = "declare";
    partita_status status = partita_app_new(&app, &run->app, &error);
    if (status == PARTITA_OK) {
        status = partita_app_add_pipeline(run->app, str("prices"), &pipeline, &error);
    }
    if (status == PARTITA_OK) {
        status = partita_pipeline_from_source(pipeline, &source, &error);
    }
    if (status == PARTITA_OK) {
        status = run->form->declare(run->app, pipeline, settings, &error);
    }
    if (status == PARTITA_OK) {
        status = partita_pipeline_done(pipeline, &error);
    }
    if (status == PARTITA_OK) {
        what = "start";
        status = partita_app_start(run->app, &error);
    }
    if (status == PARTITA_OK) {
        status = partita_sender_new(pipeline, &run->sender, &error);
    }
    if (status != PARTITA_OK) {
        print_error(run, what, status, error);
    }
    return status == PARTITA_OK;
}

/* Closes and frees the application, if there is one. */
static bool finish(struct run *run) {
    partita_error error = {0};
    partita_status status;
    if (run->app.id == 0) {
        return true;
    }
    status = partita_app_close(run->app, NULL, &error);
    if (status == PARTITA_OK) {
        status = partita_app_free(run->app);
    }
    if (status != PARTITA_OK) {
        print_error(run, "close", status, error);
    }
    return status == PARTITA_OK;
}

/* Prints the table, the dead letters if there are any, and the rate unless it is to be quiet. */
static void print_result(const struct run *run, bool quiet) {
    bool first = true;
    puts(run->form->title);
    printf("%-6s %10s\n", "symbol", "price");
    for (size_t i = 0; i < run->stocks.len; i++) {
        const struct stock *stock =
            (const void *)(run->stocks.items + i * run->stocks.item_size);
        printf("%-6s %10.2f\n", stock->symbol, stock->price);
    }
    for (size_t i = 0; i < run->dead.len; i++) {
        const struct dead *dead = (const void *)(run->dead.items + i * run->dead.item_size);
        if (first) {
            puts("dead letters");
            printf("%-6s %10s  %s\n", "symbol", "count", "reason");
            first = false;
        }
        for (uint32_t reason = 0; reason < PARTITA_DEAD_REASONS; reason++) {
            if (dead->counts[reason] > 0) {
                printf("%-6s %10" PRIu64 "  %s\n", dead->symbol, dead->counts[reason],
                       reason_text(reason));
            }
        }
    }
    if (!quiet) {
        double seconds = (double)run->elapsed / (double)SECOND;
        double rate = seconds > 0 ? (double)run->sent / seconds : 0;
        printf("%" PRIu64 " messages in %.3f s, %.0f messages/s\n", run->sent, seconds, rate);
    }
}

/* Runs one form, and prints what it came to. */
static bool run_form(const struct form *form, struct settings *settings, struct input *input) {
    struct run run = {
        .form = form,
        .dead = {.item_size = sizeof(struct dead)},
        .stocks = {.item_size = sizeof(struct stock)},
    };
    bool ok = start(&run, settings), closed;
    if (ok) {
        run.started = now();
        if (!settings->quiet && isatty(STDERR_FILENO)) {
            run.progress = run.started + PROGRESS_AFTER;
        }
        ok = feed(&run, input, settings->repeat) && drain(&run);
        run.elapsed = now() - run.started;
        erase_progress(&run);
        ok = ok && read_states(&run);
    }
    closed = finish(&run);
    ok = ok && closed;
    if (ok) {
        print_result(&run, settings->quiet);
        if (fflush(stdout) != 0) {
            tell(&run, "write the table: %s", strerror(errno));
            ok = false;
        }
    }
    if (closed) {
        free(run.dead.items);
    }
    free(run.stocks.items);
    return ok;
}

/* ---- Flags ---- */

static void usage(FILE *out) {
    fputs("Usage: stock [-in FILE] [-workers N] [-repeat N] [-work DURATION] [-quiet]\n"
          "  -in FILE        read prices from FILE, lines of symbol,date,price; - is standard\n"
          "                  input (default " DEFAULT_INPUT ")\n"
          "  -workers N      run with N workers; 0 is the default of Partita\n"
          "  -repeat N       send the whole input N times (default 1)\n"
          "  -work DURATION  spend DURATION of processor time on each message, as 20us\n"
          "  -quiet          print no progress and no rate\n",
          out);
}

/* Reads a number of digits only. */
static bool parse_count(const char *text, uint64_t least, uint64_t most, uint64_t *count_out) {
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *count_out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *count_out >= least && *count_out <= most;
}

/* Reads a time: a decimal number and one of the units ns, us, ms and s; or 0. */
static bool parse_duration(const char *text, int64_t *ns_out) {
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    size_t number_len = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);
    if (number_len == 0 || end != text + number_len) {
        return false;
    }
    if (number == 0 && *end == '\0') {
        *ns_out = 0;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].name) == 0 && number * units[i].ns < 1e18) {
            *ns_out = (int64_t)(number * units[i].ns);
            return true;
        }
    }
    return false;
}

/* Reads the flags: -name VALUE or -name=VALUE, with one dash or two. Tells what is wrong. */
static bool parse_flags(int argc, char **argv, struct settings *settings, bool *help_out) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value;
        size_t name_len;
        uint64_t count;
        if (name[0] != '-' || name[1] == '\0') {
            tell(NULL, "expected flags only, got \"%s\"", name);
            return false;
        }
        name += name[1] == '-' ? 2 : 1;
        name_len = strcspn(name, "=");
        value = name[name_len] == '=' ? name + name_len + 1 : NULL;
#define IS(flag) (name_len == strlen(flag) && memcmp(name, flag, name_len) == 0)
        if (IS("h") || IS("help")) {
            *help_out = true;
            return true;
        }
        if (IS("quiet") && value == NULL) {
            settings->quiet = true;
            continue;
        }
        if (!IS("in") && !IS("workers") && !IS("repeat") && !IS("work")) {
            tell(NULL, "unknown flag %s", argv[i]);
            return false;
        }
        if (value == NULL && ++i < argc) {
            value = argv[i];
        }
        if (value == NULL) {
            tell(NULL, "-%s: expected a value", name);
            return false;
        }
        if (IS("in")) {
            settings->in = value;
        } else if (IS("workers")) {
            if (!parse_count(value, 0, UINT32_MAX, &count)) {
                tell(NULL, "-workers: expected 0 or more, got %s", value);
                return false;
            }
            settings->workers = (uint32_t)count;
        } else if (IS("repeat")) {
            if (!parse_count(value, 1, UINT64_MAX, &settings->repeat)) {
                tell(NULL, "-repeat: expected 1 or more, got %s", value);
                return false;
            }
        } else if (!parse_duration(value, &settings->work_ns)) {
            tell(NULL, "-work: expected a time, as 20us, 1.5ms or 1s, got %s", value);
            return false;
        }
#undef IS
    }
    return true;
}

int main(int argc, char **argv) {
    struct settings settings = {.in = NULL, .repeat = 1};
    struct input input = {.report = true};
    const char *name;
    bool help = false, ok = true;
    if (!parse_flags(argc, argv, &settings, &help)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (help) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    name = settings.in != NULL ? settings.in : DEFAULT_INPUT;
    input.file = open_input(name);
    if (input.file == NULL) {
        tell(NULL, "%s: %s", name, strerror(errno));
        if (settings.in == NULL) {
            fputs("Run it in the top directory of the project, or say -in FILE.\n", stderr);
        }
        return EXIT_FAILED;
    }
    for (size_t i = 0; ok && i < FORMS; i++) {
        if (i > 0) {
            putchar('\n');
        }
        ok = run_form(&forms[i], &settings, &input);
        input.report = false; /* the second form reads the same lines */
    }
    fclose(input.file);
    if (!ok) {
        return EXIT_FAILED;
    }
    if (input.malformed > 0) {
        tell(NULL, "malformed lines left out: %" PRIu64, input.malformed);
        return EXIT_MALFORMED;
    }
    return EXIT_SUCCESS;
}
