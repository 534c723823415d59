// nlrxtensa.c asks which calling convention the compiler has: Debian's has call0.
#define XCHAL_HAVE_WINDOWED 0
