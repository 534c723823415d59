"""From the sources into the chain; a sensor that fails is told, passed over and started again."""

from time import ticks_add, ticks_diff

from micropython import const, heap_lock, heap_unlock

from band.arrays import halfwords
from band.unit.clocks import Clocks
from band.unit.correct import Corrections
from band.unit.emg_source import DELAY_US, EmgSource
from band.unit.faults import fault
from band.unit.imu_source import ImuSource
from band.units import EMG_CHANNELS, IMU_AXES, UNKNOWN
from band.wire import COUNTERS, UNCORRECTED

EMG_BLOCK = const(64)  # samples; a DMA buffer of the I2S brings 32
IMU_BLOCK = const(64)  # frames
_MOST_READS = const(12)  # of one source in a row: half a second waits at most
_IMU_MS = const(25)  # its FIFO holds ten times as much
_SECOND_MS = const(1000)
_RETRY_MS = const(2000)  # and twice as long after each failure, up to ...
_LONGEST_RETRY_MS = const(32_000)
_SKIN_MS = const(1000)
_GAUGE_MS = const(10_000)
_SLOW_RETRY_MS = const(10_000)
_EMG, _IMU = 0, 1  # wire.RAW_KINDS

_IMU_SILENT = fault("IMU silent")
_EMG_SILENT = fault("EMG silent")
_SKIN_SILENT = fault("skin sensor silent")
_GAUGE_SILENT = fault("gauge silent")
_EMG_OVERFLOW = fault("EMG overflow")
_IMU_OVERRUN = fault("IMU overrun")
_EMG_LOST = COUNTERS.index("emg_lost")
_IMU_LOST = COUNTERS.index("imu_lost")
_EMG_OVERFLOWS = COUNTERS.index("emg_overflows")
_IMU_OVERRUNS = COUNTERS.index("imu_overruns")
_SENSOR_ERRORS = COUNTERS.index("sensor_errors")


class _Part:
    """A sensor that may fail: whether it works, and when to start it again."""

    def __init__(self, fault_number):
        self.fault = fault_number
        self.works = False
        self.due_ms = 0
        self.pause_ms = _RETRY_MS

    def started(self):
        self.works = True
        self.pause_ms = _RETRY_MS

    def failed(self, now_ms):
        self.works = False
        self.due_ms = ticks_add(now_ms, self.pause_ms)
        if self.pause_ms < _LONGEST_RETRY_MS:
            self.pause_ms *= 2


