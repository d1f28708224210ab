/* Which settings belong to which stream. One VM can run several plugins at once, each
 * with a configuration of its own, so settings hang on the root context. */
#ifndef CORRELATION_ID_CONTEXTS_H
#define CORRELATION_ID_CONTEXTS_H

#include "json.h"

#include <stdint.h>

/* A stream under its root, or a root itself if `parent` is 0. */
void context_create(uint32_t id, uint32_t parent);
void context_delete(uint32_t id);

/* The settings of a root, or of a stream's root; null if the context is unknown. */
struct settings *context_settings(uint32_t id);

#endif
