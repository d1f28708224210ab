/* A reader for the only configuration this filter has: one flat JSON object of
 * strings and booleans, without escapes in the strings. Anything else is an error. */
#ifndef CORRELATION_ID_JSON_H
#define CORRELATION_ID_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    const char *data;
    size_t size;
};

struct settings {
    struct text header;
    bool trust_client;
    bool respond;
};

bool same(struct text text, const char *literal);

/* Fills `settings`, leaving absent members as they were. Returns null, or what is wrong. */
const char *read_settings(const char *data, size_t size, struct settings *settings);

#endif
