"""Hours of two clocks in virtual time: the lines, the steering and the chain's timebase.

    micropython clocks_line_driver.py name=value ...

Prints one JSON object; errors in microseconds, EMG to IMU, positive: the timebase puts motion
too late. Sources give only what a read shows, a count and a time; the truth is this script's.
"""

import json
import random
import sys
from array import array

import micropython

_MASK = 0x3FFFFFFF
_NONE = -_MASK


@micropython.viper
def _add(a: int, b: int) -> int:
    return (a + b) & 0x3FFFFFFF


@micropython.viper
def _diff(a: int, b: int) -> int:
    return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000


class VirtualTime:
    """`time` as on the band: ticks of 30 bits."""

    def __init__(self, us):
        self.us = us
        self.ticks_add = _add
        self.ticks_diff = _diff

    def ticks_us(self):
        return self.us & _MASK

    def sleep_us(self, us):
        self.us += us


time = VirtualTime(_MASK - 3_000_000)  # the first wrap comes soon
sys.modules["time"] = time  # type: ignore[assignment]

from band.timebase import Timebase  # noqa: E402
from band.unit.clock_line import ClockLine  # noqa: E402
from band.unit.clocks import Clocks  # noqa: E402

PLAN = {
    "seconds": 600,
    "imu_ppm": 0,
    "emg_ppm": 0,
    "drift_ppm_min": 0,  # of the IMU, up to 1 % away and back again
    "jitter_us": 10_000,  # how much later than the count the time is read, at most
    "period_ms": 30,
    "gap_at_s": 0,
    "gap_ms": 0,
    "gap_in": 0,  # 0 neither, 1 IMU, 2 EMG, 3 both
    "from_s": 20,  # errors count from then on
    "seed": 1,
}
READS = 3  # of the IMU's clock when the first took long


class Emg:
    delay_us = 11_763

    def __init__(self):
        self.line = ClockLine(2_000_000)
        self.index = 0
        self._next_pos = 125

    def next_pos(self):
        return self._next_pos

    def begin(self):
        pass

    def take(self, frames):
        self.index = frames // 8
        self._next_pos = (1000 * self.index + 125) & _MASK


class Imu:
    delay_us = 1990
    frame_ns = 1_200_000

    def __init__(self):
        self.line = ClockLine(300_000)

    def frame_pos(self, frame):
        return 1200 * frame & _MASK

    def begin(self, pos):
        return time.ticks_diff(0, pos)


class Chain:
    def __init__(self):
        self.timebase = Timebase(833_000, 32)


def run(plan):
    random.seed(plan["seed"])
    step_us = 1000 * plan["period_ms"]
    jitter_us = plan["jitter_us"]
    start_us = time.us
    emg = Emg()
    imu = Imu()
    clocks = Clocks(emg, imu)
    chain = Chain()
    timebase = chain.timebase
    base = imu_rate = 1e-6 * plan["imu_ppm"]
    emg_rate = 1e-6 * plan["emg_ppm"]
    drift = 1e-6 * plan["drift_ppm_min"] * step_us / 60e6
    gap_from = 1_000_000 * plan["gap_at_s"]
    gap_to = gap_from + 1000 * plan["gap_ms"]
    imu_us = 0.0  # by the chip's own clock
    errors = array("i", [_NONE] * plan["seconds"])  # by second
    settled_s = 0
    back_s = 0
    elapsed = 0
    while elapsed < 1_000_000 * plan["seconds"]:
        gap = plan["gap_in"] if gap_from <= elapsed < gap_to else 0
        now = start_us + elapsed
        if not gap & 1:
            seen = int(imu_us) // 25 * 25 & _MASK
            for _ in range(READS if jitter_us else 1):
                imu.line.observe(seen, now + random.randint(0, jitter_us) & _MASK)
        if not gap & 2:
            frames = int(elapsed * (1 + emg_rate) / 125)
            emg.line.observe(125 * frames & _MASK, now + random.randint(0, jitter_us) & _MASK)
            emg.take(frames)
        if elapsed == 10 * step_us:
            # Both clocks count from the same instant here, not from start().
            clocks.start(chain)
            timebase.shift(-timebase.end_dms)
        elif elapsed > 10 * step_us and not gap:
            behind = imu_us - 48_000
            while 1200 * timebase.frame < behind and timebase.next_end_dms <= 10 * emg.index:
                timebase.advance()
            clocks.steer()
            felt = elapsed - (imu_us - 1200 * timebase.frame) / (1 + imu_rate) - Imu.delay_us
            sample = ((felt + Emg.delay_us) * (1 + emg_rate) - 125) / 1000
            error = int(100 * timebase.end_dms + timebase.rest_us() - 1000 * sample)
            if not settled_s and clocks.settled():
                settled_s = elapsed / 1e6
            if gap_to and elapsed >= gap_to and abs(error) > 500:
                back_s = (elapsed - gap_to) / 1e6
            if elapsed // 1_000_000 != (elapsed - step_us) // 1_000_000:
                errors[elapsed // 1_000_000] = error
        imu_us += step_us * (1 + imu_rate)
        imu_rate += drift
        if abs(imu_rate - base) > 0.01:
            drift = -drift
        elapsed += step_us
    calm_s = gap_to / 1e6 + back_s + 1 if gap_to else 0
    judged = []
    for second in range(plan["from_s"], plan["seconds"]):
        if errors[second] != _NONE and not gap_from / 1e6 <= second < calm_s:
            judged.append(errors[second])
    judged.sort(key=abs)
    return {
        "worst_us": abs(judged[-1]),
        "p95_us": abs(judged[len(judged) * 95 // 100]),
        "mean_us": sum(judged) / len(judged),
        "settled_s": settled_s,
        "back_s": back_s,  # until the error stayed below 0.5 ms after the gap
        "errors_us": [error for error in errors if error != _NONE],
    }


for argument in sys.argv[1:]:
    name, value = argument.split("=")
    if name not in PLAN:
        raise KeyError(name)
    PLAN[name] = int(value)
print(json.dumps(run(PLAN)))
