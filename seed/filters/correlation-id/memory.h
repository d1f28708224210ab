#ifndef CORRELATION_ID_MEMORY_H
#define CORRELATION_ID_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Forgets what was handed over in earlier callbacks. */
void memory_reset(void);

/* Keeps what has been handed over so far for the life of the VM. */
void memory_keep(void);

#endif
