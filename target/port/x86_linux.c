// Beneath the port on 32-bit x86: the C library does nearly everything.
#include <sys/mman.h>

#include "port.h"

void allow_execution(void *memory, size_t size) {
    mprotect(memory, size, PROT_READ | PROT_WRITE | PROT_EXEC);
}
