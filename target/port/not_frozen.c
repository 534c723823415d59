// The interpreter without an application; target/freeze.py writes what takes this file's place.
#include "py/bc.h"

const char mp_frozen_names[] = "";
const mp_frozen_module_t *const mp_frozen_mpy_content[] = {NULL};
