/* Memory whose size somebody else chooses, and threads, that cannot be had: a clean error, and the application goes
 * on, or can be closed. The program stands between the library and the system: see tests/tools/scarce.sh. */
#include "../little.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what refuses ---- */

/* Memory of so many bytes or more is refused, but for the first `granted` pieces; and threads, but for the first. */
static struct {
    pthread_mutex_t lock;
    size_t bytes;
    int granted, refused;
    int threads;
} scarce = {.lock = PTHREAD_MUTEX_INITIALIZER, .bytes = SIZE_MAX, .threads = -1};

static bool is_refused(size_t bytes) {
    pthread_mutex_lock(&scarce.lock);
    bool refused = bytes >= scarce.bytes && scarce.granted-- <= 0;
    scarce.refused += refused;
    pthread_mutex_unlock(&scarce.lock);
    if (refused) errno = ENOMEM;
    return refused;
}

static void refuse_memory(size_t bytes, int granted) {
    pthread_mutex_lock(&scarce.lock);
    scarce.bytes = bytes, scarce.granted = granted, scarce.refused = 0;
    pthread_mutex_unlock(&scarce.lock);
}

/* All can be had again; tells how often something could not. */
static int relent(void) {
    pthread_mutex_lock(&scarce.lock);
    scarce.bytes = SIZE_MAX;
    int refused = scarce.refused;
    pthread_mutex_unlock(&scarce.lock);
    return refused;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
int __real_posix_memalign(void **block_out, size_t align, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
int __wrap_posix_memalign(void **block_out, size_t align, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

void *__wrap_malloc(size_t size) { return is_refused(size) ? NULL : __real_malloc(size); }

void *__wrap_calloc(size_t count, size_t size) {
    return is_refused(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) { return is_refused(size) ? NULL : __real_realloc(block, size); }

int __wrap_posix_memalign(void **block_out, size_t align, size_t size) {
    return is_refused(size) ? ENOMEM : __real_posix_memalign(block_out, align, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    if (scarce.threads == 0) return EAGAIN;
    scarce.threads -= scarce.threads > 0;
    return __real_pthread_create(thread, attributes, run, argument);
}

/* ---- room for outputs ---- */

enum { MANY = 1 << 16, MANY_BYTES = MANY * 8 };

/* How often there was no room. */
static counter refused = COUNTER;

static partita_status reserve_in_run(void *host, partita_run *run) {
    (void)host;
    for (; run->done < run->len; run->done++) {
        size_t had = run->outputs_capacity;
        run->outputs[run->outputs_len++] = (partita_output){run->values[run->done], run->done};
        /* The memory that was had is lent again. */
        if (had >= MANY) continue;
        refuse_memory(MANY_BYTES, 0);
        CHECK_STATUS(partita_run_reserve(run, MANY), PARTITA_INVALID_ARGUMENT);
        int times = relent();
        CHECK_EQ(times, 1);
        counter_add(&refused, 1);
        CHECK_EQ(run->outputs_capacity, had);
        CHECK_OK(partita_run_reserve(run, MANY));
        CHECK(run->outputs_capacity >= MANY);
    }
    return PARTITA_OK;
}

static void outputs_of_a_run_that_cannot_be_had_are_refused(void) {
    little little = LITTLE(.run = reserve_in_run);
    little_start(&little);
    little_works(&little);
    little_finish(&little);
    CHECK(counter_read(&refused) > 0);
}

static const partita_bytes names[] = {{(const uint8_t *)"zero", 4}, {(const uint8_t *)"one", 3}};

/* Passes messages on with their keys; there is no room for more outputs, or none for as many keys. */
static partita_status reserve_in_chain(void *host, partita_chain *chain) {
    (void)host;
    for (size_t index = 0; index < chain->len; index++) {
        partita_value value = chain->values[index];
        if (chain->word_keys) chain->word_keys[index] = value.word % LITTLE_KEYS;
        else chain->byte_keys[index] = names[value.word % 2];
        chain->outputs[index] = (partita_output){value, index};
        chain->outputs_len = chain->keys_len = chain->completed[0] = index + 1;
    }
    for (int granted = 0; granted < 2; granted++) {
        size_t had = chain->outputs_capacity;
        refuse_memory(MANY_BYTES, granted);
        CHECK_STATUS(partita_chain_reserve(chain, MANY), PARTITA_INVALID_ARGUMENT);
        CHECK_EQ(relent(), 1);
        CHECK_EQ(chain->outputs_capacity, had);
    }
    for (size_t index = 0; index < chain->len; index++) {
        CHECK_EQ(chain->outputs[index].value.word, chain->values[index].word);
    }
    return PARTITA_OK;
}

static partita_status name_keys(void *host, partita_keys *keys) {
    (void)host;
    for (; keys->done < keys->len; keys->done++) {
        if (keys->words) keys->words[keys->done] = keys->values[keys->done].word % LITTLE_KEYS;
        else keys->bytes[keys->done] = names[keys->values[keys->done].word % 2];
    }
    return PARTITA_OK;
}

static void outputs_of_a_chain_and_keys_that_cannot_be_had_are_refused(uint32_t key_kind) {
    little little = LITTLE(.keys = name_keys);
    partita_app_options app = little_app(&little, "little");
    partita_partition_options partition = little_partition(&little, "counts");
    partita_source_options source = little_source(&little);
    partita_computation_options pass = {.size = sizeof pass,
                                        .name = PARTITA_STR("pass"),
                                        .host = &little,
                                        .drop_host = little_release,
                                        .chain = reserve_in_chain,
                                        .drop = little_drop};
    partita_step_options step = little_step(&little, "count", "counts");
    partita_sink_options sink = little_sink(&little, "out");
    partition.key_kind = key_kind, step.chain = reserve_in_chain;
    CHECK_OK(partita_app_new(&app, &little.app, NULL));
    CHECK_OK(partita_app_add_partition(little.app, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(little.app, str("words"), &little.pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little.pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to(little.pipeline, &pass, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(little.pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_to_sink(little.pipeline, &sink, &little.sink, NULL));
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    little_send(&little, 100);
    little_poll(&little, 100);
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
}

/* ---- states ---- */

enum { STATE_BYTES = 1 << 20 };

static void a_message_whose_state_cannot_be_had_dies(void) {
    little little = LITTLE(.policy = PARTITA_POLICY_SKIP);
    partita_app_options app = little_app(&little, "little");
    partita_partition_options partition = little_partition(&little, "counts");
    partita_source_options source = little_source(&little);
    partita_step_options step = little_step(&little, "count", "counts");
    partita_sink_options sink = little_sink(&little, "out");
    partition.state_size = STATE_BYTES;
    CHECK_OK(partita_app_new(&app, &little.app, NULL));
    CHECK_OK(partita_app_add_partition(little.app, &partition, NULL));
    CHECK_OK(partita_app_add_pipeline(little.app, str("words"), &little.pipeline, NULL));
    CHECK_OK(partita_pipeline_from_source(little.pipeline, &source, NULL));
    CHECK_OK(partita_pipeline_to_state_partition(little.pipeline, &step, NULL));
    CHECK_OK(partita_pipeline_to_sink(little.pipeline, &sink, &little.sink, NULL));
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    refuse_memory(STATE_BYTES, 3);
    little_send(&little, LITTLE_KEYS);
    little_poll(&little, 3);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    CHECK(relent() > 0);
    CHECK_EQ(metrics_of(little.app).dead[PARTITA_DEAD_BUILD], LITTLE_KEYS - 3);
    little_works(&little);
    little_finish(&little);
}

/* ---- sockets ---- */

static int listening(uint16_t *port_out) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, len), 0);
    CHECK_EQ(listen(listener, 1), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *port_out = ntohs(address.sin_port);
    return listener;
}

static int connected(partita_pipeline pipeline) {
    char text[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_OK(partita_pipeline_address(pipeline, text, sizeof text, NULL));
    address.sin_port = htons((uint16_t)atoi(strrchr(text, ':') + 1));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

enum { LONG_BYTES = 4 << 20 };

static little *peer;

/* A word is as many bytes as it says. */
static partita_status encode(void *host, partita_value value, uint8_t *bytes, size_t capacity, size_t *len_out,
                             partita_failure *failure) {
    (void)host, (void)failure;
    *len_out = value.word;
    if (value.word > capacity) return PARTITA_OK;
    memset(bytes, '.', value.word);
    little_back(peer, 1);
    return PARTITA_OK;
}

static partita_status decode(void *host, partita_bytes frame, partita_value *value_out, partita_failure *failure) {
    (void)host, (void)failure;
    value_out->word = frame.len;
    little_given(peer, 1);
    return PARTITA_OK;
}

static void listen_and_connect(little *little, const char *address) {
    partita_app_options app = little_app(little, "net");
    partita_tcp_source_options source = {.size = sizeof source,
                                         .address = PARTITA_STR("127.0.0.1:0"),
                                         .decode_frame = decode,
                                         .host = little,
                                         .drop_host = little_release,
                                         .drop = little_drop,
                                         .frame_max = 2 * LONG_BYTES};
    partita_tcp_sink_options sink = {.size = sizeof sink,
                                     .name = PARTITA_STR("out"),
                                     .policy = PARTITA_POLICY_SKIP,
                                     .host = little,
                                     .drop_host = little_release,
                                     .address = str(address),
                                     .encode_message = encode};
    partita_sink_options queue = little_sink(little, "out");
    peer = little;
    CHECK_OK(partita_app_new(&app, &little->app, NULL));
    CHECK_OK(partita_app_add_pipeline(little->app, str("words"), &little->pipeline, NULL));
    CHECK_OK(partita_pipeline_from_tcp(little->pipeline, &source, NULL));
    if (*address) CHECK_OK(partita_pipeline_to_tcp(little->pipeline, &sink, &little->sink, NULL));
    else CHECK_OK(partita_pipeline_to_sink(little->pipeline, &queue, &little->sink, NULL));
}

static void a_message_whose_bytes_cannot_be_had_dies(void) {
    little little = LITTLE();
    char address[32], byte;
    uint16_t port;
    int listener = listening(&port);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    listen_and_connect(&little, address);
    CHECK_OK(partita_app_start(little.app, NULL));
    CHECK_OK(partita_sender_new(little.pipeline, &little.sender, NULL));
    int accepted = accept(listener, NULL, NULL);
    partita_value values[] = {word(1), word(LONG_BYTES), word(2)};
    size_t sent;
    little_given(&little, 3);
    refuse_memory(LONG_BYTES, 0);
    CHECK_OK(partita_send(little.sender, values, 3, &soon, &sent));
    for (int index = 0; index < 3; index++) CHECK_EQ(read(accepted, &byte, 1), 1);
    CHECK_OK(partita_app_drain(little.app, &soon, NULL));
    CHECK_EQ(relent(), 1);
    CHECK_EQ(metrics_of(little.app).dead[PARTITA_DEAD_SINK], 1);
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
    close(accepted), close(listener);
}

static void send_all(int client, uint32_t len) {
    static char bytes[1 << 16];
    uint32_t header = htonl(len);
    CHECK_EQ(send(client, &header, sizeof header, MSG_NOSIGNAL), sizeof header);
    for (uint32_t left = len; left > 0;) {
        ssize_t sent = send(client, bytes, left < sizeof bytes ? left : sizeof bytes, MSG_NOSIGNAL);
        /* It was disconnected. */
        if (sent <= 0) return;
        left -= (uint32_t)sent;
    }
}

static void a_client_whose_frame_cannot_be_had_is_disconnected(void) {
    little little = LITTLE();
    char byte;
    listen_and_connect(&little, "");
    CHECK_OK(partita_app_start(little.app, NULL));
    int large = connected(little.pipeline);
    refuse_memory(LONG_BYTES / 2, 0);
    send_all(large, LONG_BYTES);
    CHECK(read(large, &byte, 1) <= 0);
    CHECK(relent() > 0);
    close(large);
    int small = connected(little.pipeline);
    send_all(small, 5);
    little_poll(&little, 1);
    close(small);
    finish(little.app);
    CHECK_EQ(counter_read(&little.held), 0);
}

/* ---- threads ---- */

/* Two workers, two threads that block, one for sockets: whichever cannot be started, the application can be closed. */
static void an_application_whose_thread_cannot_be_started_can_be_closed(void) {
    for (int granted = 0; granted <= 5; granted++) {
        little little = LITTLE(.workers = 2);
        partita_error error;
        listen_and_connect(&little, "");
        partita_partition_options partition = little_partition(&little, "counts");
        partita_pipeline pipeline;
        partita_source_options source = little_source(&little);
        partita_step_options step = little_step(&little, "count", "counts");
        step.blocking = 2;
        CHECK_OK(partita_app_add_partition(little.app, &partition, NULL));
        CHECK_OK(partita_app_add_pipeline(little.app, str("blocking"), &pipeline, NULL));
        CHECK_OK(partita_pipeline_from_source(pipeline, &source, NULL));
        CHECK_OK(partita_pipeline_to_state_partition(pipeline, &step, NULL));
        CHECK_OK(partita_pipeline_done(pipeline, NULL));
        scarce.threads = granted;
        partita_status started = partita_app_start(little.app, &error);
        scarce.threads = -1;
        CHECK_EQ(started, granted < 5 ? PARTITA_THREAD : PARTITA_OK);
        if (started != PARTITA_OK) {
            check_error(error, "application \"net\"", "partita_app_start", __FILE__, __LINE__);
            size_t accepted;
            CHECK_OK(partita_sender_new(pipeline, &little.sender, NULL));
            CHECK_STATUS(little_send_until(&little, 1, NULL, &accepted), PARTITA_CLOSED);
            CHECK_EQ(accepted, 0);
            CHECK_STATUS(partita_app_start(little.app, NULL), PARTITA_ALREADY_STARTED);
        }
        finish(little.app);
        CHECK_EQ(counter_read(&little.released), 6);
    }
}

int main(void) {
    outputs_of_a_run_that_cannot_be_had_are_refused();
    outputs_of_a_chain_and_keys_that_cannot_be_had_are_refused(PARTITA_KEY_WORD);
    outputs_of_a_chain_and_keys_that_cannot_be_had_are_refused(PARTITA_KEY_BYTES);
    a_message_whose_state_cannot_be_had_dies();
    a_message_whose_bytes_cannot_be_had_dies();
    a_client_whose_frame_cannot_be_had_is_disconnected();
    an_application_whose_thread_cannot_be_started_can_be_closed();
    return 0;
}