class Sensors:
    """`start`, `attach` a chain, then `step` every tick. Allocates nothing while all work."""

    def __init__(self, board, faults, counters):
        self._board = board
        self._faults = faults
        self._counters = counters
        self.emg_source = EmgSource(board.i2s)
        self.imu_source = ImuSource(board.imu)
        self.clocks = Clocks(self.emg_source, self.imu_source)
        self._corrections = Corrections()
        self._uncorrected = False
        self._emg_block = halfwords(EMG_CHANNELS * EMG_BLOCK)
        self._imu_block = halfwords(IMU_AXES * IMU_BLOCK)
        self._emg = _Part(_EMG_SILENT)
        self._imu = _Part(_IMU_SILENT)
        self._skin = _Part(_SKIN_SILENT)
        self._gauge = _Part(_GAUGE_SILENT)
        self._chain = None
        self._overflows = 0
        self._overruns = 0
        self._emg_silences = 0
        self._imu_silences = 0
        self._imu_ms = 0
        self._second_ms = 0
        self._skin_ms = 0
        self._gauge_ms = 0
        self.running = False
        self.attempts = 0  # to start something: that may use the heap
        self.charge_pct = UNKNOWN

    def start(self, now_ms):
        """Power everything up; what does not answer is tried again later."""
        self._start_emg(now_ms)
        self._start_imu(now_ms)
        self._start_slow(self._skin, self._board.skin, now_ms)
        self.emg_source.anew()
        self.imu_source.anew()
        self.running = True

    def start_gauge(self, now_ms):
        """The gauge also works while nothing is acquired."""
        self._start_slow(self._gauge, self._board.gauge, now_ms)
        if self._gauge.works:
            self._read_gauge(now_ms)

    def stop(self):
        """No acquisition: converter and IMU sleep."""
        self._pause()
        try:
            self._board.imu.stop()
        except OSError:
            pass  # it is silent anyhow

    def rest(self):
        """No acquisition, and the IMU only feels motion. Raises OSError where it does not."""
        self._pause()
        self._board.imu.doze()

    def _pause(self):
        self.running = False
        self._chain = None
        for part in (self._emg, self._imu, self._skin):
            self._faults.end(part.fault)
        self._board.emg_power(False)

    def calibrate(self, store):
        """Correct by its settings `cal.` from now on; the EMG's delay with the next chain."""
        self._corrections.load(store)
        self.emg_source.delay_us = DELAY_US + self._corrections.emg_delay_us
        self._correct(not self._uncorrected)

    def _correct(self, wanted):
        self._uncorrected = not wanted
        self.emg_source.correction = self._corrections.emg if wanted else None
        self.imu_source.correction = self._corrections.motion if wanted else None

    def attach(self, chain):
        """From now on samples go into this chain, whose time 0 is the next EMG sample."""
        # What piled up while nobody read is no part of it, nor what was lost of that.
        most_emg, most_imu = self.emg_source.most_waiting, self.imu_source.most_waiting
        self._read_emg(None)
        self._read_imu(None)
        self.emg_source.most_waiting, self.imu_source.most_waiting = most_emg, most_imu
        self._overflows = self.emg_source.overflows
        self._overruns = self.imu_source.overruns
        self.clocks.start(chain)
        self._chain = chain

    def detach(self):
        """The sources are read all the same: their clocks stay known."""
        self._chain = None

    @property
    def motion_known(self):
        return self._imu.works and not self.imu_source.silent

    def step(self, now_ms, radio):
        """Empty both sources into the chain, and those who want raw samples get them."""
        if ticks_diff(now_ms, self._second_ms) >= 0:
            self._second_ms = ticks_add(now_ms, _SECOND_MS)
            self._each_second(now_ms, radio)
        if not self.running:
            return
        streams = radio.raw_streams
        if (streams & UNCORRECTED != 0) != self._uncorrected:
            self._correct(streams & UNCORRECTED == 0)
        heap_lock()
        try:
            self._read(now_ms, radio, streams)
        finally:
            heap_unlock()

    def _read(self, now_ms, radio, streams):
        """Nothing in here allocates. With the heap locked, MicroPython also puts the frames of
        calls with many variables onto the stack, which else it looks for room on the heap for."""
        # After a stall there is much EMG to work off, and the FIFO would wait for that, too.
        if ticks_diff(now_ms, self._imu_ms) >= 0:
            self._imu_ms = ticks_add(now_ms, _IMU_MS)
            self._read_imu(radio if streams & 2 else None)
        if self._read_emg(radio if streams & 1 else None):
            self.clocks.steer()

    def _each_second(self, now_ms, radio):
        if ticks_diff(now_ms, self._gauge_ms) >= 0:
            self._step_gauge(now_ms)
        if not self.running:
            return
        if ticks_diff(now_ms, self._skin_ms) >= 0:
            self._step_skin(now_ms)
        self._check(now_ms)
        if radio.raw_streams & 3 and self._chain:
            timebase = self._chain.timebase
            radio.raw_clock(timebase.frame, timebase.end_dms)

    def _read_emg(self, radio):
        """Returns whether the EMG's time went on."""
        source = self.emg_source
        chain = self._chain
        block = self._emg_block
        more = False
        for _ in range(_MOST_READS):
            n = source.readinto(block)
            lost = source.lost
            if n == 0 and lost == 0:
                break
            more = True
            if lost and chain:
                self._counters.add(_EMG_LOST, lost)
                chain.emg_lost(lost)
            if n == 0:
                continue
            if not self._emg.works:
                # The clocks run on without the converter, and bring zeros.
                if chain:
                    self._counters.add(_EMG_LOST, n)
                    chain.emg_lost(n)
                continue
            if chain:
                chain.emg(block, 0, n)
            if radio:
                radio.raw(_EMG, source.index - n, block, n)
            if n < EMG_BLOCK:
                break  # no more was there
        return more

    def _read_imu(self, radio):
        source = self.imu_source
        chain = self._chain
        block = self._imu_block
        for _ in range(_MOST_READS):
            n = source.readinto(block)
            lost = source.lost
            if lost and chain:
                self._counters.add(_IMU_LOST, lost)
                chain.imu_lost(lost)
            if n:
                if chain:
                    chain.imu(block, 0, n)
                if radio:
                    radio.raw(_IMU, source.index - n, block, n)
            if not source.more():
                return

    def _check(self, now_ms):
        """Once a second: what was lost, who is silent, who may be started again."""
        faults = self._faults
        overflows = self.emg_source.overflows
        if overflows != self._overflows:
            self._counters.add(_EMG_OVERFLOWS, overflows - self._overflows)
            self._overflows = overflows
            faults.happened(_EMG_OVERFLOW, now_ms)
        overruns = self.imu_source.overruns
        if overruns != self._overruns:
            self._counters.add(_IMU_OVERRUNS, overruns - self._overruns)
            self._overruns = overruns
            faults.happened(_IMU_OVERRUN, now_ms)
        # One that was silent between two looks is told, too.
        if self.emg_source.silences != self._emg_silences:
            self._emg_silences = self.emg_source.silences
            faults.happened(_EMG_SILENT, now_ms)
        if self.imu_source.silences != self._imu_silences:
            self._imu_silences = self.imu_source.silences
            faults.happened(_IMU_SILENT, now_ms)
        if self._emg.works:
            try:
                if not self._board.emg_adc.alive() or self.emg_source.silent:
                    self._lose(self._emg, now_ms)
            except OSError:
                self._lose(self._emg, now_ms)
        elif ticks_diff(now_ms, self._emg.due_ms) >= 0:
            self._start_emg(now_ms)
        if self._imu.works:
            if self.imu_source.silent or not self._board.imu.alive():
                self._lose(self._imu, now_ms)
        elif ticks_diff(now_ms, self._imu.due_ms) >= 0:
            self._start_imu(now_ms)

    def _lose(self, part, now_ms):
        self.attempts += 1
        part.failed(now_ms)
        self._counters.add(_SENSOR_ERRORS, 1)
        self._faults.begin(part.fault)

    def _recover(self, part):
        self.attempts += 1
        part.started()
        self._faults.end(part.fault)

    def _start_emg(self, now_ms):
        board = self._board
        try:
            board.emg_power(False)
            board.emg_power(True)
            board.emg_adc.start()
            board.emg_adc.power_up()
        except OSError:
            self._lose(self._emg, now_ms)
        else:
            self._recover(self._emg)

    def _start_imu(self, now_ms):
        try:
            self._board.imu.start()
        except OSError:
            self._lose(self._imu, now_ms)
        else:
            self.imu_source.restarted()
            self._recover(self._imu)

    def _start_slow(self, part, chip, now_ms):
        try:
            chip.start()
        except OSError:
            self._lose(part, now_ms)
        else:
            self._recover(part)

    def _step_skin(self, now_ms):
        part = self._skin
        if not part.works:
            self._skin_ms = ticks_add(now_ms, _SLOW_RETRY_MS)
            self._start_slow(part, self._board.skin, now_ms)
            return
        self._skin_ms = ticks_add(now_ms, _SKIN_MS)
        try:
            centi_c = self._board.skin.read()
        except OSError:
            self._lose(part, now_ms)
            return
        if centi_c != UNKNOWN and self._chain:
            self._chain.temp(centi_c)

    def _step_gauge(self, now_ms):
        self._gauge_ms = ticks_add(now_ms, _GAUGE_MS)
        if not self._gauge.works:
            self.start_gauge(now_ms)
        else:
            self._read_gauge(now_ms)

    def _read_gauge(self, now_ms):
        try:
            self.charge_pct = self._board.gauge.charge_pct()
        except OSError:
            self.charge_pct = UNKNOWN
            self._lose(self._gauge, now_ms)
