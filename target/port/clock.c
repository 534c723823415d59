// The module `time`. The clock of an emulated machine tells nothing, so only sleeping takes
// it forward.
#include "py/runtime.h"
#include "py/smallint.h"

static mp_uint_t now_us;

static mp_obj_t wrapped(mp_uint_t us) {
    return MP_OBJ_NEW_SMALL_INT(us & (MICROPY_PY_TIME_TICKS_PERIOD - 1));
}

static mp_obj_t ticks_us(void) {
    return wrapped(now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_us_obj, ticks_us);

static mp_obj_t ticks_add(mp_obj_t ticks, mp_obj_t delta) {
    return wrapped(MP_OBJ_SMALL_INT_VALUE(ticks) + MP_OBJ_SMALL_INT_VALUE(delta));
}
static MP_DEFINE_CONST_FUN_OBJ_2(ticks_add_obj, ticks_add);

static mp_obj_t ticks_diff(mp_obj_t later, mp_obj_t earlier) {
    mp_uint_t half = MICROPY_PY_TIME_TICKS_PERIOD / 2;
    mp_uint_t diff = MP_OBJ_SMALL_INT_VALUE(later) - MP_OBJ_SMALL_INT_VALUE(earlier);
    diff = (diff + half) & (MICROPY_PY_TIME_TICKS_PERIOD - 1);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)(diff - half));
}
static MP_DEFINE_CONST_FUN_OBJ_2(ticks_diff_obj, ticks_diff);

static mp_obj_t sleep_us(mp_obj_t us) {
    now_us += MP_OBJ_SMALL_INT_VALUE(us);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sleep_us_obj, sleep_us);

static mp_obj_t ticks_ms(void) {
    return wrapped(now_us / 1000);
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_ms_obj, ticks_ms);

static mp_obj_t sleep_ms(mp_obj_t ms) {
    now_us += 1000 * MP_OBJ_SMALL_INT_VALUE(ms);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sleep_ms_obj, sleep_ms);

static const mp_rom_map_elem_t time_names[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_time)},
    {MP_ROM_QSTR(MP_QSTR_sleep_ms), MP_ROM_PTR(&sleep_ms_obj)},
    {MP_ROM_QSTR(MP_QSTR_sleep_us), MP_ROM_PTR(&sleep_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_add), MP_ROM_PTR(&ticks_add_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_diff), MP_ROM_PTR(&ticks_diff_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_ms), MP_ROM_PTR(&ticks_ms_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks_us), MP_ROM_PTR(&ticks_us_obj)},
};
static MP_DEFINE_CONST_DICT(time_dict, time_names);
const mp_obj_module_t time_module = {{&mp_type_module}, (mp_obj_dict_t *)&time_dict};
MP_REGISTER_MODULE(MP_QSTR_time, time_module);
