"""EMG at 1 kHz from the converter's 8 kHz I2S words, lost ones counted, its clock followed.

machine.I2S on the ESP32 fills DMA buffers of 256 frames (machine_i2s.c) and gives only whole
ones. When all wait unread the oldest is dropped and nothing tells: the count of frames then falls
behind `ticks_us` by a multiple of 32 ms, which no lateness of a read is, on the average of a few.
"""

from array import array
from select import POLLIN, poll
from time import sleep_us, ticks_add, ticks_diff, ticks_us

from micropython import const

from band.decimate import MOST_FRAMES, RATIO, Decimator
from band.unit.clock_line import ClockLine
from band.unit.correct import correct_emg

# Muscle is active this long before its sample is complete: 17.1 frames in the converter's
# linear-phase filter at 8 kHz (TI SBAS993B table 22, the filters of this family), and 57 frames
# in decimate.py.
DELAY_US = const(2138 + 7125)

SAMPLE_US = const(1000)
_FRAME_US = const(125)
_FRAME_BYTES = const(8)
_DMA_US = const(32_000)  # one DMA buffer
_DMA_SAMPLES = const(32)
_DMA_BUFFERS = const(16)
_HALF_DMA_US = const(16_000)
_JITTER_US = const(12_000)  # of a read, in excess of the DMA's
_LINE_BIN_US = const(2_000_000)  # 32 s of memory: quartz against quartz
_OVERFLOW_US = const(400_000)  # unread for less, 15 buffers cannot overflow
_JUDGED_READS = const(16)
_SILENT_US = const(300_000)
_HELD_BACK = const(100)  # samples
_MEET_EVERY_US = const(250_000)
_MEET_US = const(2500)
_MEET_LATE_US = const(500)
_MEET_STEP_US = const(40)
_MEET_SOON_US = const(400)  # earlier than by the line it hardly comes


