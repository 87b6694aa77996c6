/* Sources that listen and sinks that connect, through real sockets. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A message is a word; what is decoded and not encoded, dropped or dead is counted here. */
static long held;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int hosts, dead_frames, records;
static char last_frame[64];

static void hold(long more) {
    pthread_mutex_lock(&lock);
    held += more;
    pthread_mutex_unlock(&lock);
}

static void drop_host(void *host) {
    (void)host;
    pthread_mutex_lock(&lock);
    hosts--;
    pthread_mutex_unlock(&lock);
}

static void drop(void *host, const partita_value *values, size_t len) {
    (void)host, (void)values;
    hold(-(long)len);
}

/* Frames are numbers in decimal; "skip" is filtered, with "lie" it claims too much, and the rest fails. */
static partita_status decode(void *host, partita_decode *decode) {
    (void)host;
    CHECK_EQ(decode->size, sizeof *decode);
    for (; decode->done < decode->len; decode->done++) {
        const partita_frame *frame = &decode->frames[decode->done];
        CHECK(frame->start + frame->len <= frame->end && frame->end <= decode->bytes.len);
        char text[32] = {0}, *end;
        memcpy(text, decode->bytes.ptr + frame->start, frame->len < 31 ? frame->len : 31);
        if (strcmp(text, "skip") == 0) {
            decode->filtered[decode->done] = PARTITA_FILTERED_FRAME;
            continue;
        }
        if (strcmp(text, "lie") == 0) {
            decode->done = decode->len + 1;
            return PARTITA_OK;
        }
        decode->values[decode->done].word = strtoull(text, &end, 10);
        if (*end || end == text) {
            decode->failure.len = (size_t)snprintf(decode->failure.text, decode->failure.capacity, "no number");
            return PARTITA_FAILED;
        }
        hold(1);
    }
    return PARTITA_OK;
}

static partita_status decode_one(void *host, partita_bytes frame, partita_value *value_out,
                                 partita_failure *failure) {
    partita_frame whole = {0, frame.len, frame.len};
    uint8_t filtered = 0;
    partita_decode one = {sizeof one, frame, 1, &whole, value_out, &filtered, 0, *failure};
    partita_status status = decode(host, &one);
    failure->len = one.failure.len;
    return filtered ? PARTITA_FILTERED : status;
}

/* The header is one byte: how many follow. 255 makes no sense. */
static uint64_t payload_length(void *host, const uint8_t *header, size_t len) {
    (void)host;
    CHECK_EQ(len, 1);
    return header[0];
}

static partita_status split(void *host, partita_split *split) {
    (void)host;
    size_t at = 0;
    while (split->done < split->capacity && at < split->bytes.len) {
        size_t len = split->bytes.ptr[at];
        if (len == 255) {
            split->failure.len = (size_t)snprintf(split->failure.text, split->failure.capacity, "it is 255");
            return PARTITA_FAILED;
        }
        split->frames[split->done++] = (partita_frame){at + 1, len, at + 1 + len};
        at += 1 + len;
    }
    return PARTITA_OK;
}

/* Lines; of a message that is 0, as many bytes as a mebibyte has. */
static size_t line(uint64_t word, char *room) {
    if (word != 0) return (size_t)sprintf(room, "%llu\n", (unsigned long long)word);
    memset(room, '.', 1 << 20);
    room[(1 << 20) - 1] = '\n';
    return 1 << 20;
}

static char lines[1 << 20];

static partita_status encode(void *host, partita_encode *encode) {
    (void)host;
    size_t used = 0;
    for (; encode->done < encode->len; encode->done++) {
        size_t len = line(encode->values[encode->done].word, lines);
        if (len > encode->capacity - used) {
            encode->needed = len;
            return PARTITA_OUTPUTS_FULL;
        }
        memcpy(encode->bytes + used, lines, len);
        encode->ends[encode->done] = used += len;
        hold(-1);
    }
    return PARTITA_OK;
}

static partita_status encode_one(void *host, partita_value value, uint8_t *bytes, size_t capacity,
                                 size_t *len_out, partita_failure *failure) {
    (void)host;
    if (value.word == 13) {
        failure->len = (size_t)snprintf(failure->text, failure->capacity, "bad luck");
        return PARTITA_FAILED;
    }
    *len_out = line(value.word, lines);
    if (*len_out > capacity) return PARTITA_OK;
    memcpy(bytes, lines, *len_out);
    hold(-1);
    return PARTITA_OK;
}

