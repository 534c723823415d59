// Files: open(), the standard streams with their `buffer`, and what `import` finds.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "py/builtin.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

typedef struct {
    mp_obj_base_t base;
    int fd;
} file_t;

static mp_uint_t file_read(mp_obj_t self, void *into, mp_uint_t size, int *error) {
    ssize_t n = read(((file_t *)MP_OBJ_TO_PTR(self))->fd, into, size);
    if (n < 0) {
        *error = MP_EIO;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t file_write(mp_obj_t self, const void *from, mp_uint_t size, int *error) {
    ssize_t n = write(((file_t *)MP_OBJ_TO_PTR(self))->fd, from, size);
    if (n < 0) {
        *error = MP_EIO;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t file_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t arg, int *error) {
    (void)arg;
    if (request == MP_STREAM_CLOSE) {
        close(((file_t *)MP_OBJ_TO_PTR(self))->fd);
        return 0;
    }
    *error = MP_EINVAL;
    return MP_STREAM_ERROR;
}

static const mp_rom_map_elem_t file_attributes[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj)},
};
static MP_DEFINE_CONST_DICT(file_dict, file_attributes);

// A text stream is its own bytes: nothing here is anything but ASCII.
static void file_attribute(mp_obj_t self, qstr name, mp_obj_t *result) {
    if (result[0] != MP_OBJ_NULL) {
        return;
    }
    if (name == MP_QSTR_buffer) {
        result[0] = self;
    } else {
        result[1] = MP_OBJ_SENTINEL; // go on with the dictionary
    }
}

static const mp_stream_p_t bytes_protocol = {
    .read = file_read, .write = file_write, .ioctl = file_ioctl,
};
static const mp_stream_p_t text_protocol = {
    .read = file_read, .write = file_write, .ioctl = file_ioctl, .is_text = true,
};
static MP_DEFINE_CONST_OBJ_TYPE(bytes_type, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_STREAM,
    attr, file_attribute, protocol, &bytes_protocol, locals_dict, &file_dict);
static MP_DEFINE_CONST_OBJ_TYPE(text_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_STREAM,
    attr, file_attribute, protocol, &text_protocol, locals_dict, &file_dict);

const file_t mp_sys_stdin_obj = {{&text_type}, 0};
const file_t mp_sys_stdout_obj = {{&text_type}, 1};
const file_t mp_sys_stderr_obj = {{&text_type}, 2};

// open(path, mode="r"); modes of one file only are known: r, w, a, with b or without.
static mp_obj_t open_file(size_t n_args, const mp_obj_t *args) {
    const char *mode = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r";
    int flags = O_RDONLY;
    if (mode[0] == 'w') {
        flags = O_WRONLY | O_CREAT | O_TRUNC;
    } else if (mode[0] == 'a') {
        flags = O_WRONLY | O_CREAT | O_APPEND;
    }
    int fd = open(mp_obj_str_get_str(args[0]), flags, 0644);
    if (fd < 0) {
        mp_raise_OSError_with_filename(MP_ENOENT, mp_obj_str_get_str(args[0]));
    }
    file_t *file = mp_obj_malloc(file_t, strchr(mode, 'b') ? &bytes_type : &text_type);
    file->fd = fd;
    return MP_OBJ_FROM_PTR(file);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mp_builtin_open_obj, 1, 2, open_file);

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t n) {
    return write(1, text, n);
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t n) {
    mp_hal_stdout_tx_strn(text, n);
}

mp_import_stat_t mp_import_stat(const char *path) {
    // No stat(): its record differs from machine to machine.
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    mp_import_stat_t kind = MP_IMPORT_STAT_DIR;
    if (fd < 0) {
        fd = open(path, O_RDONLY);
        kind = MP_IMPORT_STAT_FILE;
    }
    if (fd < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    close(fd);
    return kind;
}
