#include "contexts.h"

#include "memory.h"

enum { BUCKETS = 256 };

struct context {
    uint32_t id;
    struct settings *settings;
    struct context *next;
};

static struct context *buckets[BUCKETS];
static struct context *unused;

static struct context **find(uint32_t id) {
    struct context **link = &buckets[id % BUCKETS];
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

static void *lasting(size_t size) {
    void *memory;
    memory_reset();
    memory = memory_allocate(size);
    memory_keep();
    return memory;
}

struct settings *context_settings(uint32_t id) {
    struct context *context = *find(id);
    return context ? context->settings : NULL;
}

/* Deleted contexts are used again, so memory follows the streams that are open at once. */
void context_create(uint32_t id, uint32_t parent) {
    struct context **link = find(id);
    struct context *context = unused;
    if (*link)
        return;
    if (context)
        unused = context->next;
    else
        context = lasting(sizeof *context);
    if (!context)
        return;
    context->id = id;
    context->next = NULL;
    context->settings = parent == 0 ? lasting(sizeof *context->settings) : context_settings(parent);
    if (parent == 0 && context->settings)
        *context->settings = (struct settings){{NULL, 0}, false, false};
    *link = context;
}

void context_delete(uint32_t id) {
    struct context **link = find(id);
    struct context *context = *link;
    if (!context)
        return;
    *link = context->next;
    context->next = unused;
    unused = context;
}
