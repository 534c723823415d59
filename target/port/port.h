// What the files of this port know of each other.
#include <stddef.h>

#define HEAP_BYTES (8 << 20) // unless -X heapsize= says otherwise
#define EXEC_BYTES (1 << 20)

// Bytes of machine code so far.
extern size_t exec_used;

// What a machine's own file gives: memory from which code may run.
void allow_execution(void *memory, size_t size);

// Paints the stack below the caller, so that meter.stack_bytes() sees how far it was used.
void stack_paint(void);