static partita_status bury(void *host, partita_dead_letters *letters) {
    (void)host;
    for (; letters->done < letters->len; letters->done++) {
        const partita_dead_letter *letter = &letters->letters[letters->done];
        if (letter->reason != PARTITA_DEAD_DECODE) {
            hold(-1);
            continue;
        }
        pthread_mutex_lock(&lock);
        CHECK(letter->frame.len < sizeof last_frame);
        memcpy(last_frame, letter->frame.ptr, letter->frame.len);
        last_frame[letter->frame.len] = 0;
        dead_frames++;
        pthread_mutex_unlock(&lock);
    }
    return PARTITA_OK;
}

static void note(void *host, const partita_log_record *record) {
    (void)host;
    CHECK(record->size == sizeof *record && record->path.len > 0 && record->text.len > 0);
    pthread_mutex_lock(&lock);
    records++;
    pthread_mutex_unlock(&lock);
}

/* ---- sockets ---- */

static int socket_of(struct sockaddr_in *address, uint16_t port) {
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(socket_ >= 0);
    struct timeval patience = {.tv_sec = 60};
    CHECK_EQ(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return socket_;
}

/* Listens for the sink; gives the address in `text`. */
static int peer(char text[32]) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int listener = socket_of(&address, 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, size), 0);
    CHECK_EQ(listen(listener, 1), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(text, 32, "127.0.0.1:%u", ntohs(address.sin_port));
    return listener;
}

