"""LSM6DSO32: acceleration +-32 g and angular rate +-2000 deg/s at 833 Hz, through its FIFO, on SPI.

Registers and bits: ST DocID032891 rev 1, tables 20 to 150; self-test limits: its table 3;
self-test procedure: ST's example lsm6dso32_self_test.c, the steps of AN5473. Low power and wake-up:
ST's lsm6dso32_reg.h, its example lsm6dso32_wake_up.c.
One LSB is 0.976 mg and 70 mdps, as in units.py.

The FIFO holds 512 words of 7 bytes: a tag (sensor << 3 | time slot & 3 << 1 | parity), then x, y,
z little-endian, or for a timestamp 4 bytes of 25 us. A slot's words may come in any order.

What reads samples neither allocates nor raises: a bus that answers nonsense shows as a FIFO
level of -1 or as words that `good_words` refuses. All else raises OSError.
"""

from errno import EIO, ENODEV, ETIMEDOUT
from time import sleep_ms, ticks_diff, ticks_ms

import micropython
from micropython import const

_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_CTRL4_C = const(0x13)
_CTRL5_C = const(0x14)
_CTRL6_C = const(0x15)
_CTRL7_G = const(0x16)
_CTRL8_XL = const(0x17)
_CTRL9_XL = const(0x18)
_CTRL10_C = const(0x19)
_WAKE_UP_SRC = const(0x1B)
_STATUS_REG = const(0x1E)
_OUTX_L_G = const(0x22)
_OUTX_L_A = const(0x28)
_FIFO_STATUS1 = const(0x3A)
_TIMESTAMP0 = const(0x40)
_TAP_CFG0 = const(0x56)
_TAP_CFG2 = const(0x58)
_WAKE_UP_THS = const(0x5B)
_WAKE_UP_DUR = const(0x5C)
_FIFO_DATA_OUT_TAG = const(0x78)

_READ = const(0x80)
_LSM6DSO32_ID = const(0x6C)
_SW_RESET = const(0x01)
_BDU = const(0x40)
_IF_INC = const(0x04)
_I2C_DISABLE = const(0x04)
_I3C_DISABLE = const(0xE2)  # with the reset value of the DEN bits
_BYPASS = const(0x00)
_CONTINUOUS = const(0xC6)  # and a timestamp word every 32 slots
_XLDA = const(0x01)
_GDA = const(0x02)

# 833 Hz. Both low-passes near 200 Hz: half the noise of the full band, and a tibial shock lies
# below 100 Hz.
_CTRL1_XL_RUN = const(0x76)  # +-32 g, LPF2 at ODR/4 = 208 Hz (table 65)
_CTRL2_G_RUN = const(0x7C)  # +-2000 deg/s
_CTRL4_C_RUN = const(0x06)  # LPF1_SEL_G, I2C_disable
_CTRL6_C_RUN = const(0x01)  # FTYPE: 192.4 Hz (table 60)

# Dozing: 26 Hz in low-power mode, and a wake-up event that stays until its source register is read;
# no interrupt pin is wired. Written in this order.
_CTRL1_XL_DOZE = const(0x20)  # +-4 g
_DOZE = (
    _CTRL6_C, 0x10,  # XL_HM_MODE: no high performance
    _TAP_CFG0, 0x41,  # LIR, and INT_CLR_ON_READ with it; the slope counts
    _WAKE_UP_DUR, 0x10,  # one sample will do; an LSB of the threshold is 4 g / 256 = 15.6 mg
    _WAKE_UP_THS, 8,  # 125 mg: half of what two samples 38 ms apart differ by
    _TAP_CFG2, 0x80,  # INTERRUPTS_ENABLE
    _CTRL1_XL, _CTRL1_XL_DOZE,
)  # fmt: skip
_WU_IA = const(0x08)

TAG_GYR = const(0x01)
TAG_ACC = const(0x02)
TAG_TIMESTAMP = const(0x04)
WORD_BYTES = const(7)
FIFO_WORDS = const(512)
TIMESTAMP_US = const(25)
TIMESTAMP_SLOTS = const(32)  # of a timestamp word

# FIFO_STATUS2, as `flags`.
FIFO_WTM_IA = const(0x80)
FIFO_OVR_IA = const(0x40)
FIFO_FULL_IA = const(0x20)
FIFO_OVR_LATCHED = const(0x08)
_ALWAYS_0 = const(0x04)

# Bits of self_test(): an axis whose response is outside the limits.
ACC_FAILED = const(0x07)
GYR_FAILED = const(0x38)

_BLOCK = const(32)  # words of one burst straight into the caller's buffer

_BOOT_MS = const(10)
_SETTLE_MS = const(100)
_READY_MS = const(100)
_TEST_SAMPLES = const(5)


@micropython.viper
def _copy(source, target, at: int, n: int):
    src = ptr8(source)
    dst = ptr8(target)
    i = 0
    while i < n:
        dst[at + i] = src[i]
        i += 1


