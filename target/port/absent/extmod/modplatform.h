// Of this header, which the source package lacks, modsys.c wants the names only.
#define MICROPY_PLATFORM_SYSTEM "Calf band"
#define MICROPY_PLATFORM_COMPILER "gcc"
#define MICROPY_PLATFORM_LIBC_LIB ""
#define MICROPY_PLATFORM_LIBC_VER ""
#define MICROPY_PLATFORM_ARCH ""
