"""A recording as the virtual chips' world: muscle and motion that a prepared folder holds.

emg.bin      int32 per channel and millisecond: what the skin shows, in eighths of an LSB. The
             value is held for 8 frames of the converter; host_tools/virtual/samples.py has chosen
             it so that the band's decimator gives back the recording's own samples.
motion.bin   6 int16 per frame, at the chip's own rate
Before its time has come the recording shows a muscle and a leg at rest; behind its end, too, or
it begins again.
"""

from array import array

import micropython
from micropython import const

from band.unit import emg_source, imu_source

_FRAME_US = const(125)
_FRAMES = const(8)  # of the converter per sample of the recording
# Frame 8 k completes sample k and shows frame 8 k - 57 in the middle of its 8 held frames.
_CENTRE = const(61)
_CHUNK = const(1024)  # samples read from the file at once
_SOONEST_US = const(1_000_000)
_CHOICES = const(6000)
_BLOCK = const(32)  # samples of a DMA buffer
_AFTER = const(60)


@micropython.viper
def _hold(values, at: int, phase: int, out, done: int, n: int):
    """n frames of held samples into out, from frame `phase` of sample `at` on.

    Values in eighths: so many of the 8 frames show one LSB more. The low 16 bits stay 0.
    """
    v = ptr32(values)
    o = ptr16(out)
    i = done * 4
    end = i + n * 4
    while i < end:
        k = 0
        while k < 2:
            eighths = v[at + at + k]
            word = eighths >> 3
            if phase < (eighths & 7):
                word += 1
            o[i] = 0
            o[i + 1] = word
            i += 2
            k += 1
        phase += 1
        if phase == 8:
            phase = 0
            at += 1


@micropython.viper
def _rest(out, done: int, n: int, noise: int) -> int:
    """Electrodes on a muscle at rest: some uV of noise. Returns its state."""
    o = ptr16(out)
    i = done * 4
    end = i + n * 4
    while i < end:
        noise = (noise * 1103 + 12345) & 0xFFFFF
        o[i] = 0
        o[i + 1] = (noise >> 14) - 32
        i += 2
    return noise


@micropython.viper
def _stand(frames, at: int, n: int, still, noise: int) -> int:
    """A leg at rest: no sensor gives the same number twice. Returns the noise's state."""
    f = ptr16(frames)
    s = ptr16(still)
    i = at * 6
    end = i + n * 6
    k = 0
    while i < end:
        noise = (noise * 1103 + 12345) & 0xFFFFF
        f[i] = s[k] + (noise >> 17) - 4
        i += 1
        k += 1
        if k == 6:
            k = 0
    return noise