@micropython.viper
def good_words(word: ptr8, words: int) -> int:
    """How many of the first words have a tag of even parity and of a sensor that is batched."""
    left = words
    while left:
        # Sensors 1, 2, 4; their numbers have one bit set, so the others must be odd together.
        if (0x16 >> (word[0] >> 3)) & (0x96 >> (word[0] & 7)) & 1:
            word = ptr8(int(word) + 7)
            left -= 1
        else:
            break
    return words - left


class Lsm6dso32:
    """spi: a machine.SPI of at most 10 MHz in mode 3; cs: a machine.Pin, output."""

    def __init__(self, spi, cs):
        self._spi = spi
        self._cs = cs
        self._command = bytearray(2)
        self._address = memoryview(self._command)[:1]
        self._byte = bytearray(1)
        self._pair = bytearray(2)
        self._quad = bytearray(4)
        self._axes = bytearray(6)
        # A slice allocates: those of a burst's last words are made once, those of the
        # caller's buffer when it is first seen.
        self._rest = bytearray(WORD_BYTES * (_BLOCK - 1))
        window = memoryview(self._rest)
        self._rests = [window[: WORD_BYTES * n] for n in range(_BLOCK)]
        self._buffer = None
        self._blocks = []
        self.flags = 0
        self.overrun = False
        cs(1)

    def start(self, watermark=64, gyroscope=True):
        """Reset, configure and start the FIFO empty; each register is read back.

        watermark: FIFO words at which FIFO_WTM_IA rises. Without the gyroscope, acceleration
        alone runs and is batched. Raises OSError: ENODEV no chip or another one, EIO a register
        did not take its value.
        """
        self.reset()
        self._configure(_CTRL4_C, _CTRL4_C_RUN)
        self._configure(_CTRL5_C, 0)
        self._configure(_CTRL6_C, _CTRL6_C_RUN)
        self._configure(_CTRL7_G, 0)
        self._configure(_CTRL8_XL, 0)
        self._configure(_CTRL10_C, 0x20)  # TIMESTAMP_EN
        self._configure(_FIFO_CTRL1, watermark & 0xFF)
        self._configure(_FIFO_CTRL2, watermark >> 8)
        self._configure(_FIFO_CTRL3, 0x77 if gyroscope else 0x07)
        # The gyroscope first: with it on, both sample at its ticks.
        self._configure(_CTRL2_G, _CTRL2_G_RUN if gyroscope else 0)
        self._configure(_CTRL1_XL, _CTRL1_XL_RUN)
        self.flush()

    def stop(self):
        """Power both sensors down."""
        self._configure(_FIFO_CTRL4, _BYPASS)
        self._configure(_CTRL1_XL, 0)
        self._configure(_CTRL2_G, 0)

    def doze(self):
        """Feel motion only, with the gyroscope off; start() ends it. Raises OSError.

        The first moved() after it may tell of the change itself.
        """
        self.reset()
        for i in range(0, len(_DOZE), 2):
            self._configure(_DOZE[i], _DOZE[i + 1])

    def moved(self):
        """Whether a dozing chip was moved since the last call, 0.1 s ago or more.

        Raises OSError when there is none, or it does not sample.
        """
        dozes = self._read(_CTRL1_XL) == _CTRL1_XL_DOZE and self._read(_STATUS_REG) & _XLDA
        if self._read(_WHO_AM_I) != _LSM6DSO32_ID or not dozes:
            raise OSError(EIO)
        self._read_into(_OUTX_L_A, self._axes)  # a chip that samples has new ones next time
        return self._read(_WAKE_UP_SRC) & _WU_IA != 0

    def reset(self):
        """Check the identity and put all registers to their reset values."""
        identity = self._read(_WHO_AM_I)
        if identity != _LSM6DSO32_ID:
            raise OSError(ENODEV, f"LSM6DSO32: WHO_AM_I reads 0x{identity:02X}, not 0x6C")
        self._write(_CTRL3_C, _SW_RESET)
        start = ticks_ms()
        while self._read(_CTRL3_C) & _SW_RESET:
            if ticks_diff(ticks_ms(), start) > _BOOT_MS:
                raise OSError(ETIMEDOUT, "LSM6DSO32: the reset does not end")
            sleep_ms(1)
        # On SPI the other interfaces must be off, or noise on the bus can wake them.
        self._configure(_CTRL9_XL, _I3C_DISABLE)
        self._configure(_CTRL4_C, _I2C_DISABLE)
        self._configure(_CTRL3_C, _BDU | _IF_INC)

    def flush(self):
        """Empty the FIFO; it fills again from the next sample."""
        self._configure(_FIFO_CTRL4, _BYPASS)
        self._configure(_FIFO_CTRL4, _CONTINUOUS)

    def alive(self):
        """Whether the chip answers and still runs as configured; does not allocate."""
        return (
            self._read(_WHO_AM_I) == _LSM6DSO32_ID
            and self._read(_CTRL1_XL) == _CTRL1_XL_RUN
            and self._read(_FIFO_CTRL4) == _CONTINUOUS
        )

    def fifo_level(self):
        """Words that wait, 0 to 512, or -1 when the answer cannot be the chip's.

        Sets `flags` (FIFO_STATUS2) and `overrun`: words were overwritten since the last call.
        """
        status = self._pair
        self._read_into(_FIFO_STATUS1, status)
        flags = status[1]
        level = (flags & 3) << 8 | status[0]
        if flags & _ALWAYS_0 or level > FIFO_WORDS:
            return -1
        self.flags = flags
        self.overrun = bool(flags & FIFO_OVR_LATCHED)
        return level

    def read_fifo(self, buffer, words):
        """Read so many words in one burst into the start of a bytearray; returns the number.

        Not more than the buffer holds. Another buffer than last time costs an allocation.
        """
        if buffer is not self._buffer:
            self._adopt(buffer)
        if words * WORD_BYTES > len(buffer):
            words = len(buffer) // WORD_BYTES
        blocks = words // _BLOCK
        rest = words - blocks * _BLOCK
        spi = self._spi
        self._cs(0)
        self._command[0] = _READ | _FIFO_DATA_OUT_TAG
        spi.write(self._address)
        for i in range(blocks):
            spi.readinto(self._blocks[i])
        if rest:
            spi.readinto(self._rests[rest])
        self._cs(1)
        _copy(self._rest, buffer, blocks * _BLOCK * WORD_BYTES, rest * WORD_BYTES)
        return words

    def read_timestamp(self):
        """The chip's clock in 25 us, its lower 30 bits: it wraps after 7.4 h."""
        t = self._quad
        self._read_into(_TIMESTAMP0, t)
        return (t[3] & 0x3F) << 24 | t[2] << 16 | t[1] << 8 | t[0]

    def self_test(self):
        """Bits of the axes that do not respond as they must: acc x y z, gyr x y z; 0 is good.

        The unit must lie still for its 0.7 s. Leaves both sensors off: start() follows. The
        limits are those of table 3: 50 to 1700 mg, 150 to 700 deg/s.
        """
        self.reset()
        failed = 0
        # 52 Hz at +-4 g, 0.122 mg/LSB, negative sign.
        self._configure(_CTRL1_XL, 0x30)
        failed |= self._respond(_XLDA, _OUTX_L_A, 0x02, 410, 13934)
        self._configure(_CTRL1_XL, 0)
        # 208 Hz at +-2000 deg/s, 70 mdps/LSB, positive sign.
        self._configure(_CTRL2_G, 0x5C)
        failed |= self._respond(_GDA, _OUTX_L_G, 0x04, 2143, 10000) << 3
        self._configure(_CTRL2_G, 0)
        return failed

    def _respond(self, ready, register, test, least, most):
        off = self._mean(ready, register)
        self._configure(_CTRL5_C, test)
        on = self._mean(ready, register)
        self._configure(_CTRL5_C, 0)
        failed = 0
        for axis in range(3):
            if not least <= abs(on[axis] - off[axis]) <= most:
                failed |= 1 << axis
        return failed

    def _mean(self, ready, register):
        """Mean of 5 samples per axis in LSB, after settling and one that is thrown away."""
        sleep_ms(_SETTLE_MS)
        sums = [0, 0, 0]
        for sample in range(1 + _TEST_SAMPLES):
            start = ticks_ms()
            while not self._read(_STATUS_REG) & ready:
                if ticks_diff(ticks_ms(), start) > _READY_MS:
                    raise OSError(ETIMEDOUT, "LSM6DSO32: no sample in the self-test")
                sleep_ms(1)
            self._read_into(register, self._axes)
            if sample:
                for axis in range(3):
                    value = self._axes[2 * axis + 1] << 8 | self._axes[2 * axis]
                    sums[axis] += (value ^ 0x8000) - 0x8000
        return [total // _TEST_SAMPLES for total in sums]

    def _adopt(self, buffer):
        step = WORD_BYTES * _BLOCK
        window = memoryview(buffer)
        blocks = len(buffer) // step
        self._blocks = [window[i * step : (i + 1) * step] for i in range(blocks)]
        self._buffer = buffer

    def _read(self, register):
        self._read_into(register, self._byte)
        return self._byte[0]

    def _read_into(self, register, buffer):
        self._command[0] = _READ | register
        self._cs(0)
        self._spi.write(self._address)
        self._spi.readinto(buffer)
        self._cs(1)

    def _write(self, register, value):
        command = self._command
        command[0] = register
        command[1] = value
        self._cs(0)
        self._spi.write(command)
        self._cs(1)

    def _configure(self, register, value):
        self._write(register, value)
        found = self._read(register)
        if found != value:
            raise OSError(EIO, f"LSM6DSO32: register 0x{register:02X} reads 0x{found:02X}")
