#include "memory.h"

#define PAGE 65536u
#define ALIGNMENT 16u

extern unsigned char __heap_base;

static uintptr_t next;
static uintptr_t mark;

static uintptr_t aligned(uintptr_t address) {
    return (address + ALIGNMENT - 1u) & ~(uintptr_t)(ALIGNMENT - 1u);
}

void memory_reset(void) {
    next = mark;
}

void memory_keep(void) {
    mark = next;
}

__attribute__((export_name("malloc"))) void *memory_allocate(size_t size) {
    uintptr_t start, end, limit;
    if (next == 0)
        next = mark = aligned((uintptr_t)&__heap_base);
    start = next;
    if (size > UINTPTR_MAX - ALIGNMENT - start)
        return NULL;
    end = aligned(start + size);
    limit = __builtin_wasm_memory_size(0) * PAGE;
    if (end > limit && __builtin_wasm_memory_grow(0, (end - limit + PAGE - 1u) / PAGE) == (size_t)-1)
        return NULL;
    next = end;
    return (void *)start;
}
