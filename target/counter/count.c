// A plugin of qemu-user that counts executed instructions (qemu-plugin.h, version 1).
//
//   -plugin libcount.so,out=FILE,marks=ADDRESS
//
// FILE, little-endian: u64 number of marks, then per mark u64 n, u64 instructions before it;
// u64 number of blocks, then per translated block u64 address, u64 instructions in it, u64 how
// often it ran. A mark is a run of the code at ADDRESS + 4 n, n < 64 (meter.mark).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Debian has no package with the header; these are the declarations of it that are used.
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum { ADD_U64 = 0, NO_REGISTERS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(
    struct qemu_plugin_tb *, int operation, void *counter, uint64_t value);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned cpu, void *), int registers, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { MARKS = 64, MOST_BLOCKS = 1 << 17, MOST_MARKS = 1 << 22 };

struct block {
    uint64_t address, instructions, runs;
};
struct marked {
    uint64_t n, total;
};

static struct block *blocks;
static struct marked *marked;
static size_t block_count, marked_count;
static uint64_t total, marks_at;
static const char *out = "count.bin";

static void on_mark(unsigned cpu, void *n) {
    (void)cpu;
    if (marked_count < MOST_MARKS) {
        marked[marked_count++] = (struct marked){(uintptr_t)n, total};
    }
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    if (block_count == MOST_BLOCKS) {
        fputs("count: more translated blocks than it has room for\n", stderr);
        exit(3);
    }
    struct block *block = &blocks[block_count++];
    block->address = qemu_plugin_tb_vaddr(tb);
    block->instructions = qemu_plugin_tb_n_insns(tb);
    if (block->address >= marks_at && block->address < marks_at + 4 * MARKS) {
        uintptr_t n = (block->address - marks_at) / 4;
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_mark, NO_REGISTERS, (void *)n);
    }
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &total, block->instructions);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &block->runs, 1);
}

static void on_exit_(plugin_id id, void *nothing) {
    (void)id, (void)nothing;
    FILE *file = fopen(out, "wb");
    uint64_t n = marked_count;
    fwrite(&n, sizeof(n), 1, file);
    fwrite(marked, sizeof(*marked), marked_count, file);
    n = block_count;
    fwrite(&n, sizeof(n), 1, file);
    fwrite(blocks, sizeof(*blocks), block_count, file);
    fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(
    plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out = strdup(argv[i] + 4);
        } else if (strncmp(argv[i], "marks=", 6) == 0) {
            marks_at = strtoull(argv[i] + 6, NULL, 0);
        }
    }
    blocks = calloc(MOST_BLOCKS, sizeof(*blocks));
    marked = calloc(MOST_MARKS, sizeof(*marked));
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_, NULL);
    return 0;
}
