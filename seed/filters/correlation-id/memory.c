/* The allocator that the host calls to hand data over. Everything handed over is used
 * within one callback, so a bump pointer that each callback resets is enough: no free,
 * no growth beyond the largest single callback. */
#include "memory.h"

#define PAGE 65536u

extern unsigned char __heap_base;

static uintptr_t next;
static uintptr_t kept;

void memory_reset(void) {
    next = kept;
}

void memory_keep(void) {
    kept = next;
}

__attribute__((export_name("malloc"))) void *guest_malloc(size_t size) {
    uintptr_t start, end, limit;
    if (next == 0)
        next = kept = ((uintptr_t)&__heap_base + 15u) & ~(uintptr_t)15u;
    start = next;
    if (size > UINT32_MAX - 16u - start)
        return NULL;
    end = (start + size + 15u) & ~(uintptr_t)15u;
    limit = __builtin_wasm_memory_size(0) * PAGE;
    if (end > limit && __builtin_wasm_memory_grow(0, (end - limit + PAGE - 1u) / PAGE) == (size_t)-1)
        return NULL;
    next = end;
    return (void *)start;
}
