"""A stand-in chain for tests of the replay itself: it tells what it was fed, and how.

Each 833 IMU frames it says one stride whose fields count up; the first warning tells the sums of
all samples, so that a test can see that every sample arrived once and in place.
"""

from array import array

from band import wire

MODULUS = 1 << 28


class Chain:
    def __init__(self, settings, sink):
        self.sink = sink
        self.settings = settings
        self.emg_n = self.imu_n = 0
        self.emg_lost_n = self.imu_lost_n = 0
        self.emg_sum = self.imu_sum = 0
        self.record = array("i", [0] * (len(wire.STRIDE) + len(wire.STRIDE_EXTRA)))
        self.note = array("i", [0] * len(wire.BURST))
        self.last = array("i", [0] * len(wire.WARNING))

    def emg(self, buf, at, n):
        for _ in range(n):
            self.emg_n += 1
            self.emg_sum = (self.emg_sum * 31 + buf[at] + 7 * buf[at + 1]) % MODULUS
            at += 2

    def imu(self, buf, at, n):
        for _ in range(n):
            self.imu_n += 1
            total = self.imu_sum * 31
            for axis in range(6):
                total += (axis + 1) * buf[at + axis]
            self.imu_sum = total % MODULUS
            at += 6
            if self.imu_n % 833 == 0:
                self.record[0] += 1
                self.record[1] = self.record[0] * 10_000
                self.sink.stride(self.record)

    def _say(self, kind, value):
        """As a burst: kind, EMG samples and IMU frames so far, value."""
        self.note[0] = kind
        self.note[1] = self.emg_n + self.emg_lost_n
        self.note[2] = self.imu_n + self.imu_lost_n
        self.note[3] = value
        self.sink.burst(self.note)

    def emg_lost(self, n):
        self._say(1, n)
        self.emg_lost_n += n

    def imu_lost(self, n):
        self._say(2, n)
        self.imu_lost_n += n

    def temp(self, cc):
        self._say(3, cc)

    def speed(self, mm_s):
        self._say(4, mm_s)

    def finish(self):
        self.last[0] = self.emg_sum
        self.last[1] = 1
        self.last[3] = self.settings.mass_g // 1000
        self.last[4] = 0
        self.sink.warning(self.last)
        self.last[0] = self.imu_sum
        self.sink.warning(self.last)
