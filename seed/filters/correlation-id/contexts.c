#include "contexts.h"

#include "memory.h"

enum { BUCKETS = 256 };

static struct context *buckets[BUCKETS];
static struct context *unused;

/* Where the pointer to this context is, or would be. */
static struct context **link_to(uint32_t number) {
    struct context **link = &buckets[number % BUCKETS];
    while (*link && (*link)->number != number)
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

static struct settings *settings_of(uint32_t parent) {
    struct settings *settings;
    if (parent != 0) {
        struct context *root = context_find(parent);
        return root ? root->settings : NULL;
    }
    settings = lasting(sizeof *settings);
    if (settings)
        *settings = (struct settings){{NULL, 0}, false, false};
    return settings;
}

struct context *context_find(uint32_t number) {
    return *link_to(number);
}

/* Deleted contexts are used again, so memory follows the streams that are open at once. */
void context_create(uint32_t number, uint32_t parent) {
    struct settings *settings = settings_of(parent);
    struct context **link = link_to(number);
    struct context *context = unused;
    if (*link || !settings)
        return;
    if (context)
        unused = context->next;
    else
        context = lasting(sizeof *context);
    if (!context)
        return;
    context->number = number;
    context->settings = settings;
    context->id_size = 0;
    context->next = NULL;
    *link = context;
}

void context_delete(uint32_t number) {
    struct context **link = link_to(number);
    struct context *context = *link;
    if (!context)
        return;
    *link = context->next;
    context->next = unused;
    unused = context;
}
