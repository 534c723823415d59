"""Scripts for the real MicroPython: both sources on the virtual unit's drivers and chips."""

from tests.drivers_bench import on_bench

# `Rig` reads as the firmware's loop does and knows the truth from the chips.
RIG = """
import random
from array import array
from band.timebase import Timebase
from band.unit.clocks import Clocks
from band.unit.emg_source import DELAY_US as EMG_DELAY_US, EmgSource
from band.unit.imu_source import DELAY_US as IMU_DELAY_US, ImuSource

@micropython.viper
def count_into(frames, n: int, index: int):
    f = ptr16(frames)
    i = 0
    while i < n:
        f[6 * i] = index & 0x7FFF
        f[6 * i + 3] = (index >> 15) & 0x7FFF
        i += 1
        index += 1

class CountedMotion:
    # acc x and gyr x together are the number of the frame.
    def __init__(self):
        self.index = 0
    def read(self, frames, n):
        count_into(frames, n, self.index)
        self.index += n
    def skip(self, n):
        self.index += n
    def started(self, us):
        self.index = 0

class QuietEmg:
    def read_frames(self, buffer, n):
        pass
    def skip_frames(self, n):
        pass
    def started(self, us):
        pass

class Rig:
    # The chain's part: it counts, and advances the timebase as chain._run does.
    def __init__(self, imu_mhz=833_000, emg_hz=8000, seed=1, late_us=10_000):
        random.seed(seed)
        self.late_us = late_us
        self.motion = CountedMotion()
        self.bench = Bench(self.motion, QuietEmg(), imu_mhz)
        self.unit = Board()
        self.i2s_us = time.clock.us()
        self.emg_hz = emg_hz
        self.unit.i2s._rate = emg_hz
        self.unit.imu.start()
        self.emg = EmgSource(self.unit.i2s)
        self.imu = ImuSource(self.unit.imu)
        self.clocks = Clocks(self.emg, self.imu)
        self.emg_block = array("H", bytes(4 * 64))
        self.imu_block = array("H", bytes(12 * 64))
        self.timebase = Timebase(833_000, 32)
        self.running = False
        self.first = None  # number of the chip's frame that the chain got as its first
        self.emg_frames = self.imu_frames = 0
        self.emg_lost = self.imu_lost = 0
        self.misplaced = 0
        self.worst_us = self.error_us = 0
        self.anchor()

    def anchor(self):
        # The chip has started to sample, now: its frames count from here.
        self.first = None
        self.base_number = self.motion.index
        self.base_us = self.bench.imu._start_us

    def begin(self):
        # The part of a session's start that Clocks.start needs of a chain.
        self.emg_frames = self.imu_frames = self.emg_lost = self.imu_lost = 0
        self.misplaced = 0
        self.first = None
        self.timebase = Timebase(833_000, 32)
        self.clocks.start(self)
        # Frames of the ADC that the samples before this session took.
        self.emg_base = 8 * ((self.unit.i2s._taken + 7) // 8)
        self.running = True

    def step(self):
        block = self.emg_block
        emg = self.emg
        for _ in range(12):
            n = emg.readinto(block)
            self.emg_frames += n
            self.emg_lost += emg.lost
            if n == 0 and emg.lost == 0:
                break
        block = self.imu_block
        imu = self.imu
        for _ in range(12):
            n = imu.readinto(block)
            self.imu_lost += imu.lost
            self.imu_frames += imu.lost
            if n == 0 and imu.lost == 0:
                break
            if n:
                self.check(block, 0)
                self.imu_frames += n - 1
                self.check(block, 6 * (n - 1))
                self.imu_frames += 1
        if self.running:
            timebase = self.timebase
            while (self.imu_frames >= timebase.frame + 32
                   and timebase.next_end_dms <= 10 * (self.emg_frames + self.emg_lost)):
                timebase.advance()
            self.clocks.steer()

    def check(self, block, at):
        # The chain's frame number against the chip's own, which every frame carries.
        number = block[at + 3] << 15 | block[at]
        if self.first is None:
            self.first = number - self.imu_frames
        if number - self.imu_frames != self.first:
            self.misplaced += 1

    def run(self, seconds, worst_from=0):
        self.worst_us = 0
        clock = time.clock
        end = clock.us() + int(1e6 * seconds)
        worst_from = clock.us() + int(1e6 * worst_from)
        while clock.us() < end:
            clock.wait(10_000 + random.randint(0, self.late_us))
            self.step()
            if self.running and self.first is not None:
                self.error_us = self.error()
                if clock.us() > worst_from and abs(self.error_us) > self.worst_us:
                    self.worst_us = abs(self.error_us)
        return self.worst_us

    def error(self):
        # How much later than its motion was felt the timebase puts its next frame, in us.
        number = self.first + self.timebase.frame
        taken_us = (number - self.base_number + 1) * 1e9 / self.bench.imu.rate_mhz
        felt = self.base_us + taken_us - IMU_DELAY_US
        frame = (felt + EMG_DELAY_US - self.i2s_us) * self.emg_hz / 1e6 - 1
        sample = (frame - self.emg_base) / 8
        return int(100 * self.timebase.end_dms + self.timebase.rest_us() - 1000 * sample)

    def emg_exact(self):
        # Samples given and lost against the frames that the DMA has given or dropped.
        return 8 * self.emg.index == self.unit.i2s._taken - self.emg_base

def slow_looks(rig, most_us):
    # The processor is away for up to most_us between every second answer of the chip and the
    # look at the clock.
    read = rig.unit.imu.read_timestamp
    def late():
        value = read()
        if random.randint(0, 1):
            time.clock.stall(random.randint(0, most_us))
        return value
    rig.unit.imu.read_timestamp = late
"""


def on_rig(script: str) -> str:
    """The whole script: what it asserts fails the test that runs it."""
    return on_bench(RIG + script).replace("\nbench = Bench()\nunit = Board()\n", "\n")
