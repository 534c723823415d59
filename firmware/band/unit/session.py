"""What the chain finds goes from here to radio, motor and log; and when a session begins and ends.

The chain calls in the middle of its work, the heap locked: nothing here waits, writes a file or
allocates. What takes longer is wished for in `wanted` and done by the app's loop.
"""

from micropython import const

from band import wire
from band.arrays import words
from band.unit.packing import StridePacker
from band.unit.run_baseline import BaselineOfRun

_GAIT = len(wire.STRIDE) + wire.index(wire.STRIDE_EXTRA, "gait")
_VALID = wire.index(wire.STRIDE, "valid")
_T_IC = wire.index(wire.STRIDE, "t_ic_s")
_STANDING = const(0)  # as gait.py
_RUNNING = const(2)
_BEGIN_STRIDES = const(8)  # so many running strides, none of them further apart than ...
_BEGIN_GAP_DMS = const(30_000)  # ... this: a dash for the bus is no session
_DMS_PER_S = const(10_000)
_LONGEST_S = const(12 * 3600)  # the chain counts time for 14 h

NOTHING, BEGIN, END_STILL, END_LENGTH = range(4)  # `wanted`

_LEVEL = wire.index(wire.STATUS_PACKET, "level")
_ATTRIBUTION = wire.index(wire.STATUS_PACKET, "attribution")
_CONFIDENCE = wire.index(wire.STATUS_PACKET, "confidence_pct")
_PHASE = wire.index(wire.STATUS_PACKET, "phase")
_REASONS = wire.index(wire.STATUS_PACKET, "reasons")
_FAULTS = wire.index(wire.STATUS_PACKET, "faults")
_UNIT_FAULTS = wire.index(wire.STATUS_PACKET, "unit_faults")
_SESSION_S = wire.index(wire.STATUS_PACKET, "session_s")
_STRIDES = wire.index(wire.STATUS_PACKET, "strides")
_STATE = wire.index(wire.STATUS_PACKET, "state")
_COUNT_STRIDES = wire.COUNTERS.index("strides")
_COUNT_VALID = wire.COUNTERS.index("valid_strides")
_COUNT_WARNINGS = wire.COUNTERS.index("warnings")
_WATCH = wire.LEVELS.index("watch")


class Session:
    """The chain's sink. One object for all sessions of the unit."""

    def __init__(self, unit, log, radio, motor, counters):
        self._unit = unit  # UnitSettings
        self._log = log
        self.radio = radio  # Radio or NoRadio
        self._motor = motor
        self._counters = counters
        self._packer = StridePacker()
        self._packet = bytearray(self._packer.size)
        self._chain = None
        self.baseline = BaselineOfRun()
        self.status = words(len(wire.STATUS_PACKET))
        self.running = False
        self.wanted = NOTHING
        self.news = False  # the status has something that must be told at once
        self.strides = 0
        self.valid = 0
        self.begun = 0  # sessions since the start of the unit
        self._begin_dms = 0
        self._moved_dms = 0
        self._streak = 0  # running strides in a row
        self._last_dms = 0

    def attach(self, chain):
        """A new chain: its time starts at 0, and it knows nothing of the athlete's legs yet."""
        self._chain = chain
        self.baseline.clear()
        self.wanted = NOTHING
        self._streak = 0
        self._moved_dms = 0
        for k in range(len(self.status)):
            self.status[k] = 0

    def begin(self, unix_s):
        """Number of the session that begins now."""
        now_dms = self.now_dms()
        self.wanted = NOTHING
        self.strides = 0
        self.valid = 0
        self._begin_dms = now_dms
        self._moved_dms = now_dms
        self.begun += 1
        number = self._log.open(now_dms, unix_s)
        self.running = True
        return number

    def end(self, why):
        """why: of wire.ENDED_BY. The chain has been finished."""
        self._log.close(self.now_dms(), wire.ENDED_BY.index(why), self.strides, self.valid)
        self.running = False
        self.wanted = NOTHING

    def now_dms(self):
        """Time on the chain's line."""
        return self._chain.timebase.end_dms if self._chain else 0

    def mark(self, heaviness):
        self._log.mark(self.now_dms(), heaviness)

    def each_second(self, motion_known, unit_faults):
        """Bring the status up to date and decide. `motion_known`: the IMU delivers."""
        chain = self._chain
        status = self.status
        faults = 0
        if chain is not None:
            now_dms = chain.timebase.end_dms
            faults = chain.faults()
            status[_PHASE] = chain.fatigue.phase
            if not motion_known or chain.gait.state != _STANDING:
                self._moved_dms = now_dms
            if self.running:
                status[_SESSION_S] = (now_dms - self._begin_dms) // _DMS_PER_S
                if now_dms - self._moved_dms >= self._unit.still_s * _DMS_PER_S:
                    self.wanted = END_STILL
                elif status[_SESSION_S] >= _LONGEST_S:
                    self.wanted = END_LENGTH
        if self.running:
            status[_STRIDES] = self.strides
        if faults != status[_FAULTS] or unit_faults != status[_UNIT_FAULTS]:
            self._log.faults(self.now_dms(), faults, unit_faults)
            self.news = True
        status[_FAULTS] = faults
        status[_UNIT_FAULTS] = unit_faults
        self._log.step()

    def tell_state(self, resting):
        """Put into the status whether the unit rests, as wire.STATES numbers it."""
        state = 1 if resting else 0
        if self.status[_STATE] != state:
            self.status[_STATE] = state
            self.news = True

    def resting(self):
        """No session, and nobody moves."""
        return not self.running and (self._chain is None or self._chain.gait.state == _STANDING)

    def warned(self):
        return self.running and self.status[_LEVEL] >= _WATCH

    # --- what the chain calls ---

    def stride(self, record):
        self._counters.add(_COUNT_STRIDES, 1)
        if record[_VALID] == 1:
            self._counters.add(_COUNT_VALID, 1)
        if self.running:
            self.strides += 1
            if record[_VALID] == 1:
                self.valid += 1
            self._packer.pack(record, 0, self._packet)
            self._log.stride(self._packet)
        elif record[_GAIT] == _RUNNING:
            self._mind_start(record[_T_IC])
        else:
            self._streak = 0
        self.radio.stride(record)

    def _mind_start(self, t_dms):
        if t_dms - self._last_dms > _BEGIN_GAP_DMS:
            self._streak = 0
        self._last_dms = t_dms
        self._streak += 1
        if self._streak >= _BEGIN_STRIDES and self._unit.start_by_running:
            self.wanted = BEGIN

    def warning(self, record):
        status = self.status
        rises = record[1] > status[_LEVEL]
        status[_LEVEL] = record[1]
        status[_ATTRIBUTION] = record[2]
        status[_CONFIDENCE] = record[3]
        status[_REASONS] = record[4]
        if self._chain is not None:
            status[_PHASE] = self._chain.fatigue.phase
        self.news = True
        self._counters.add(_COUNT_WARNINGS, 1)
        if self.running:
            self._log.warning(record)
            if rises and self._unit.buzz:
                self._motor.play(record[1])

    def trend(self, record):
        self.baseline.take(record)

    def event(self, record):
        """Contacts are of use only while they are replayed."""

    def burst(self, record):
        """Contractions are of use only while they are replayed."""

    def spectrum(self, record):
        """Spectra are of use only while they are replayed."""
