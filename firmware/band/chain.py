"""Blocks of integers in, strides, bursts and warnings out. No hardware, no files, no clock.

Whatever the size of the blocks, the chain works in whole quanta (64 EMG samples, 32 IMU
frames) merged by the time they end, so the same samples give the same results.
"""

from micropython import const

from band import wire
from band.arrays import words
from band.emg import EmgChannel
from band.fatigue import Fatigue
from band.features import DEGRADED, StrideFeatures
from band.gait import Gait
from band.gaps import Gaps
from band.ring import Ring
from band.spectrum import VALID_STRIDES, StrideSpectrum
from band.timebase import Timebase
from band.units import DMS_PER_S, UNKNOWN

EMG_QUANTUM = const(64)
_IMU_QUANTUM = const(32)  # as in gait.py; an imported name is looked up each time
_DMS_PER_EMG = const(10)
INPUT_FRAMES = const(256)  # a quarter of a second waits for its turn

# As in gait.py and wire.py; imported names are looked up each time.
_CLOSED = const(1)
_LANDED = const(2)
_LEFT = const(4)
_IC = const(0)
_TO = const(1)
_GYR_LOST = 1 << wire.FAULTS.index("gyroscope lost")
_ACC_LOST = 1 << wire.FAULTS.index("accelerometer lost")
_ACC_CLIPPED = 1 << wire.FAULTS.index("acceleration clipped")
_SLIPPED = 1 << wire.FAULTS.index("band slipped")
_EMG_LOST = 1 << wire.FAULTS.index("EMG samples lost")
_IMU_LOST = 1 << wire.FAULTS.index("IMU samples lost")
LOSS_TOLD_DMS = const(50_000)  # a loss stays among the faults for five seconds
_WATCHING = wire.PHASES.index("watching")


