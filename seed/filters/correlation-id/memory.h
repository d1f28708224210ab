/* One bump pointer for all memory. What the host hands over in a callback is dead when the
 * callback ends, so each callback starts by forgetting the one before; what must live
 * longer is kept below the mark. Nothing grows with the number of requests. */
#ifndef CORRELATION_ID_MEMORY_H
#define CORRELATION_ID_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Forgets what was handed over or allocated since the last `memory_keep`. */
void memory_reset(void);

/* Keeps all that has been handed over or allocated so far for the life of the VM. */
void memory_keep(void);

/* Null if the host gives no more memory. The host calls it too, as `malloc`. */
void *memory_allocate(size_t size);

#endif
