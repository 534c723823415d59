"""Three clocks, one time line: the EMG sample count is the chain's time, one sample a millisecond.

The MCU's `ticks_us` is what both sources are compared with. Each source has a `ClockLine`: its
own clock against the MCU's. `Clocks.steer` chains the two lines and turns the difference between
where the chain's `Timebase` puts an IMU frame and where the frame belongs into rate and phase.

How a program uses it, each tick:

    while True:                                    # until there is nothing more to take
        n = emg.readinto(block)
        if emg.lost: chain.emg_lost(emg.lost)      # these samples lie before the n just read
        if n: chain.emg(block, 0, n)
        if not (n or emg.lost): break
    ... the same with imu and chain.imu_lost, chain.imu ...
    clocks.steer()

and `clocks.start(chain)` when a session begins: chain time 0 is the next EMG sample. Before and
between sessions the sources are read all the same, so that the lines stay settled.
Nothing allocates after __init__, except in start().
"""

from time import ticks_add, ticks_diff

from micropython import const

from band.fixmath import muldiv

_ONE = const(1 << 24)
_STEER_SAMPLES = const(200)
_JUMP_US = const(1000)  # a larger error is put right at once, a smaller one by the rate
_MOST_BACK_DMS = const(-200)  # a quantum of 38 ms must not end before its start
_US_PER_S = const(1_000_000)
_PULL_S = const(2)  # time in which a small phase error goes down to a third


class Clocks:
    """Keeps chain.timebase on the EMG's time.

    emg: an EmgSource, or what has its line, delay_us, index, next_pos and begin().
    imu: an ImuSource, or what has its line, delay_us, frame_ns, frame_pos() and begin().
    """

    def __init__(self, emg, imu):
        self._emg = emg
        self._imu = imu
        self._timebase = None
        self._steered = 0
        self.error_us = 0  # last phase error of the timebase, before it was steered
        self.jumps = 0

    def settled(self):
        """Both lines are: EMG and IMU lie within 0.5 ms of each other."""
        return self._emg.line.settled() and self._imu.line.settled()

    def start(self, chain):
        """A session begins: the next EMG sample is number 0, and no older IMU frame comes."""
        emg = self._emg
        emg.begin()
        timebase = self._timebase = chain.timebase
        offset_us = self._imu.begin(self._imu_pos(emg.next_pos()))
        timebase.rate(self.rate_mhz())
        relative = self._imu.line.rate_q24 - emg.line.rate_q24
        timebase.shift((offset_us + muldiv(offset_us, relative, _ONE)) // 100)
        self._steered = 0

    def rate_mhz(self):
        """IMU frames per 1000 EMG seconds of samples: its rate in the chain's time."""
        rate = muldiv(_US_PER_S, _US_PER_S, self._imu.frame_ns)
        return muldiv(rate, _ONE + self._emg.line.rate_q24, _ONE + self._imu.line.rate_q24)

    def _imu_pos(self, emg_pos):
        """Position of the IMU's clock when it gives what the skin felt at EMG position."""
        ticks = self._emg.line.ticks_at(emg_pos)
        ticks = ticks_add(ticks, self._imu.delay_us - self._emg.delay_us)
        return self._imu.line.pos_at(ticks)

    def _emg_pos(self, imu_pos):
        ticks = self._imu.line.ticks_at(imu_pos)
        ticks = ticks_add(ticks, self._emg.delay_us - self._imu.delay_us)
        return self._emg.line.pos_at(ticks)

    def _phase_error_us(self, timebase):
        """How much later than its motion the timebase puts the next frame to be processed."""
        emg = self._emg
        belongs = ticks_diff(self._emg_pos(self._imu.frame_pos(timebase.frame)), emg.next_pos())
        return (timebase.end_dms - emg.index * 10) * 100 + timebase.rest_us() - belongs

    def steer(self):
        """Call each tick; does something every 0.2 s of samples."""
        timebase = self._timebase
        if timebase is None or self._emg.index - self._steered < _STEER_SAMPLES:
            return
        self._steered = self._emg.index
        error = self._phase_error_us(timebase)
        self.error_us = error
        rate = self.rate_mhz()
        if error > _JUMP_US or error < -_JUMP_US:
            dms = -error // 100
            if dms < _MOST_BACK_DMS:
                dms = _MOST_BACK_DMS
            timebase.shift(dms)
            self.jumps += 1
        else:
            rate += muldiv(error, rate, _US_PER_S * _PULL_S)
        timebase.rate(rate)