class World:
    """When the recording begins, on the band's clock."""

    def __init__(self, lead_us):
        self._lead_us = lead_us
        self.begins_us = -1  # not known yet
        self.words_us = -1  # when the converter's word clock started
        self.first_sample = 0  # of the decimator, that shows sample 0 of the recording

    def choose(self, imu_us, rate_mhz):
        """Let it begin where a block of EMG samples begins and a frame of the IMU comes soon.

        The chips sample when they please; a recording has both from its first moment. A chain
        that is made new there (`due`) sees the recording's samples in the recording's quanta.
        """
        earliest_us = imu_us + (self._lead_us if self._lead_us > _SOONEST_US else _SOONEST_US)
        first = (earliest_us - self.words_us) // 1000 // _BLOCK * _BLOCK
        best = 1 << 29
        for k in range(first, first + _CHOICES, _BLOCK):
            # Sample k is complete with frame 8 k.
            begins_us = self.words_us + 1000 * k + _FRAME_US - emg_source.DELAY_US
            ticks = (begins_us + imu_source.DELAY_US - imu_us) * rate_mhz
            # Thousandths of a frame from here to the next one; a little, so that it is the next.
            off = -(ticks // 1_000_000) % 1000 - _AFTER
            if abs(off) < best:
                best = abs(off)
                self.first_sample = k
                self.begins_us = begins_us

    def due(self):
        """When the samples before the recording's first have reached the processor."""
        return self.words_us + 1000 * self.first_sample


class EmgPlayer:
    """An EMG source of chips/sources.py."""

    def __init__(self, path, samples, world, loop):
        self._file = open(path, "rb")
        self._samples = samples
        self._world = world
        self._loop = loop
        self._values = array("i", bytes(8 * _CHUNK))
        self._chunk = -_CHUNK  # sample at the start of _values
        self._frame = 0  # since the word clock started
        self._offset = 0  # of that start against the first one
        self._noise = 1

    def started(self, us):
        if self._world.words_us < 0:
            self._world.words_us = us
        self._offset = (us - self._world.words_us + _FRAME_US // 2) // _FRAME_US
        self._frame = self._offset

    def samples_shown(self):
        """Samples that a decimator has made of the frames so far."""
        return (self._frame + _FRAMES - 1) // _FRAMES

    def skip_frames(self, n):
        self._frame += n

    def read_frames(self, buffer, n):
        done = 0
        while done < n:
            done += self._some(buffer, done, n - done)
        self._frame += n

    def _some(self, buffer, done, n):
        """Frames from one place, at most n; returns how many."""
        world = self._world
        at = self._frame + done - (_FRAMES * world.first_sample - _CENTRE)
        if world.begins_us < 0:
            return self._rest(buffer, done, n)
        if at < 0:
            return self._rest(buffer, done, min(n, -at))
        sample = at // _FRAMES
        if sample >= self._samples:
            if not self._loop:
                return self._rest(buffer, done, n)
            sample %= self._samples
        start = sample // _CHUNK * _CHUNK
        if start != self._chunk:
            self._file.seek(8 * start)
            self._file.readinto(self._values)
            self._chunk = start
        end = min(start + _CHUNK, self._samples)
        n = min(n, (end - sample) * _FRAMES - at % _FRAMES)
        _hold(self._values, sample - start, at % _FRAMES, buffer, done, n)
        return n

    def _rest(self, buffer, done, n):
        self._noise = _rest(buffer, done, n, self._noise)
        return n


class MotionPlayer:
    """A motion source of chips/sources.py."""

    def __init__(self, path, frames, rate_mhz, still, world, loop):
        self._file = open(path, "rb")
        self._frames = frames
        self._rate_mhz = rate_mhz
        self._still = array("h", still)
        self._world = world
        self._loop = loop
        self._chunk = array("h", bytes(12 * _CHUNK))
        self._start = -1  # frame at the start of _chunk
        self._at = 0  # frame of the recording that comes next
        self._noise = 2

    def started(self, us):
        world = self._world
        if world.begins_us < 0 or us < world.begins_us:
            world.choose(us, self._rate_mhz)
        # The first tick comes one period after the start.
        ahead_us = us - world.begins_us - imu_source.DELAY_US
        self._at = (ahead_us * self._rate_mhz + 500_000_000) // 1_000_000_000 + 1

    def next_frame(self):
        return self._at

    def skip(self, n):
        self._at += n

    def read(self, frames, n):
        done = 0
        while done < n:
            done += self._some(frames, done, n - done)
        self._at += n

    def _some(self, frames, done, n):
        at = self._at + done
        if at < 0:
            return self._rest(frames, done, min(n, -at))
        if at >= self._frames:
            if not self._loop:
                return self._rest(frames, done, n)
            at %= self._frames
        start = at // _CHUNK * _CHUNK
        if start != self._start:
            self._file.seek(12 * start)
            self._file.readinto(self._chunk)
            self._start = start
        n = min(n, min(start + _CHUNK, self._frames) - at)
        _copy(self._chunk, 6 * (at - start), frames, 6 * done, 6 * n)
        return n

    def _rest(self, frames, done, n):
        self._noise = _stand(frames, done, n, self._still, self._noise)
        return n


@micropython.viper
def _copy(source, at: int, target, to: int, n: int):
    s = ptr16(source)
    t = ptr16(target)
    end = at + n
    while at < end:
        t[to] = s[at]
        to += 1
        at += 1
