// By this name `calfband flash` knows that the application is in the image.
#define MICROPY_HW_BOARD_NAME "Calfband ESP32"

#include "boards/ESP32_GENERIC/mpconfigboard.h"
