/* What is known of each stream and each root. One VM can run several plugins at once, each
 * with a configuration of its own, so settings hang on the root context. */
#ifndef CORRELATION_ID_CONTEXTS_H
#define CORRELATION_ID_CONTEXTS_H

#include "json.h"

#include <stdint.h>

enum { MAX_ID = 128 };

struct context {
    uint32_t number;
    /* The root's, shared by its streams. Empty until the plugin has been configured. */
    struct settings *settings;
    /* The request's id, kept because request headers cannot be read while a response passes. */
    char id[MAX_ID];
    size_t id_size;
    struct context *next;
};

/* A stream under its root, or a root itself if `parent` is 0. */
void context_create(uint32_t number, uint32_t parent);
void context_delete(uint32_t number);

/* Null if there is no such context. */
struct context *context_find(uint32_t number);

#endif