class Chain:
    """The whole way of a sample. `sink` has event, stride, burst, warning, trend and
    spectrum(record).

    Call `emg` and `imu` with blocks as they come; a source that lost samples says how many.
    Nothing here allocates after __init__, but MicroPython looks for room on the heap for the frame
    of each call with more than eleven words. Under `micropython.heap_lock()` it takes the stack.
    """

    def __init__(self, settings, sink):
        self._sink = sink
        self._has_emg = bool(settings.has_emg1 or settings.has_emg2)
        self._has_imu = bool(settings.has_acc or settings.has_gyr)
        self._has_both = self._has_emg and self._has_imu
        self.timebase = Timebase(settings.imu_rate_mhz, _IMU_QUANTUM)
        # The large arrays first, while there is unbroken room for them.
        self.gait = Gait(settings, self.timebase)
        self.emg1 = EmgChannel(1, settings) if settings.has_emg1 else None
        self.emg2 = EmgChannel(2, settings) if settings.has_emg2 else None
        self._emg_in = Ring(INPUT_FRAMES, 2)
        self._imu_in = Ring(INPUT_FRAMES, 6)
        self.spectrum1 = StrideSpectrum()
        self.spectrum2 = StrideSpectrum()
        self._spectrum_row = words(len(wire.SPECTRUM_HEAD) + wire.SPECTRUM_BINS)
        self.features = StrideFeatures(settings)
        self.fatigue = Fatigue(settings)
        self._emg_gaps = Gaps()
        self._imu_gaps = Gaps()
        self._emg_next = self._has_emg  # the next quantum is one of EMG
        self._awaited = 0
        self._fresh_told = False
        self._burst = words(len(wire.BURST))
        self._event = words(len(wire.EVENT))
        self._second = DMS_PER_S
        self._emg_loss_dms = -LOSS_TOLD_DMS
        self._imu_loss_dms = -LOSS_TOLD_DMS
        self.bursts = 0
        self._strides_this_second = 0
        self._temp_cc = UNKNOWN
        self._speed_mm_s = settings.speed_mm_s

    def emg(self, block, offset, frames):
        """Take interleaved int16 samples (ch 1, ch 2) from block[offset:], offset in halfwords."""
        ring = self._emg_in
        while frames > 0:
            taken = ring.push(block, offset, frames)
            if taken == 0:
                self._emg_quantum()  # the IMU is late; EMG results do not depend on it
            elif self._emg_next and ring.head >= self._awaited:
                self._run()
            offset += taken << 1
            frames -= taken

    def imu(self, block, offset, frames):
        """Take interleaved int16 frames (acc x y z, gyr x y z) from block[offset:]."""
        ring = self._imu_in
        while frames > 0:
            taken = ring.push(block, offset, frames)
            if taken == 0:
                self._imu_quantum()
            elif not self._emg_next and ring.head >= self._awaited:
                self._run()
            offset += taken * 6
            frames -= taken

    def emg_lost(self, frames):
        """The source lost this many EMG samples here: time goes on without them."""
        self._emg_gaps.mark(self._emg_in.head, frames)
        self._hold(self._emg_in, frames)

    def imu_lost(self, frames):
        """The source lost this many IMU frames here."""
        self._imu_gaps.mark(self._imu_in.head, frames)
        self._hold(self._imu_in, frames)

    def temp(self, centi_c):
        """Skin temperature in 0.01 degC; counts from the next whole second on."""
        self._temp_cc = centi_c

    def speed(self, mm_s):
        """A trusted speed in mm/s; counts from the next whole second on. 0: not known."""
        self._speed_mm_s = mm_s

    def finish(self):
        """The session ends: give what is still open. Less than a quantum stays unread."""
        while self._emg_in.head - self._emg_in.tail >= EMG_QUANTUM:
            self._emg_quantum()
        self._end_bursts(self.emg1)
        self._end_bursts(self.emg2)
        while self._imu_in.head - self._imu_in.tail >= _IMU_QUANTUM:
            self._imu_quantum()
        if self.gait.finish():
            self._stride(False)
        self._weigh_all()
        self._spectra()

    def _hold(self, ring, frames):
        while frames > 0:
            step = ring.room()
            if step == 0:
                if ring is self._emg_in:
                    self._emg_quantum()
                else:
                    self._imu_quantum()
                continue
            if step > frames:
                step = frames
            ring.hold(step)
            frames -= step
            self._run()

    def _run(self):
        """Work off whole quanta in the order of their ends, whichever sensor came first.

        Leaves in `_emg_next` which sensor is waited for and in `_awaited` up to where: more of the
        other changes nothing.
        """
        emg = self._emg_in
        imu = self._imu_in
        timebase = self.timebase
        both = self._has_both
        emg_next = self._has_emg
        while True:
            emg_stop = emg.tail + EMG_QUANTUM
            if both:
                emg_next = emg_stop * _DMS_PER_EMG <= timebase.next_end_dms
            if emg_next:
                if emg.head < emg_stop:
                    break
                self._emg_quantum()
            else:
                if imu.head - imu.tail < _IMU_QUANTUM:
                    break
                self._imu_quantum()
        self._emg_next = emg_next
        self._awaited = emg_stop if emg_next else imu.tail + _IMU_QUANTUM

    def _emg_quantum(self):
        ring = self._emg_in
        at = ring.tail
        stop = at + EMG_QUANTUM
        gaps = self._emg_gaps
        if gaps.count == 0:
            self._emg_samples(at, EMG_QUANTUM)
            at = stop
        while at < stop:
            end = gaps.end_at(at)
            lost = end >= 0
            if not lost:
                end = gaps.next_after(at)
            n = (end if end < stop else stop) - at
            if lost:
                self._emg_loss_dms = at * _DMS_PER_EMG
                if self.emg1:
                    self.emg1.lost(n)
                if self.emg2:
                    self.emg2.lost(n)
            else:
                self._emg_samples(at, n)
            at += n
        gaps.forget(stop)
        ring.tail = stop
        if not self._has_imu:
            self._tick(stop * _DMS_PER_EMG)

    def _emg_samples(self, start, n):
        ring = self._emg_in
        data = ring.data
        offset = (start & ring.mask) << 1
        emg = self.emg1
        if emg and emg.process(data, offset, n):
            self._take_bursts(emg.bursts)
        emg = self.emg2
        if emg and emg.process(data, offset + 1, n):
            self._take_bursts(emg.bursts)

    def _imu_quantum(self):
        ring = self._imu_in
        timebase = self.timebase
        gaps = self._imu_gaps
        real = True
        if gaps.count:
            start = ring.tail
            real = not gaps.touch(start, start + _IMU_QUANTUM)
            gaps.forget(start + _IMU_QUANTUM)
        if not real:
            self._imu_loss_dms = timebase.end_dms
        gait = self.gait
        news = gait.process(ring, real)
        if news:
            if news & _LEFT:
                self._tell_event(_TO, gait.contacts.to_f16)
            if news & _LANDED:
                self._tell_event(_IC, gait.next_ic_f16)
            if news & _CLOSED:
                self._stride(True)
        elif self.fatigue.stage:
            # A block's work is shared out among quanta in which nothing else happens.
            self._tell(self.fatigue.step())
        now_dms = timebase.end_dms
        if now_dms >= self._second:
            self._tick(now_dms)

    def _tell_event(self, kind, position_f16):
        event = self._event
        event[0] = kind
        event[1] = self.timebase.at_dms(position_f16)
        event[2] = self.timebase.end_dms
        self._sink.event(event)

    def _take_bursts(self, bursts):
        while bursts.queued:
            bursts.take(self._burst)
            self.bursts += 1
            self._sink.burst(self._burst)

    def _end_bursts(self, emg):
        if emg:
            emg.bursts.finish()
            self._take_bursts(emg.bursts)

    def _stride(self, whole):
        """A stride was closed: measure it, let the fatigue model judge, tell."""
        gait = self.gait
        features = self.features
        record = features.record
        faults = self.faults()
        features.timing(gait, self.timebase, faults, whole)
        if self.emg1:
            push_dms = UNKNOWN
            if gait.contacts.push_f16 >= 0:
                push_dms = self.timebase.at_dms(gait.contacts.push_f16)
            features.muscle(self.emg1, self.spectrum1, push_dms)
        if self.emg2:
            features.second_muscle(self.emg2, self.spectrum2)
        if gait.health.gyr_lost or gait.health.acc_lost:
            record[DEGRADED] = 1
        self._strides_this_second += 1
        self._sink.stride(record)
        self._weigh_all()
        self._tell(self.fatigue.take(record))

    def _weigh_all(self):
        """What the fatigue model has not done yet."""
        while self.fatigue.stage:
            self._tell(self.fatigue.step())

    def _tick(self, now_dms):
        while now_dms >= self._second:
            self.features.temp_cc = self._temp_cc
            self.features.speed_mm_s = self._speed_mm_s
            if self._strides_this_second == 0:
                self._weigh_all()
                self._tell(self.fatigue.quiet(self._second, self.gait.state, self.faults()))
            self._strides_this_second = 0
            self._second += DMS_PER_S

    def faults(self):
        """What is wrong just now: bits of wire.FAULTS."""
        faults = 0
        if self.emg1:
            faults |= self.emg1.faults
        if self.emg2:
            faults |= self.emg2.faults
        gait = self.gait
        if gait.health.gyr_lost:
            faults |= _GYR_LOST
        if gait.health.acc_lost:
            faults |= _ACC_LOST
        if gait.health.clipped:
            faults |= _ACC_CLIPPED
        if gait.slipped:
            faults |= _SLIPPED
        now = self.timebase.end_dms
        if now - self._imu_loss_dms < LOSS_TOLD_DMS:
            faults |= _IMU_LOST
        if self._emg_in.tail * _DMS_PER_EMG - self._emg_loss_dms < LOSS_TOLD_DMS:
            faults |= _EMG_LOST
        return faults

    def _tell(self, news):
        if news & 1:
            self._sink.warning(self.fatigue.warning)
        if news & 2:
            self._sink.trend(self.fatigue.trend)
        if self.fatigue.phase >= _WATCHING and not self._fresh_told:
            # The baseline is complete: this is what fresh looks like.
            self._fresh_told = True
            self._spectra()

    def _spectra(self):
        row = self._spectrum_row
        if self.spectrum1.count >= VALID_STRIDES:
            self.spectrum1.export(row, 1, self._second)
            self._sink.spectrum(row)
        if self.spectrum2.count >= VALID_STRIDES:
            self.spectrum2.export(row, 2, self._second)
            self._sink.spectrum(row)
