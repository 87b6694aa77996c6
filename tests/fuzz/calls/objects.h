/* The host's objects of one run, and how often each is held: messages, state parts, hosts, tokens. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "input.h"

enum { MESSAGES_MAX = 4096, TOKENS_MAX = 1024, HOSTS_MAX = 64, KEYS = 6, STEPS_MAX = 8, SENDERS_MAX = 16 };

/* How often the engine has it, and what tells whether order is kept. */
typedef struct message {
    int64_t held;
    uint32_t key, sender, number;
} message;

/* A state, of the host's or in memory of the engine's. */
typedef struct part {
    /* Whether a thread computes with it. */
    int busy;
    /* The key of its messages, plus 1; 0 before the first one. */
    uint32_t key;
    /* The number of the last message, plus 1, by step, sender and key. */
    uint32_t last[STEPS_MAX][SENDERS_MAX][KEYS];
} part;

/* What callbacks get as `host`. */
typedef struct host {
    uint32_t released;
    /* Of a step: which one of its application; whether messages come to it in order; what keys are. */
    uint32_t step;
    bool ordered;
    uint32_t key_kind;
} host;

static struct {
    pthread_mutex_t lock;
    message messages[MESSAGES_MAX];
    size_t messages_len;
    /* How often each is to be reported, and was. */
    uint32_t asked[TOKENS_MAX], reported[TOKENS_MAX];
    uint64_t tokens_len;
    host hosts[HOSTS_MAX];
    size_t hosts_len;
    int64_t parts;
    /* Whether a callback broke its contract: what it says of its values cannot be believed, so some may not come back. */
    bool broken;
} objects = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock_objects(void) { pthread_mutex_lock(&objects.lock); }

static void unlock_objects(void) { pthread_mutex_unlock(&objects.lock); }

static void forget_objects(void) {
    memset(objects.messages, 0, objects.messages_len * sizeof *objects.messages);
    memset(objects.asked, 0, sizeof objects.asked);
    memset(objects.reported, 0, sizeof objects.reported);
    memset(objects.hosts, 0, sizeof objects.hosts);
    objects.messages_len = objects.hosts_len = 0;
    objects.tokens_len = 0;
    objects.parts = 0;
    objects.broken = false;
}

static void note_broken(void) {
    lock_objects();
    objects.broken = true;
    unlock_objects();
}

static bool is_broken(void) {
    lock_objects();
    bool broken = objects.broken;
    unlock_objects();
    return broken;
}

static host *new_host(host is) {
    CHECK(objects.hosts_len < HOSTS_MAX);
    host *made = &objects.hosts[objects.hosts_len++];
    *made = is;
    return made;
}

static message *message_of(partita_value value) {
    CHECK(value.word > 0 && value.word <= MESSAGES_MAX);
    return &objects.messages[value.word - 1];
}

/* Makes a message that the engine is about to get. Tells whether there is room for one more. */
static bool new_message(message like, partita_value *value_out) {
    lock_objects();
    bool room = objects.messages_len < MESSAGES_MAX;
    if (room) {
        like.held = 1;
        objects.messages[objects.messages_len++] = like;
        value_out->word = objects.messages_len;
    }
    unlock_objects();
    return room;
}

static message read_message(partita_value value) {
    lock_objects();
    message read = *message_of(value);
    unlock_objects();
    CHECK(read.held > 0);
    return read;
}

/* The engine has it so many times more, or fewer. */
static void hold(partita_value value, int64_t times) {
    lock_objects();
    message *message = message_of(value);
    CHECK(message->held > 0 && message->held + times >= 0);
    message->held += times;
    unlock_objects();
}

static void take_back(const partita_value *values, size_t len) {
    for (size_t index = 0; index < len; index++) hold(values[index], -1);
}

static void add_parts(int64_t count) {
    lock_objects();
    objects.parts += count;
    CHECK(objects.parts >= 0);
    unlock_objects();
}

/* A thread computes a message with a state: nobody else does, it is that of its key, and it is not one of before. */
static void enter_part(part *part, const host *step, message message) {
    CHECK_EQ(__atomic_exchange_n(&part->busy, 1, __ATOMIC_SEQ_CST), 0);
    if (step->key_kind != PARTITA_KEY_SINGLE) {
        CHECK(part->key == 0 || part->key == message.key + 1);
        part->key = message.key + 1;
    }
    uint32_t *last = &part->last[step->step][message.sender][message.key];
    if (step->ordered) CHECK(message.number + 1 >= *last);
}

static void leave_part(part *part, const host *step, message message, bool completed) {
    if (completed) part->last[step->step][message.sender][message.key] = message.number + 1;
    CHECK_EQ(__atomic_exchange_n(&part->busy, 0, __ATOMIC_SEQ_CST), 1);
}

static bool new_token(uint64_t *token_out) {
    lock_objects();
    bool room = objects.tokens_len < TOKENS_MAX;
    if (room) *token_out = objects.tokens_len++;
    unlock_objects();
    return room;
}

/* What was promised to be reported. It may have been by now. */
static void ask_for(uint64_t token) {
    lock_objects();
    objects.asked[token]++;
    unlock_objects();
}

static void report(uint64_t token) {
    CHECK(token < TOKENS_MAX);
    lock_objects();
    CHECK_EQ(++objects.reported[token], 1);
    unlock_objects();
}

static void check_not_reported(uint64_t token) {
    CHECK(token < TOKENS_MAX);
    lock_objects();
    CHECK_EQ(objects.reported[token], 0);
    unlock_objects();
}

/* After close: everything was handed back once, and everybody told of once. */
static void check_all_came_back(void) {
    for (size_t index = 0; !objects.broken && index < objects.messages_len; index++) {
        CHECK_EQ(objects.messages[index].held, 0);
    }
    for (size_t index = 0; index < objects.hosts_len; index++) CHECK_EQ(objects.hosts[index].released, 1);
    for (size_t token = 0; token < objects.tokens_len; token++) {
        CHECK_EQ(objects.reported[token], objects.asked[token]);
    }
    if (!objects.broken) CHECK_EQ(objects.parts, 0);
}

#endif