static FILE *accepted(int listener) {
    int socket_ = accept(listener, NULL, NULL);
    CHECK(socket_ >= 0);
    struct timeval patience = {.tv_sec = 60};
    CHECK_EQ(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    FILE *file = fdopen(socket_, "r");
    CHECK(file != NULL);
    return file;
}

static int client(partita_pipeline pipeline) {
    char text[64];
    size_t len;
    CHECK_OK(partita_pipeline_address(pipeline, text, sizeof text, &len));
    CHECK(strncmp(text, "127.0.0.1:", 10) == 0 && strlen(text) == len);
    struct sockaddr_in address;
    int socket_ = socket_of(&address, (uint16_t)atoi(text + 10));
    CHECK_EQ(connect(socket_, (struct sockaddr *)&address, sizeof address), 0);
    return socket_;
}

static void say(int socket_, const void *bytes, size_t len) {
    CHECK_EQ(send(socket_, bytes, len, MSG_NOSIGNAL), len);
}

static void expect(FILE *file, unsigned long long word) {
    unsigned long long found = 0;
    CHECK_EQ(fscanf(file, "%llu", &found), 1);
    CHECK_EQ(fgetc(file), '\n');
    CHECK_EQ(found, word);
}

/* ---- an application that passes on what it gets ---- */

typedef struct passing {
    partita_app app;
    partita_pipeline pipeline;
    partita_sink sink;
    int listener;
    char out[32];
} passing;

static partita_error error;

static void declare(passing *passing, partita_tcp_source_options source, bool one) {
    partita_app_options options = {.size = sizeof options,
                                   .name = PARTITA_STR("c"),
                                   .workers = 2,
                                   .drop_host = drop_host,
                                   .dead_letters = bury,
                                   .log = note};
    hosts += 3;
    passing->listener = peer(passing->out);
    CHECK_OK(partita_app_new(&options, &passing->app, NULL));
    CHECK_OK(partita_app_add_pipeline(passing->app, (partita_str)PARTITA_STR("p"), &passing->pipeline, NULL));
    source.size = sizeof source;
    source.drop = drop;
    source.drop_host = drop_host;
    if (source.address.ptr == NULL) source.address = (partita_str)PARTITA_STR(":0");
    if (one) {
        source.decode_frame = decode_one;
    } else {
        source.decode = decode;
    }
    CHECK_OK(partita_pipeline_from_tcp(passing->pipeline, &source, NULL));
    partita_tcp_sink_options sink = {.size = sizeof sink,
                                     .name = PARTITA_STR("out"),
                                     .policy = PARTITA_POLICY_SKIP,
                                     .drop_host = drop_host,
                                     .address = {passing->out, strlen(passing->out)},
                                     .reconnect_min_ns = 1000000};
    if (one) {
        sink.encode_message = encode_one;
    } else {
        sink.encode = encode;
    }
    CHECK_OK(partita_pipeline_to_tcp(passing->pipeline, &sink, &passing->sink, NULL));
}

static void close_all(passing *passing) {
    partita_wait patience = {.size = sizeof patience, .timeout_ns = INT64_C(60000000000)};
    CHECK_OK(partita_app_drain(passing->app, &patience, NULL));
    CHECK_OK(partita_app_close(passing->app, &patience, NULL));
    partita_metrics metrics = {.size = sizeof metrics};
    CHECK_OK(partita_app_metrics(passing->app, &metrics));
    CHECK_EQ(metrics.values_held, 0);
    partita_traffic traffic = {.size = sizeof traffic};
    CHECK_OK(partita_pipeline_traffic(passing->pipeline, &traffic));
    CHECK_EQ(traffic.connections, 0);
    CHECK_EQ(traffic.frames, metrics.sent + traffic.filtered + metrics.dead[PARTITA_DEAD_DECODE]);
    CHECK_OK(partita_sink_traffic(passing->sink, &traffic));
    CHECK(traffic.bytes > 0 && traffic.connections == 0);
    CHECK_OK(partita_app_free(passing->app));
    close(passing->listener);
    CHECK_EQ(held, 0);
    CHECK_EQ(hosts, 0);
}

static void what_comes_in_goes_out(bool one) {
    passing passing;
    dead_frames = 0;
    declare(&passing, (partita_tcp_source_options){.framing = PARTITA_FRAMING_LINES}, one);
    CHECK_OK(partita_app_start(passing.app, NULL));
    FILE *out = accepted(passing.listener);
    int in = client(passing.pipeline);
    const char text[] = "1\nskip\n2\nwhat?\n3\n";
    say(in, text, sizeof text - 1);
    for (unsigned long long word = 1; word <= 3; word++) expect(out, word);
    say(in, "0\n4\n", 4);
    for (int byte = 1; byte < 1 << 20; byte++) CHECK_EQ(fgetc(out), '.');
    CHECK_EQ(fgetc(out), '\n');
    expect(out, 4);
    if (one) say(in, "13\n", 3);
    close(in);
    close_all(&passing);
    CHECK_EQ(dead_frames, 1);
    CHECK(strcmp(last_frame, "what?") == 0 && records > 0);
    fclose(out);
}

static void each_framing_cuts_its_frames(void) {
    static const struct {
        uint32_t framing;
        bool many;
        const char *bytes;
        size_t len;
    } cases[] = {
        {PARTITA_FRAMING_LENGTH, false, "\0\0\0\1" "7" "\0\0\0\2" "42", 11},
        {PARTITA_FRAMING_FIXED, false, " 7" "42", 4},
        {PARTITA_FRAMING_HEADER, false, "\1" "7" "\2" "42", 5},
        {PARTITA_FRAMING_HEADER, true, "\1" "7" "\2" "42", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool header = cases[i].framing == PARTITA_FRAMING_HEADER;
        passing passing;
        partita_tcp_source_options source = {.framing = cases[i].framing,
                                             .frame_size = cases[i].framing == PARTITA_FRAMING_FIXED ? 2 : 0,
                                             .header_length = header,
                                             .payload_length = header && !cases[i].many ? payload_length : NULL,
                                             .split = cases[i].many ? split : NULL};
        declare(&passing, source, i % 2 == 0);
        CHECK_OK(partita_app_start(passing.app, NULL));
        FILE *out = accepted(passing.listener);
        int in = client(passing.pipeline);
        for (size_t byte = 0; byte < cases[i].len; byte++) say(in, &cases[i].bytes[byte], 1);
        expect(out, 7);
        expect(out, 42);
        if (cases[i].many) {
            say(in, "\xff", 1);
            char end;
            CHECK(recv(in, &end, 1, 0) <= 0);
        }
        close(in);
        close_all(&passing);
        fclose(out);
    }
}

/* The peer resets its connection while more is on the way: this process goes on, and so does the sink. */
static void a_reset_does_not_end_the_process(void) {
    passing passing;
    declare(&passing, (partita_tcp_source_options){.framing = PARTITA_FRAMING_LINES}, false);
    CHECK_OK(partita_app_start(passing.app, NULL));
    int in = client(passing.pipeline);
    for (unsigned long long round = 1; round <= 20; round++) {
        FILE *out = accepted(passing.listener);
        char text[32];
        say(in, text, (size_t)sprintf(text, "%llu\n0\n0\n0\n", round));
        expect(out, round);
        struct linger at_once = {.l_onoff = 1};
        CHECK_EQ(setsockopt(fileno(out), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        fclose(out);
        /* What was written and not read is lost; what was cut comes again before the next. */
        out = accepted(passing.listener);
        say(in, "77\n", 3);
        unsigned long long found = 0;
        while (found != 77) {
            int byte = fgetc(out);
            CHECK(byte != EOF);
            found = byte == '\n' ? 0 : byte == '.' ? 0 : found * 10 + (unsigned long long)(byte - '0');
        }
        CHECK_EQ(setsockopt(fileno(out), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        fclose(out);
    }
    FILE *out = accepted(passing.listener);
    close(in);
    close_all(&passing);
    fclose(out);
}

static void an_address_in_use_is_told_and_the_application_starts_later(void) {
    char taken[32];
    int listener = peer(taken);
    passing passing;
    declare(&passing, (partita_tcp_source_options){.address = {taken, strlen(taken)}}, false);
    CHECK_REFUSED(partita_app_start(passing.app, &error), error, PARTITA_ADDRESS, "in use");
    CHECK_STATUS(partita_pipeline_address(passing.pipeline, NULL, 0, NULL), PARTITA_NOT_STARTED);
    close(listener);
    CHECK_OK(partita_app_start(passing.app, &error));
    FILE *out = accepted(passing.listener);
    int in = client(passing.pipeline);
    say(in, "\0\0\0\1" "5", 5);
    expect(out, 5);
    close(in);
    close_all(&passing);
    fclose(out);
}

/* What a decoder claims that claims too much is nobody's: it is not dropped either. */
static void a_decoder_that_lies_ends_its_application(void) {
    passing passing;
    declare(&passing, (partita_tcp_source_options){.framing = PARTITA_FRAMING_LINES}, false);
    CHECK_OK(partita_app_start(passing.app, NULL));
    int in = client(passing.pipeline);
    say(in, "lie\n", 4);
    partita_wait patience = {.size = sizeof patience, .timeout_ns = INT64_C(60000000000)};
    CHECK_REFUSED(partita_app_wait(passing.app, &patience, &error), error, PARTITA_FAILED,
                  "it claims 2 messages of 1 frames");
    CHECK_OK(partita_app_close(passing.app, &patience, NULL));
    CHECK_OK(partita_app_free(passing.app));
    close(in);
    close(passing.listener);
    CHECK_EQ(held, 0);
    CHECK_EQ(hosts, 0);
}

static void mistakes_are_told(void) {
    partita_app_options options = {
        .size = sizeof options, .name = PARTITA_STR("c"), .threads = PARTITA_THREADS_NONE};
    partita_app app;
    partita_pipeline pipeline;
    partita_sink queue;
    partita_traffic traffic = {.size = sizeof traffic};
    CHECK_OK(partita_app_new(&options, &app, NULL));
    CHECK_OK(partita_app_add_pipeline(app, (partita_str)PARTITA_STR("p"), &pipeline, NULL));
    partita_tcp_source_options source = {.size = sizeof source, .address = PARTITA_STR(":0")};
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "one of decode and decode_frame");
    source.decode = decode;
    source.framing = 9;
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "framing 9 is unknown");
    source.framing = PARTITA_FRAMING_HEADER;
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "one of payload_length and split");
    source.split = split;
    source.payload_length = payload_length;
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "both set");
    source.split = NULL;
    source.idle_ns = -5;
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "idle_ns is -5");
    source.idle_ns = PARTITA_FOREVER;
    source.ack_request.len = 3;
    CHECK_REFUSED(partita_pipeline_from_tcp(pipeline, &source, &error), error, PARTITA_INVALID_ARGUMENT,
                  "ack_request.ptr is NULL");
    source.ack_request.len = 0;
    CHECK_OK(partita_pipeline_from_tcp(pipeline, &source, &error));
    partita_tcp_sink_options sink = {.size = sizeof sink, .name = PARTITA_STR("s"), .address = PARTITA_STR("x")};
    CHECK_REFUSED(partita_pipeline_to_tcp(pipeline, &sink, NULL, &error), error, PARTITA_INVALID_ARGUMENT,
                  "one of encode and encode_message");
    sink.encode = encode;
    CHECK_OK(partita_pipeline_to_tcp(pipeline, &sink, NULL, &error));
    partita_sink_options plain = {.size = sizeof plain, .name = PARTITA_STR("q")};
    CHECK_OK(partita_pipeline_to_sink(pipeline, &plain, &queue, &error));
    CHECK_REFUSED(partita_app_start(app, &error), error, PARTITA_INVALID_TOPOLOGY, "needs a thread of its own");
    CHECK_REFUSED(partita_app_start(app, &error), error, PARTITA_INVALID_TOPOLOGY, "bytes of a header");
    CHECK_REFUSED(partita_app_start(app, &error), error, PARTITA_INVALID_TOPOLOGY, "the address is \"x\"");
    CHECK_STATUS(partita_sink_traffic(queue, &traffic), PARTITA_NOT_STARTED);
    CHECK_OK(partita_app_free(app));
}

int main(void) {
    what_comes_in_goes_out(false);
    what_comes_in_goes_out(true);
    each_framing_cuts_its_frames();
    a_reset_does_not_end_the_process();
    an_address_in_use_is_told_and_the_application_starts_later();
    a_decoder_that_lies_ends_its_application();
    mistakes_are_told();
    return 0;
}
