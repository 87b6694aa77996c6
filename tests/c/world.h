/* The host's objects of a test: messages and states on the heap, counted, so that one that is lost or handed
 * back twice is found. */
#ifndef WORLD_H
#define WORLD_H

#include "check.h"

enum { KEYS = 8, OTHER_KEYS = 3 };

typedef struct message {
    uint64_t key, number, count;
    char text[24];
    int takers;
} message;

/* One thread at a time has a state, so it needs no lock. */
typedef struct state {
    uint64_t counts[KEYS], last[KEYS], sum;
} state;

typedef struct world {
    pthread_mutex_t lock;
    /* How many objects there are. */
    uint64_t messages, states;
    counter released, dead, lost;
    /* What came out of the sink that is a callback, and of the queue. */
    uint64_t delivered[2], sums[2], last[KEYS][OTHER_KEYS];
    uint32_t key_kind;
} world;

#define WORLD(...)                                                                                   \
    {.lock = PTHREAD_MUTEX_INITIALIZER, .released = COUNTER, .dead = COUNTER, .lost = COUNTER, __VA_ARGS__}

static inline message *message_new(world *world, uint64_t key, uint64_t number) {
    message *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->key = key, made->number = number, made->takers = 1;
    snprintf(made->text, sizeof made->text, "key-%u", (unsigned)key);
    pthread_mutex_lock(&world->lock);
    world->messages++;
    pthread_mutex_unlock(&world->lock);
    return made;
}

static inline void message_release(world *world, message *message) {
    pthread_mutex_lock(&world->lock);
    CHECK(message->takers > 0);
    bool last = --message->takers == 0;
    world->messages -= last;
    pthread_mutex_unlock(&world->lock);
    if (last) free(message);
}

static inline void drop_messages(void *host, const partita_value *values, size_t len) {
    for (size_t index = 0; index < len; index++) message_release(host, values[index].ptr);
}

static inline void share_messages(void *host, const partita_value *values, size_t len, size_t times) {
    world *world = host;
    pthread_mutex_lock(&world->lock);
    for (size_t index = 0; index < len; index++) ((message *)values[index].ptr)->takers += (int)times - 1;
    pthread_mutex_unlock(&world->lock);
}

static inline void release_host(void *host) { counter_add(&((world *)host)->released, 1); }

static inline void count_states(world *world, uint64_t amount) {
    pthread_mutex_lock(&world->lock);
    world->states += amount;
    pthread_mutex_unlock(&world->lock);
}

static inline partita_status build_states(void *host, partita_build *build) {
    world *world = host;
    CHECK_EQ(build->size, sizeof *build);
    for (; build->done < build->len; build->done++) {
        if (world->key_kind == PARTITA_KEY_SINGLE) {
            CHECK(build->word_keys == NULL && build->byte_keys == NULL);
        } else {
            CHECK((build->word_keys == NULL) != (build->byte_keys == NULL));
        }
        build->states[build->done].ptr = calloc(1, sizeof(state));
        CHECK(build->states[build->done].ptr != NULL);
    }
    count_states(world, build->len);
    return PARTITA_OK;
}

static inline void drop_states(void *host, const partita_value *states, size_t len) {
    for (size_t index = 0; index < len; index++) free(states[index].ptr);
    count_states(host, -(uint64_t)len);
}

static inline partita_status init_state(void *host, void *memory) {
    static const state zero;
    CHECK(memcmp(memory, &zero, sizeof zero) == 0);
    CHECK_EQ((uintptr_t)memory % 64, 0);
    count_states(host, 1);
    return PARTITA_OK;
}

static inline void drop_state(void *host, void *memory) {
    memset(memory, 0xff, sizeof(state));
    count_states(host, -UINT64_C(1));
}

static inline uint64_t word_key(void *host, partita_value data) {
    (void)host;
    return ((message *)data.ptr)->key;
}

/* ---- declarations ---- */

static inline partita_partition_options partition_of(world *world, const char *name, uint32_t key_kind,
                                                     bool owned) {
    return (partita_partition_options){.size = sizeof(partita_partition_options),
                                       .name = str(name),
                                       .key_kind = key_kind,
                                       .host = world,
                                       .drop_host = release_host,
                                       .build = owned ? NULL : build_states,
                                       .drop_state = owned ? NULL : drop_states,
                                       .state_size = owned ? sizeof(state) : 0,
                                       .state_align = owned ? 64 : 0,
                                       .state_init = owned ? init_state : NULL,
                                       .state_drop = owned ? drop_state : NULL};
}

static inline partita_step_options step_of(world *world, const char *name, const char *partition) {
    return (partita_step_options){.size = sizeof(partita_step_options),
                                  .name = str(name),
                                  .partition = str(partition),
                                  .host = world,
                                  .drop_host = release_host,
                                  .drop = drop_messages,
                                  .share = share_messages};
}

static inline partita_source_options source_of(world *world, uint64_t credits) {
    return (partita_source_options){.size = sizeof(partita_source_options),
                                    .credits = credits,
                                    .host = world,
                                    .drop_host = release_host,
                                    .drop = drop_messages,
                                    .share = share_messages};
}

static inline partita_sink_options sink_of(world *world, const char *name, partita_sink_fn deliver,
                                           uint64_t capacity) {
    return (partita_sink_options){.size = sizeof(partita_sink_options),
                                  .name = str(name),
                                  .host = world,
                                  .drop_host = release_host,
                                  .deliver = deliver,
                                  .capacity = capacity};
}

#endif
