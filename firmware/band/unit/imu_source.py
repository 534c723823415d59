"""Motion from the IMU's FIFO: whole frames in order, what is lost counted, its clock followed.

Time is the chip's own: its timestamps, 48 of 25 us per frame or whatever the ratio proves to be,
number the slots, and its clock register is read next to the MCU's.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array
from time import ticks_add, ticks_diff, ticks_us

from micropython import const

from band.arrays import halfwords, words
from band.chips.lsm6dso32 import FIFO_WORDS, TIMESTAMP_US, WORD_BYTES, good_words
from band.fixmath import muldiv
from band.unit.clock_line import ClockLine
from band.unit.correct import correct_motion
from band.unit.fifo_words import (
    AT,
    BIAS,
    LOST,
    NEXT,
    PARTS,
    SLOT,
    STATES,
    TAG,
    TIME_HIGH,
    TIME_LOW,
    assemble,
    find_timestamp,
)

# Motion is felt this long before its frame's instant. Gyroscope: 17 degrees at 20 Hz, 2.36 ms,
# with LPF1 at 195 Hz and the fixed LPF2 of 833 Hz (ST AN5040 table 11, the same filters in the
# sister chip). Accelerometer: LPF1 at 416 and LPF2 at 208 Hz, 1.62 ms reckoned as second order
# each (DocID032891 table 65). A frame has one time: the middle, +-0.4 ms for either sensor.
DELAY_US = const(1990)

_FRAME_NS = const(1_200_000)  # by the chip's clock, until measured
_TIMESTAMP_NS = const(25_000)
_RATIO_SLOTS = const(8192)  # ten seconds: the ratio is one of dividers, it does not drift
_STEADY_SLOTS = const(256)
_UNSTEADY_US = const(200)
_TICKS_MASK = const(0x3FFFFFFF)
_LINE_BIN_US = const(300_000)  # 5 s of memory: temperature moves the oscillator
_LOOKS = const(3)
_QUICK_US = const(300)
_SILENT_US = const(300_000)
_HELD_BACK = const(100)  # frames that may still come when silence is told as loss
_LONGEST_TICKS = const(20_000_000)  # 500 s; beyond, ticks_us would wrap
_OLDEST_TICKS = const(40_000)  # no word waits a second in the FIFO
_STRANGE_US = const(500_000)  # chip and MCU disagree by more ...
_STRANGE = const(3)  # ... in so many timestamps: the chip was restarted


class ImuSource:
    """imu: a started Lsm6dso32. Frames are acc x y z, gyr x y z as in units.py.

    `lost`: frames lost before those of the last readinto. `index`: frames given or lost since
    begin(). `silent`: nothing came for 0.3 s; time goes on by `lost`, 0.12 s behind.
    """

    delay_us = DELAY_US

    def __init__(self, imu, gyroscope=True):
        self._imu = imu
        self.correction: array | None = None  # Corrections.motion
        self._whole = 3 if gyroscope else 1
        self._raw = bytearray(FIFO_WORDS * WORD_BYTES)
        self._end = 0
        self._state = words(STATES)
        self._state[SLOT] = self._state[NEXT] = BIAS
        self._frame = halfwords(6)
        self.line = ClockLine(_LINE_BIN_US)
        self.lost = 0
        self.index = 0
        self.silent = False
        self.silences = 0
        self.overruns = 0
        self.most_waiting = 0  # words of the FIFO
        self.refused = 0  # words that the bus garbled
        self.restarts = 0  # of the chip, as its timestamps tell
        # Chip time and position of the last timestamp word, or where silence has moved them.
        self._mark_time = 0
        self._mark_pos = ticks_us()
        self._marked = False
        self._strange = 0
        self.frame_ns = _FRAME_NS
        self._ratio_slots = 0
        self._ratio_ticks = 0
        # The chip's clock as read from its register, and when.
        self._chip_time = 0
        self._chip_ticks = ticks_us()
        self._heard = self._chip_ticks
        self._hunting = True  # words before a timestamp have no place in time
        self.line.restart(self._mark_pos, self._heard)

    def restarted(self):
        """The driver has started the chip anew: its FIFO is empty, its clock begins again."""
        self._end = self._state[AT] = 0
        self._marked = False
        self._hunting = True

    def anew(self):
        """As `restarted`, and nobody has read for longer than ticks may tell: time begins."""
        self.restarted()
        self._state[SLOT] = self._state[NEXT] = BIAS
        now = ticks_us()
        self.line.restart(now, now)
        self._mark_pos = self._chip_ticks = self._heard = now
        self._mark_time = 0
        self.silent = False
        self._strange = 0

    def frame_pos(self, frame):
        """Position on `line` of a frame, counted from begin(), that is not far from now."""
        slots = frame - self.index + self._state[NEXT] - BIAS
        return ticks_add(self._mark_pos, muldiv(slots, self.frame_ns, 1000))

    def us_of(self, frame):
        """MCU time (ticks_us) at which a frame's motion happened; for frames of the last minute."""
        return ticks_add(self.line.ticks_at(self.frame_pos(frame)), -DELAY_US)

    def begin(self, pos):
        """Frame 0 is the next one that is not before `pos`; older ones are dropped.

        Returns by how much frame 0 is after pos, in microseconds of the chip's clock.
        """
        after = ticks_diff(self.frame_pos(self.index), pos)
        if after < 0:
            self._state[NEXT] += 1 + muldiv(-after, 1000, self.frame_ns)
            after = ticks_diff(self.frame_pos(self.index), pos)
        self.index = 0
        self.lost = 0
        return after

    def more(self):
        """Words that were fetched wait for the next readinto."""
        return self._state[AT] < self._end

    def readinto(self, block):
        """Frames into block, array('H') of 6 per frame; returns how many. See clocks.py.

        Does not wait and does not raise: a dead bus gives silence.
        """
        self.lost = 0
        state = self._state
        room = len(block) // 6
        made = 0
        while made == 0:
            if state[AT] >= self._end and not self._fetch():
                self._listen()
                break
            if self._hunting:
                state[AT] = find_timestamp(self._raw, state[AT], self._end)
                state[TAG] = (self._raw[state[AT]] >> 1) & 3 if state[AT] < self._end else 0
                state[PARTS] = 0
            result = assemble(
                0, 0, self._raw, self._end, state, self._frame, block, room, self._whole
            )
            made = result >> 1
            if made:
                self.lost = state[LOST]
            if result & 1:
                self._mark(state[TIME_HIGH] << 16 | state[TIME_LOW])
        self.index += self.lost + made
        if self.correction is not None:
            correct_motion(block, made, self.correction)
        return made

    def _fetch(self):
        """Read what waits and the chip's clock. False when there was nothing."""
        imu = self._imu
        level = imu.fifo_level()
        if level < 0:
            return False
        if level > self.most_waiting:
            self.most_waiting = level
        good = 0
        if level:
            words = imu.read_fifo(self._raw, level)
            good = good_words(self._raw, words)
            if good < words:
                # What was read is gone; the next timestamp says how much.
                self.refused += words - good
                self._hunting = True
            if imu.overrun:
                self.overruns += 1
                self._hunting = True
            self._state[AT] = 0
            self._end = good * WORD_BYTES
        if good == 0:
            return False
        self.silent = False
        self._look()
        return True

    def _look(self):
        """Read the chip's clock and the MCU's together, again when that took long."""
        now = ticks_us()
        for _ in range(_LOOKS):
            before = now
            chip_time = self._imu.read_timestamp()
            now = ticks_us()
            self._chip_time = chip_time
            self._chip_ticks = now
            if self._marked and not self._hunting:
                since = (chip_time - self._mark_time) & _TICKS_MASK
                if since < _LONGEST_TICKS:
                    self.line.observe(ticks_add(self._mark_pos, since * TIMESTAMP_US), now)
            if ticks_diff(now, before) < _QUICK_US:
                break
        self._heard = now

    def _mark(self, time):
        """A timestamp word of the current slot."""
        age = (self._chip_time - time) & _TICKS_MASK
        if age > _OLDEST_TICKS:
            age = 0
        by_mcu = ticks_add(self.line.pos_at(self._chip_ticks), -age * TIMESTAMP_US)
        since = (time - self._mark_time) & _TICKS_MASK
        pos = by_mcu
        if self._marked:
            if since < _LONGEST_TICKS:
                pos = ticks_add(self._mark_pos, since * TIMESTAMP_US)
            differ = ticks_diff(pos, by_mcu)
            if since >= _LONGEST_TICKS or differ > _STRANGE_US or differ < -_STRANGE_US:
                self._strange += 1
                self._hunting = True
                if self._strange < _STRANGE:
                    return
                self._marked = False
                self.restarts += 1
        self._strange = 0
        if not self._marked:
            # Nothing but the MCU's clock tells how long the chip was away.
            pos = by_mcu
            since = ticks_diff(pos, self._mark_pos) // TIMESTAMP_US
            if since < 0:
                # Nobody read for longer than ticks tell; nothing can have been told of it.
                since = 0
                pos = self._mark_pos
            self.line.restart(pos, ticks_add(self._chip_ticks, -age * TIMESTAMP_US))
            self._marked = True
        slots = muldiv(since, _TIMESTAMP_NS, self.frame_ns)
        if not self._hunting and slots < _STEADY_SLOTS:
            self._measure(slots, since)
        self._hunting = False
        self._move_mark(slots, pos, time)
        self._state[SLOT] = BIAS

    def _measure(self, slots, ticks):
        """How many of its own nanoseconds the chip takes for a frame."""
        off_us = ticks * TIMESTAMP_US - muldiv(slots, self.frame_ns, 1000)
        if off_us > _UNSTEADY_US or off_us < -_UNSTEADY_US:
            return
        self._ratio_slots += slots
        self._ratio_ticks += ticks
        if self._ratio_slots > _STEADY_SLOTS:
            self.frame_ns = muldiv(self._ratio_ticks, _TIMESTAMP_NS, self._ratio_slots)
        if self._ratio_slots > _RATIO_SLOTS:
            half = _RATIO_SLOTS >> 1
            self._ratio_ticks = muldiv(self._ratio_ticks, half, self._ratio_slots)
            self._ratio_slots = half

    def _move_mark(self, slots, pos, time):
        self._state[NEXT] -= slots
        self._mark_pos = pos
        self._mark_time = time

    def _listen(self):
        """Nothing waits. After 0.3 s of it time goes on without frames."""
        now = ticks_us()
        if ticks_diff(now, self._heard) < _SILENT_US:
            return
        self.silences += not self.silent
        self.silent = True
        self._heard = ticks_add(now, -_SILENT_US)
        due = ticks_diff(self.line.pos_at(now), self.frame_pos(self.index))
        due = muldiv(due, 1000, self.frame_ns) - _HELD_BACK
        if due <= 0:
            return
        self.lost = due
        state = self._state
        state[NEXT] += due
        self._hunting = True
        slots = state[NEXT] - BIAS
        # In whole ticks of the chip's clock, so that its time and position stay together.
        ticks = muldiv(slots, self.frame_ns, _TIMESTAMP_NS)
        pos = ticks_add(self._mark_pos, ticks * TIMESTAMP_US)
        self._move_mark(slots, pos, (self._mark_time + ticks) & _TICKS_MASK)
        self.line.carry(self._mark_pos)