class EmgSource:
    """i2s: a machine.I2S of 8 kHz, 32 bits, stereo; None: no EMG, the MCU's clock is the time.

    `lost`: samples lost before those of the last readinto. `index`: samples given or lost since
    begin(), which is the chain's time in ms. `silent`: nothing came for 0.3 s, or no i2s.
    """

    def __init__(self, i2s):
        self._i2s = i2s
        self.correction: array | None = None  # Corrections.emg
        self.delay_us = DELAY_US  # and what calibration adds
        self._raw = bytearray(MOST_FRAMES * _FRAME_BYTES)
        self._decimator = Decimator()
        self.line = ClockLine(_LINE_BIN_US)
        self.lost = 0
        self.index = 0
        self.silent = i2s is None
        self.silences = 0
        self.overflows = 0
        self.most_waiting = 0  # frames
        self._waited = 0  # frames, since less than there was room for was read
        now = ticks_us()
        self._pos = now  # of all frames read or lost
        self._phase = 0  # frames read beyond those of whole samples, -7 to 0
        self._heard = now
        self._emptied = now
        self._met = now
        self._suspicious = 0  # reads
        self._judged = 0
        self._least_us = 0
        self._fresh = True  # nothing read yet
        self.line.restart(now, now)
        if i2s is None:
            self.line.trust()
        else:
            # Once asked whether it is ready, an I2S never blocks a read.
            poller = poll()
            poller.register(i2s, POLLIN)
            poller.poll(0)

    def next_pos(self):
        """Position on `line` at which sample `index` will be complete."""
        return ticks_add(self._pos, (1 - self._phase) * _FRAME_US)

    def us_of(self, index):
        """MCU time (ticks_us) of a sample's muscle activity; for samples of the last minute."""
        pos = ticks_add(self.next_pos(), (index - self.index) * SAMPLE_US)
        return ticks_add(self.line.ticks_at(pos), -self.delay_us)

    def anew(self):
        """Nobody has read for longer than ticks may tell: what waits is dropped, time begins."""
        if self._i2s is not None:
            for _ in range(_DMA_BUFFERS):
                if not self._i2s.readinto(self._raw):
                    break
        now = ticks_us()
        self.line.restart(now, now)
        if self._i2s is None:
            self.line.trust()
        self._pos = self._heard = self._emptied = self._met = now
        self.silent = self._i2s is None
        self._suspicious = self._judged = 0

    def begin(self):
        """The next sample is number 0."""
        self.index = 0
        self.lost = 0

    def readinto(self, block):
        """Samples into block, array('H'), 2 per sample, of at least 64 samples; how many.

        Does not wait longer than 3 ms, four times a second at most. See clocks.py.
        """
        self.lost = 0
        i2s = self._i2s
        if i2s is None:
            self._by_mcu(ticks_us(), 0)
            return 0
        got = i2s.readinto(self._raw) or 0
        now = ticks_us()
        if got == 0:
            got = self._meet(now)
            now = ticks_us()
        frames = got // _FRAME_BYTES
        if frames == 0:
            if ticks_diff(now, self._heard) > _SILENT_US and not self._fresh:
                self.silences += not self.silent
                self.silent = True
                self._heard = ticks_add(now, -_SILENT_US)
                self._by_mcu(now, _HELD_BACK)
            return 0
        self._waited += frames
        if self._waited > self.most_waiting:
            self.most_waiting = self._waited
        if frames < MOST_FRAMES:
            self._waited = 0
        self._pos = ticks_add(self._pos, frames * _FRAME_US)
        if self.silent:
            self._resume(now)
        elif frames < MOST_FRAMES:
            self._judge(now)
            self.line.observe(self._pos, now)
            self._emptied = now
        self._fresh = False
        self._heard = now
        made = self._decimator.process(self._raw, frames, block)
        self._phase += frames - RATIO * made
        self.index += made
        if self.correction is not None:
            correct_emg(block, made, self.correction)
        return made

    def _lose(self, samples):
        self.lost += samples
        self.index += samples
        self._pos = ticks_add(self._pos, samples * SAMPLE_US)

    def _by_mcu(self, now, held_back):
        """Time goes on without samples."""
        due = ticks_diff(self.line.pos_at(now), self.next_pos()) // SAMPLE_US - held_back
        if due > 0:
            self._lose(due)
            self.line.carry(self._pos)

    def _resume(self, now):
        """Samples came back; how long they were away only the MCU's clock knows."""
        self._by_mcu(now, 0)
        self.silent = False
        self.line.restart(self._pos, now)
        self._emptied = now
        self._suspicious = 0
        self._judged = 0

    def _meet(self, now):
        """A DMA buffer is due within 2.5 ms: wait for it, to see when it comes.

        A loop in step with the DMA would otherwise see every buffer equally late.
        """
        if ticks_diff(now, self._met) < _MEET_EVERY_US:
            return 0
        due = ticks_diff(self.line.ticks_at(ticks_add(self._pos, _DMA_US)), now)
        if due > _MEET_US or due < -_MEET_LATE_US:
            return 0
        self._met = now
        if due > _MEET_SOON_US:
            sleep_us(due - _MEET_SOON_US)
        got = 0
        while got == 0 and ticks_diff(ticks_us(), now) < due + _MEET_LATE_US:
            sleep_us(_MEET_STEP_US)
            got = self._i2s.readinto(self._raw) or 0
        return got

    def _judge(self, now):
        """All that waited has been read: is the count where it must be by now?"""
        late = self.line.late_us(self._pos, now)
        if ticks_diff(now, self._emptied) > _OVERFLOW_US:
            self._suspicious = _JUDGED_READS
            self._judged = 0
        if self._suspicious:
            self._suspicious -= 1
            if late > _DMA_US + _JITTER_US:
                # The least it can be; the next reads tell the rest.
                late -= self._overflowed((late - _JITTER_US) // _DMA_US)
        elif not self.line.settled():
            return
        if self._judged == 0 or late < self._least_us:
            self._least_us = late
        self._judged += 1
        if self._judged >= _JUDGED_READS:
            self._judged = 0
            if self._least_us > _HALF_DMA_US:
                self._overflowed((self._least_us + _HALF_DMA_US) // _DMA_US)

    def _overflowed(self, buffers):
        self.overflows += 1
        self._judged = 0
        self._lose(buffers * _DMA_SAMPLES)
        return buffers * _DMA_US
