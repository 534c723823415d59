"""Where the virtual chips get their samples from: what a source must offer, and simple ones.

A motion source gives one frame per tick of the chip's own output data rate:
    read(frames, n)   fill frames[0 : 6 n] (array "h": acc x y z, gyr x y z, at +-32 g and
                      +-2000 deg/s) with the next n frames
    skip(n)           pass over n frames that found no room in the FIFO
    started(us)       sampling at 833 Hz starts at this time of the clock; may come again
An EMG source gives 8 kHz stereo frames of the ADC, one per word clock:
    read_frames(buffer, n)   fill the first 8 n bytes: left, right, int32, 24 bits left-justified
    skip_frames(n)           pass over n frames that nobody read in time
    started(us)              the word clock starts at this time of the clock
Neither may allocate once it runs: the firmware's hot path is tested under a locked heap.
A plain function is source enough for what changes slowly: temperature in 0.01 degC, cell
voltage in mV, charge in 1/256 %.
"""


class StillMotion:
    """A unit that lies on a table: 1 g upwards, no rotation, and a count to tell frames apart.

    With `counting`, acc x is the low and gyr x the high half (15 bits each) of the frame index.
    """

    def __init__(self, counting=False):
        self.counting = counting
        self.index = 0

    def read(self, frames, n):
        for i in range(n):
            j = 6 * i
            frames[j] = self.index & 0x7FFF if self.counting else 0
            frames[j + 1] = 0
            frames[j + 2] = 1025  # 1 g / 0.976 mg
            frames[j + 3] = (self.index >> 15) & 0x7FFF if self.counting else 0
            frames[j + 4] = 0
            frames[j + 5] = 0
            self.index += 1

    def skip(self, n):
        self.index += n

    def started(self, us):
        pass


class CountingEmg:
    """Left: the frame index; right: its negative; both shifted to the upper 24 bits."""

    def __init__(self):
        self.index = 0

    def read_frames(self, buffer, n):
        for i in range(n):
            self._put(buffer, 8 * i, self.index << 8)
            self._put(buffer, 8 * i + 4, -self.index << 8)
            self.index += 1

    def skip_frames(self, n):
        self.index += n

    def started(self, us):
        pass

    def _put(self, buffer, at, value):
        for k in range(4):
            buffer[at + k] = (value >> (8 * k)) & 0xFF
