// Beneath the C library on qemu-xtensa: start of the program, system calls, division.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "port.h"

// Numbers of Linux on Xtensa (arch/xtensa/kernel/syscalls/syscall.tbl).
enum { SYS_OPEN = 8, SYS_CLOSE = 9, SYS_READ = 12, SYS_WRITE = 13, SYS_MPROTECT = 82, SYS_EXIT = 118 };

static char **environment;

static long system_call(long number, long a, long b, long c) {
    register long a2 __asm("a2") = number;
    register long a6 __asm("a6") = a;
    register long a3 __asm("a3") = b;
    register long a4 __asm("a4") = c;
    __asm volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
    return a2;
}

int open(const char *path, int flags, ...) {
    // Picolibc's flags are not Linux's.
    int linux_flags = flags & O_ACCMODE;
    linux_flags |= flags & O_CREAT ? 0100 : 0;
    linux_flags |= flags & O_TRUNC ? 01000 : 0;
    linux_flags |= flags & O_APPEND ? 02000 : 0;
    linux_flags |= flags & O_DIRECTORY ? 0200000 : 0;
    long fd = system_call(SYS_OPEN, (long)path, linux_flags, 0644);
    return fd < 0 ? -1 : fd;
}

int close(int fd) {
    return system_call(SYS_CLOSE, fd, 0, 0) < 0 ? -1 : 0;
}

ssize_t read(int fd, void *into, size_t size) {
    long n = system_call(SYS_READ, fd, (long)into, size);
    return n < 0 ? -1 : n;
}

ssize_t write(int fd, const void *from, size_t size) {
    long n = system_call(SYS_WRITE, fd, (long)from, size);
    return n < 0 ? -1 : n;
}

void allow_execution(void *memory, size_t size) {
    system_call(SYS_MPROTECT, (long)memory, size, 7); // read, write, execute
}

void _exit(int code) {
    for (;;) {
        system_call(SYS_EXIT, code, 0, 0);
    }
}

char *getenv(const char *name) {
    size_t n = strlen(name);
    for (char **at = environment; *at; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=') {
            return *at + n + 1;
        }
    }
    return NULL;
}

int errno;

// Picolibc's own would print, and bring all of stdio.
void __assert_func(const char *file, int line, const char *function, const char *what) {
    (void)file, (void)line, (void)function;
    write(2, what, strlen(what));
    _exit(3);
}

int main(int argc, char **argv);

// Linux leaves argc, argv and the environment on the stack.
__attribute__((used)) static void start(long *stack) {
    int argc = stack[0];
    char **argv = (char **)(stack + 1);
    environment = argv + argc + 1;
    _exit(main(argc, argv));
}

__asm(".section .text.start, \"ax\"\n .global _start\n .literal_position\n .align 4\n"
      "_start:\n mov a2, a1\n call0 start\n .text\n");

// The ESP32's cores divide in hardware, the LX106 for which Debian's compiler is made does not:
// its own __udivsi3 is a loop of shifts, which the band would never run. So these are the band's
// instructions QUOU, REMU, QUOS and REMS a2, a2, a3, byte by byte, for an assembler that does not
// know them.
#define DIVISION(name, opcode) \
    __asm(".section .text." #name ", \"ax\"\n .global " #name "\n .align 4\n" #name ":\n" \
          " .byte 0x30, 0x22, " #opcode "\n ret\n .text\n")
DIVISION(__udivsi3, 0xC2);
DIVISION(__umodsi3, 0xE2);
DIVISION(__divsi3, 0xD2);
DIVISION(__modsi3, 0xF2);

// 64 bits by 64, which Debian's libgcc leaves out: integers of any size need it, the chain has none.
static unsigned long long divide(unsigned long long value, unsigned long long by, int remainder) {
    unsigned long long quotient = 0, rest = 0;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (value >> bit & 1);
        quotient <<= 1;
        if (rest >= by) {
            rest -= by;
            quotient |= 1;
        }
    }
    return remainder ? rest : quotient;
}

unsigned long long __udivdi3(unsigned long long value, unsigned long long by) {
    return divide(value, by, 0);
}

unsigned long long __umoddi3(unsigned long long value, unsigned long long by) {
    return divide(value, by, 1);
}
