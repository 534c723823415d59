"""LSM6DSO32 on SPI, register by register, after ST DocID032891 rev 1.

    imu = Lsm6dso32(source, clock, rate_mhz=833_000)
    wires.spi(1, cs=10, chip=imu)

source: a motion source (chips/sources.py); one of its frames is used up per tick of the chip at
833 Hz, and every so many as fit while it dozes: at a lower rate with the wake-up event enabled.
The self-test's rates show a unit at rest and use none up.
clock: us(). rate_mhz: the true output rate in mHz at 833 Hz nominal; the timestamp runs with it.

Modelled: reset values, read-only and reserved bits, automatic increment, software reset, output
data rates and ranges, data-ready flags, FIFO in bypass, FIFO and continuous mode with tags,
timestamps, watermark and overrun, timestamp counter, self-test response, the wake-up event by
slope with threshold, duration and latch. Not modelled: interrupt pins, other events, filters,
embedded functions, compression, sensor hub. When both run, a slot's words come in
the order timestamp, gyroscope, acceleration; the data sheet does not give one.
"""

from array import array

from micropython import const

from chips import fifo as ring
from chips.fifo import COUNT, GARBLE, LOSE, OVERRUN, SLOT, SWAP, Fifo, put_frames, put_timestamp
from chips.lsm6dso32_map import RESET, WRITABLE, output
from chips.lsm6dso32_wake import WakeUp

_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_CTRL5_C = const(0x14)
_CTRL10_C = const(0x19)
_WAKE_UP_SRC = const(0x1B)
_STATUS_REG = const(0x1E)
_OUTX_L_G = const(0x22)
_OUTX_L_A = const(0x28)
_OUTZ_H_A = const(0x2D)
_FIFO_STATUS1 = const(0x3A)
_FIFO_STATUS2 = const(0x3B)
_TIMESTAMP0 = const(0x40)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)
_FIFO_DATA_OUT_Z_H = const(0x7E)

_RUN = const(7)  # code of 833 Hz: the rate of the sources
_NOMINAL_MHZ = const(833_000)
_CHUNK = const(64)  # frames fetched at once
_RESET_US = const(50)
_SETTLE_US = const(60_000)  # until the self-test's response has built up


