"""What the firmware says, taken down beside it: records on stdout as of replay_chain.py.

The chain's own records of the tags in wire.py, and wire.TAG_PROGRESS with TELLS whenever the
status is told: `begins_ms`, when the recording begins on the chain's time line; `frames_ahead`,
frames of the recording that the IMU has given and the band has not. Nothing is allocated: the
firmware's heap is being watched.
"""

from array import array

from record_stream import RecordStream

from band import wire

TELLS = ("t_ms", "begins_ms", "frames_ahead", "session", "charge_pct", "led", "motor") + tuple(
    field[0] for field in wire.STATUS_PACKET
)
_HEAD = 7


class Listener(RecordStream):
    """Stands between the chain and the firmware's session, and between it and the radio."""

    def __init__(self, stream, bench, twin):
        super().__init__(stream)
        self._bench = bench
        self._twin = twin
        self._told = array("i", [0] * len(TELLS))
        self.strides = 0
        self.statuses = 0
        self.unit_faults = 0  # every bit that Status ever told
        self.chain_faults = 0
        self.app = None

    def attach(self, app):
        """Listen to this app; it boots."""
        self.app = app
        session = app.session
        self._stride = session.stride
        self._warning = session.warning
        self._trend = session.trend
        self._status = app.radio.status
        session.stride = self.stride
        session.warning = self.warning
        session.trend = self.trend
        session.burst = self.burst
        session.event = self.event
        app.radio.status = self.status
        self._step = app.radio.step
        app.radio.step = self.step

    def stride(self, record):
        self.strides += 1
        self.put(wire.TAG_STRIDE, record)
        self._stride(record)

    def warning(self, record):
        self.put(wire.TAG_WARNING, record)
        self._warning(record)

    def trend(self, record):
        self.put(wire.TAG_TREND, record)
        self._trend(record)

    def burst(self, record):
        self.put(wire.TAG_BURST, record)

    def event(self, record):
        self.put(wire.TAG_EVENT, record)

    def step(self, ticks_ms):
        """Where the radio has the control point's requests done, the world has its own."""
        self._twin.ask(self.app)
        self._step(ticks_ms)

    def status(self, fields):
        self.statuses += 1
        told = self._told
        app = self.app
        assert app is not None
        told[0] = self._twin.now_ms()
        told[1] = self._twin.begins_ms(app.sensors.emg_source.index)
        told[2] = self._twin.motion.next_frame() - app.sensors.imu_source.index
        told[3] = app.log.session
        told[4] = app.sensors.charge_pct
        told[5] = self._bench.led()
        told[6] = self._bench.motor_duty()
        for k in range(len(fields)):
            told[_HEAD + k] = fields[k]
        self.unit_faults |= fields[7]
        self.chain_faults |= fields[6]
        self.put(wire.TAG_PROGRESS, told)
        self._status(fields)
