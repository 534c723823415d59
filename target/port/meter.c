// The module `meter`: what is measured from inside. Only the scripts of target/micropython use it.
#include <stdint.h>

#include "py/gc.h"
#include "py/objfun.h"
#include "py/runtime.h"

#include "port.h"

#define PAINTED (96 << 10)
#define PAINT 0xA5A5A5A5u

static uint32_t *stack_top;

__attribute__((noinline)) void stack_paint(void) {
    stack_top = __builtin_frame_address(0);
    for (volatile uint32_t *at = stack_top - 64; at > stack_top - PAINTED / 4; at--) {
        *at = PAINT;
    }
}

static mp_obj_t stack_bytes(void) {
    uint32_t *at = stack_top - PAINTED / 4 + 1;
    while (at < stack_top && *at == PAINT) {
        at++;
    }
    return MP_OBJ_NEW_SMALL_INT((stack_top - at) * 4);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stack_bytes_obj, stack_bytes);

static mp_obj_t code_bytes(void) {
    return MP_OBJ_NEW_SMALL_INT(exec_used);
}
static MP_DEFINE_CONST_FUN_OBJ_0(code_bytes_obj, code_bytes);

// Where the machine code of a native or viper function begins; 0 for anything else.
static mp_obj_t address(mp_obj_t function) {
    const mp_obj_type_t *type = mp_obj_get_type(function);
    const mp_obj_fun_bc_t *native = MP_OBJ_TO_PTR(function);
    uintptr_t at = 0;
    if (type == &mp_type_fun_viper) {
        at = (uintptr_t)native->bytecode;
    } else if (type == &mp_type_fun_native) {
        at = (uintptr_t)mp_obj_fun_native_get_function_start(native);
    }
    return mp_obj_new_int_from_uint(at);
}
static MP_DEFINE_CONST_FUN_OBJ_1(address_obj, address);

// mark(n) runs the n-th of these returns: the counter of instructions knows their addresses and
// notes its count there. On other machines it does nothing.
#ifdef __XTENSA__
void meter_marks(void);
__asm(".section .text.meter_marks, \"ax\"\n .global meter_marks\n .align 4\n"
      "meter_marks:\n .rept 64\n ret\n .align 4\n .endr\n .text\n");
#endif

static mp_obj_t mark(mp_obj_t n) {
    #ifdef __XTENSA__
    ((void (*)(void))((char *)meter_marks + 4 * MP_OBJ_SMALL_INT_VALUE(n)))();
    #endif
    return n;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mark_obj, mark);

static const mp_rom_map_elem_t meter_names[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_meter)},
    {MP_ROM_QSTR(MP_QSTR_address), MP_ROM_PTR(&address_obj)},
    {MP_ROM_QSTR(MP_QSTR_code_bytes), MP_ROM_PTR(&code_bytes_obj)},
    {MP_ROM_QSTR(MP_QSTR_mark), MP_ROM_PTR(&mark_obj)},
    {MP_ROM_QSTR(MP_QSTR_stack_bytes), MP_ROM_PTR(&stack_bytes_obj)},
};
static MP_DEFINE_CONST_DICT(meter_dict, meter_names);
const mp_obj_module_t meter_module = {{&mp_type_module}, (mp_obj_dict_t *)&meter_dict};
MP_REGISTER_MODULE(MP_QSTR_meter, meter_module);
