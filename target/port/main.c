// Runs a script as the Unix port does: micropython [-X heapsize=N] (-c CODE | SCRIPT) [ARGUMENT...]
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objlist.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/runtime/gchelper.h"

#include "port.h"

static char heap[HEAP_BYTES];
static char exec_memory[EXEC_BYTES] __attribute__((aligned(4096)));
size_t exec_used;

void exec_alloc(size_t least, void **memory, size_t *size) {
    least = (least + 15) & ~15;
    if (exec_used + least > sizeof(exec_memory)) {
        mp_raise_msg(&mp_type_MemoryError, MP_ERROR_TEXT("no room for machine code"));
    }
    *memory = exec_memory + exec_used;
    *size = least;
    exec_used += least;
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

MP_NORETURN void nlr_jump_fail(void *value) {
    (void)value;
    static const char said[] = "an exception that nobody catches\n";
    write(2, said, sizeof(said) - 1);
    _exit(2);
}

// "8M", "512k" or bytes.
static size_t heap_size(const char *text) {
    size_t size = strtoul(text, (char **)&text, 10);
    if (*text == 'k' || *text == 'K') {
        size <<= 10;
    } else if (*text == 'm' || *text == 'M') {
        size <<= 20;
    }
    return size < sizeof(heap) ? size : sizeof(heap);
}

static void add_path(const char *path, size_t n) {
    mp_obj_list_append(mp_sys_path, mp_obj_new_str(path, n));
}

extern const char mp_frozen_names[];

// The script's folder, what is frozen into the image, then the folders of MICROPYPATH.
static void set_path(const char *script) {
    const char *slash = strrchr(script, '/');
    mp_sys_path = mp_obj_new_list(0, NULL);
    add_path(script, slash ? slash - script : 0);
    if (mp_frozen_names[0]) {
        mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen));
    }
    for (const char *at = getenv("MICROPYPATH"); at != NULL && *at;) {
        const char *end = strchr(at, ':');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        add_path(at, n);
        at += end ? n + 1 : n;
    }
}

int main(int argc, char **argv) {
    int at = 1;
    size_t heap_bytes = sizeof(heap);
    if (at + 1 < argc && strcmp(argv[at], "-X") == 0) {
        const char *option = argv[at + 1];
        if (strncmp(option, "heapsize=", 9) == 0) {
            heap_bytes = heap_size(option + 9);
        }
        at += 2;
    }
    bool is_code = at < argc && strcmp(argv[at], "-c") == 0;
    at += is_code;
    if (at >= argc) {
        static const char usage[] = "micropython [-X heapsize=N] (-c CODE | SCRIPT) [ARG...]\n";
        write(2, usage, sizeof(usage) - 1);
        return 2;
    }
    mp_stack_ctrl_init();
    mp_stack_set_limit(256 << 10);
    stack_paint();
    allow_execution(exec_memory, sizeof(exec_memory));
    gc_init(heap, heap + heap_bytes);
    mp_init();
    set_path(is_code ? "" : argv[at]);
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    for (int i = at; i < argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str(argv[i], strlen(argv[i])));
    }
    int code = 0;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_lexer_t *lexer;
        if (is_code) {
            lexer = mp_lexer_new_from_str_len(MP_QSTR__lt_stdin_gt_, argv[at], strlen(argv[at]), 0);
        } else {
            lexer = mp_lexer_new_from_file(qstr_from_str(argv[at]));
        }
        qstr name = lexer->source_name;
        mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
        mp_call_function_0(mp_compile(&tree, name, false));
        nlr_pop();
    } else {
        mp_obj_base_t *raised = nlr.ret_val;
        if (mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(raised->type), &mp_type_SystemExit)) {
            mp_int_t given = 0;
            mp_obj_t value = mp_obj_exception_get_value(MP_OBJ_FROM_PTR(raised));
            code = value != mp_const_none && mp_obj_get_int_maybe(value, &given) ? given : 0;
        } else {
            // Like the Unix port's, to standard output.
            mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(raised));
            code = 1;
        }
    }
    return code;
}
