"""Registers of the virtual LSM6DSO32, after ST DocID032891 rev 1, table 20 and section 9."""

from micropython import const

_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL5_C = const(0x14)
_OUTX_L_G = const(0x22)

# What is not 0 after a reset: PIN_CTRL, WHO_AM_I, CTRL3_C, CTRL9_XL.
RESET = ((0x02, 0x3F), (0x0F, 0x6C), (0x12, 0x04), (0x18, 0xE0))
# Bits that can be written, from FUNC_CFG_ACCESS to Z_OFS_USR; the others keep their reset value.
WRITABLE = (
    (0x01, 0xC0), (0x02, 0x40), (0x07, 0xFF), (0x08, 0xD7), (0x09, 0xFF), (0x0A, 0xF7),
    (0x0B, 0xE7), (0x0C, 0xFF), (0x0D, 0xFF), (0x0E, 0x7F), (0x10, 0xFE), (0x11, 0xFE),
    (0x12, 0xFD), (0x13, 0x6E), (0x14, 0xEF), (0x15, 0xFF), (0x16, 0xF2), (0x17, 0xFD),
    (0x18, 0xFE), (0x19, 0x20), (0x56, 0x7F), (0x57, 0xFF), (0x58, 0xFF), (0x59, 0xFF),
    (0x5A, 0xFF), (0x5B, 0xFF), (0x5C, 0xFF), (0x5D, 0xFF), (0x5E, 0xFF), (0x5F, 0xFF),
    (0x62, 0x19), (0x73, 0xFF), (0x74, 0xFF), (0x75, 0xFF),
)  # fmt: skip

_ACC_SHIFT = (3, 0, 2, 1)  # FS_XL: +-4, 32, 8, 16 g, to LSB of +-32 g
_GYR_SHIFT = (3, 2, 1, 0)  # FS_G: +-250, 500, 1000, 2000 deg/s
_FS_125 = const(0x02)
_ACC_SIGN = (0, 1, -1, 0)  # ST_XL, table 56
_GYR_SIGN = (0, 1, 0, -1)  # ST_G, table 55


def output(chip, registers, frame, register, settled):
    """What an output register shows of a frame, with range and self-test applied."""
    axis = (register - _OUTX_L_G) >> 1
    tests = registers[_CTRL5_C]
    if axis < 3:
        value = frame[3 + axis]
        control = registers[_CTRL2_G]
        shift = 4 if control & _FS_125 else _GYR_SHIFT[(control >> 2) & 3]
        change = _GYR_SIGN[(tests >> 2) & 3] * chip.self_test_dps[axis] * 1000 // 70
    else:
        value = frame[axis - 3]
        shift = _ACC_SHIFT[(registers[_CTRL1_XL] >> 2) & 3]
        change = _ACC_SIGN[tests & 3] * chip.self_test_mg[axis - 3] * 1000 // 976
    value = (value + (change if settled else change // 8)) << shift
    return -32768 if value < -32768 else 32767 if value > 32767 else value
