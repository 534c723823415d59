// By this name `calfband flash` knows that the application is in the image.
#define MICROPY_HW_BOARD_NAME "Calfband S3"

#include "boards/ESP32_GENERIC_S3/mpconfigboard.h"
