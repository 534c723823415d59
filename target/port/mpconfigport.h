// What the firmware's chain and its replay need of MicroPython, on 32 bits, and no more: no float,
// since the chain has none, no file system, no network.
#include <alloca.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef SSIZE_MAX // picolibc has none
#define SSIZE_MAX INT_MAX
#endif

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_ENABLE_COMPILER (1)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_ENABLE_GC (1)
#define MICROPY_GCREGS_SETJMP (1)
#define MICROPY_READER_POSIX (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT (1)
// The application may be part of the image: see not_frozen.c.
#define MICROPY_MODULE_FROZEN_MPY (1)
#define MICROPY_QSTR_EXTRA_POOL mp_qstr_frozen_const_pool
#define MICROPY_ALLOC_PATH_MAX (512)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_NONE)
#define MICROPY_HELPER_REPL (0)
#define MICROPY_KBD_EXCEPTION (0)
#define MICROPY_ENABLE_SCHEDULER (0)
#define MICROPY_STREAMS_POSIX_API (0)
#define MICROPY_PLAT_DEV_MEM (0)
#define MICROPY_VFS (0)
// The source package brings none of MicroPython's extensible modules; time is clock.c's.
#define MICROPY_PY_ASYNCIO (0)
#define MICROPY_PY_BINASCII (0)
#define MICROPY_PY_BUILTINS_HELP (0)
#define MICROPY_PY_BUILTINS_INPUT (0)
#define MICROPY_PY_DEFLATE (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_HASHLIB (0)
#define MICROPY_PY_HEAPQ (0)
#define MICROPY_PY_JSON (0)
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_OS (0)
#define MICROPY_PY_PLATFORM (0)
#define MICROPY_PY_RANDOM (0)
#define MICROPY_PY_RE (0)
#define MICROPY_PY_SELECT (0)
#define MICROPY_PY_SYS_STDFILES (1)
#define MICROPY_PY_THREAD (0)
#define MICROPY_PY_TIME (0)
#define MICROPY_PY_UCTYPES (0)
#define MICROPY_PY_VFS (0)
#define MICROPY_PY_SYS_PLATFORM "calfband-target"
#define MICROPY_HW_BOARD_NAME "emulated"
#define MICROPY_HW_MCU_NAME "32 bits"

// Machine code goes to memory of its own, one function behind the other, as on the ESP32.
void exec_alloc(size_t least, void **memory, size_t *size);
#define MP_PLAT_ALLOC_EXEC(least, memory, size) exec_alloc(least, memory, size)
#define MP_PLAT_FREE_EXEC(memory, size)

typedef long mp_off_t;
#define MP_STATE_PORT MP_STATE_VM