class Lsm6dso32:
    SPI_MODES = (0, 3)
    SPI_MAX_HZ = 10_000_000

    def __init__(self, source, clock, rate_mhz=_NOMINAL_MHZ):
        self._source = source
        self._clock = clock
        self.rate_mhz = rate_mhz
        # What the self-test moves the outputs by, per axis.
        self.self_test_mg = [300, 400, 500]
        self.self_test_dps = [300, 350, 400]
        self.violations = 0  # writes to read-only registers or reserved bits
        self.dead = False  # fault: answers 0x00 as if unpowered
        self.skipped = 0  # source frames that never reached the FIFO
        self._frozen = False
        self._registers = bytearray(128)
        self._reset_values = bytearray(128)
        self._masks = bytearray(128)
        for register, value in RESET:
            self._reset_values[register] = value
        for register, mask in WRITABLE:
            self._masks[register] = mask
        self._fifo = Fifo()
        self._frames = array("h", bytes(2 * 6 * _CHUNK))
        self._last = array("h", [0, 0, 1025, 0, 0, 0])
        self.wake_up = WakeUp(self._registers)
        self._address = -1
        self._reading = False
        self._power_on()

    # What the world and the tests do to it.

    def brownout(self):
        """The supply dips: all registers are as after power-on, sampling has stopped."""
        self.sync()
        self._power_on()

    def freeze(self, frozen):
        """Stop sampling (the registers still answer), or go on."""
        self.sync()
        if self._frozen and not frozen and self._running():
            self._source.skip(self._due() << max(0, _RUN - self._rate_code()))
            self._restart_ticks()
        self._frozen = frozen

    def set_rate(self, rate_mhz):
        """The oscillator runs at another rate from now on."""
        self.sync()
        self._timestamp_base = self._timestamp()
        self._timestamp_us = self._clock.us()
        self.rate_mhz = rate_mhz
        self._restart_ticks()

    def lose_slots(self, n):
        """The next n slots do not reach the FIFO; its tag counter jumps."""
        self.sync()
        self._fifo.state[LOSE] = n

    def swap_words(self, n):
        """The next n slots have their words in the other order."""
        self.sync()
        self._fifo.state[SWAP] = n

    def garble_tags(self, n):
        """The next n words have a wrong parity bit."""
        self.sync()
        self._fifo.state[GARBLE] = n

    @property
    def who_am_i(self):
        return self._registers[_WHO_AM_I]

    @who_am_i.setter
    def who_am_i(self, value):
        self._registers[_WHO_AM_I] = value
        self._reset_values[_WHO_AM_I] = value

    @property
    def overruns(self):
        """FIFO words overwritten since power-on."""
        return self._fifo.state[OVERRUN]

    # The bus.

    def select(self, level):
        """Chip select: low begins a transaction."""
        self._address = -1

    def write(self, buffer):
        for i in range(len(buffer)):
            self.exchange(buffer[i])

    def readinto(self, buffer, write=0):
        n = len(buffer)
        if (
            self._address == _FIFO_DATA_OUT_TAG
            and self._reading
            and not self.dead
            and n % ring.WORD == 0
        ):
            ring.take(self._fifo.words, self._fifo.state, buffer, 0, n // ring.WORD)
            return
        for i in range(n):
            buffer[i] = self.exchange(write)

    def exchange(self, byte):
        if self.dead:
            return 0
        address = self._address
        if address < 0:
            self.sync()
            self._reading = bool(byte & 0x80)
            self._address = byte & 0x7F
            return 0xFF
        answer = 0xFF
        if self._reading:
            answer = self._read(address)
        else:
            self._write(address, byte)
        if address == _FIFO_DATA_OUT_Z_H:
            # Reading rounds over the seven output registers, whatever IF_INC says.
            self._address = _FIFO_DATA_OUT_TAG
        elif self._registers[_CTRL3_C] & 0x04:
            self._address = (address + 1) & 0x7F
        return answer

    # Registers.

    def _power_on(self):
        for register in range(128):
            self._registers[register] = self._reset_values[register]
        self._fifo.clear()
        self._reset_us = -_RESET_US
        self._start_us = 0
        self._made = 0
        self._seen_overrun = self._fifo.state[OVERRUN]
        self._new_acc = False
        self._new_gyr = False
        self._timestamp_us = 0
        self._timestamp_base = 0
        self._test_us = 0
        self.wake_up.clear()

    def _read(self, register):
        if _OUTX_L_G <= register <= _OUTZ_H_A:
            if register >= _OUTX_L_A:
                self._new_acc = False
            else:
                self._new_gyr = False
            settled = self._clock.us() - self._test_us >= _SETTLE_US
            value = output(self, self._registers, self._last, register, settled)
            return (value >> 8 if register & 1 else value) & 0xFF
        if register == _STATUS_REG:
            return (1 if self._new_acc else 0) | (2 if self._new_gyr else 0)
        if register == _WAKE_UP_SRC:
            return self.wake_up.read()
        if register == _CTRL3_C and self._clock.us() - self._reset_us < _RESET_US:
            return self._registers[_CTRL3_C] | 0x01
        if register == _FIFO_STATUS1:
            return self._fifo.state[COUNT] & 0xFF
        if register == _FIFO_STATUS2:
            return self._fifo_status2()
        if _TIMESTAMP0 <= register <= _TIMESTAMP0 + 3:
            return (self._timestamp() >> (8 * (register - _TIMESTAMP0))) & 0xFF
        if register == _INTERNAL_FREQ_FINE:
            return ((self.rate_mhz - _NOMINAL_MHZ) * 2 // 2499) & 0xFF
        if register == _FIFO_DATA_OUT_TAG:
            ring.take(self._fifo.words, self._fifo.state, self._registers, register, 1)
        return self._registers[register]

    def _fifo_status2(self):
        state = self._fifo.state
        count = state[COUNT]
        watermark = (self._registers[_FIFO_CTRL2] & 1) << 8 | self._registers[_FIFO_CTRL1]
        value = count >> 8
        if state[OVERRUN] != self._seen_overrun:
            self._seen_overrun = state[OVERRUN]
            value |= 0x08
        if count >= ring.WORDS - 2:
            value |= 0x20
        if count == ring.WORDS:
            value |= 0x40
        if watermark and count >= watermark:
            value |= 0x80
        return value

    def _write(self, register, value):
        mask = self._masks[register]
        if (value ^ self._reset_values[register]) & ~mask & 0xFF:
            self.violations += 1
        value = (value & mask) | (self._reset_values[register] & ~mask)
        before = self._registers[register]
        self._registers[register] = value
        if register == _CTRL3_C and value & 0x01:
            self._power_on()
            self._reset_us = self._clock.us()
        elif register in (_CTRL1_XL, _CTRL2_G) and (value ^ before) & 0xF0:
            self._restart_ticks()
            if value >> 4 == _RUN or self.wake_up.enabled:
                self._source.started(self._clock.us())
        elif register == _CTRL5_C:
            self._test_us = self._clock.us()
        elif register == _CTRL10_C and value & ~before & 0x20:
            self._timestamp_us = self._clock.us()
            self._timestamp_base = 0
        elif register == _FIFO_CTRL4 and not value & 7:
            self._fifo.clear()

    # Time.

    def _running(self):
        return (self._registers[_CTRL1_XL] | self._registers[_CTRL2_G]) & 0xF0

    def _rate_code(self):
        return max(self._registers[_CTRL1_XL], self._registers[_CTRL2_G]) >> 4

    def _restart_ticks(self):
        self._start_us = self._clock.us()
        self._made = 0

    def _due(self):
        """Ticks that have passed and are not sampled yet."""
        shift = _RUN - self._rate_code()
        rate = self.rate_mhz >> shift if shift >= 0 else self.rate_mhz << -shift
        return (self._clock.us() - self._start_us) * rate // 1_000_000_000 - self._made

    def _timestamp(self):
        if not self._registers[_CTRL10_C] & 0x20:
            return 0
        us = self._clock.us() - self._timestamp_us
        return self._timestamp_base + us * self.rate_mhz // (25 * _NOMINAL_MHZ)

    def sync(self):
        """Sample what is due by the clock; the bus does it at the start of a transaction."""
        if self.dead or self._frozen or not self._running():
            return
        due = self._due()
        if due <= 0:
            return
        self._new_acc = bool(self._registers[_CTRL1_XL] & 0xF0) or self._new_acc
        self._new_gyr = bool(self._registers[_CTRL2_G] & 0xF0) or self._new_gyr
        if self._rate_code() != _RUN:
            if self.wake_up.enabled:
                self.wake_up.sample(self._source, due, (1 << (_RUN - self._rate_code())) - 1)
            self._made += due
            return
        mode = self._registers[_FIFO_CTRL4] & 7
        keep = ring.WORDS if mode else 1
        if due > keep and mode != 1:
            # Nobody will see these: they would be overwritten before the next look.
            self._pass_over(due - keep, mode)
            due = keep
        self._batch(due, mode)

    def _pass_over(self, n, mode):
        self._source.skip(n)
        self.skipped += n
        self._made += n
        if mode:
            which = self._batched()
            state = self._fifo.state
            state[SLOT] += n
            state[OVERRUN] += n * ((which & 1) + (which >> 1))

    def _batched(self):
        """Bit 0: the gyroscope is batched, bit 1: the acceleration."""
        rates = self._registers[_FIFO_CTRL3]
        which = 0
        if rates & 0xF0 and self._registers[_CTRL2_G] & 0xF0:
            which = 1
        if rates & 0x0F and self._registers[_CTRL1_XL] & 0xF0:
            which |= 2
        return which

    def _batch(self, due, mode):
        which = self._batched()
        every = (0, 1, 8, 32)[self._registers[_FIFO_CTRL4] >> 6]
        stops = 1 if mode == 1 else 0
        words = self._fifo.words
        state = self._fifo.state
        while due > 0:
            n = due if due < _CHUNK else _CHUNK
            if mode and every:
                to_stamp = every - state[SLOT] % every
                if to_stamp == every and not state[LOSE]:
                    stamp = self._stamp_of_next()
                    put_timestamp(words, state, stamp & 0xFFFF, (stamp >> 16) & 0xFFFF, stops)
                if n > to_stamp:
                    n = to_stamp
            self._source.read(self._frames, n)
            if mode:
                put_frames(words, state, self._frames, n, which, stops)
            self._made += n
            due -= n
            at = 6 * (n - 1)
            for axis in range(6):
                self._last[axis] = self._frames[at + axis]

    def _stamp_of_next(self):
        at_us = self._start_us + (self._made + 1) * 1_000_000_000 // self.rate_mhz
        us = at_us - self._timestamp_us
        return self._timestamp_base + us * self.rate_mhz // (25 * _NOMINAL_MHZ)
