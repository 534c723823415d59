"""What a bonded phone may ask of the unit, one method per opcode of wire.REQUESTS.

`request` is called from Radio.step in the loop, with parameters that were checked for length and
range. It may allocate and use flash: a request is no steady state.
"""

from binascii import crc32
from struct import pack, unpack

from micropython import const

from band import wire
from band.unit.log_files import path_of

_COUNTS = f"<{len(wire.COUNTERS)}I"
_CALIBRATION = f"<{len(wire.CALIBRATION)}i"
_PIECE = const(238)  # an MTU of 247 less the heads of ATT and of the log packet


class Control:
    """Works for one `app`, whose parts it uses."""

    def __init__(self, app):
        self._app = app
        self.asked = 0  # requests; the heap may have grown by what they needed
        self._does = {
            wire.START: self._start,
            wire.STOP: self._stop,
            wire.MARK: self._mark,
            wire.SET_TIME: self._set_time,
            wire.RAW_START: self._raw_start,
            wire.RAW_STOP: self._raw_stop,
            wire.SET_SPEED: self._set_speed,
            wire.BUZZ: self._buzz,
            wire.LIST_SESSIONS: self._list_sessions,
            wire.READ_LOG: self._read_log,
            wire.ERASE_LOG: self._erase_log,
            wire.SELF_TEST: self._self_test,
            wire.SET_ATHLETE: self._set_athlete,
            wire.COUNT: self._count,
            wire.STAGE: self._stage,
            wire.KEEP: self._keep,
            wire.READ_CALIBRATION: self._read_calibration,
            wire.CLEAR_CALIBRATION: self._clear_calibration,
        }
        self._staged = {}  # of wire.CALIBRATION: row and value
        self._reading = None  # the file of the session that is sent
        self._session = 0
        self._offset = 0
        self._left = 0
        self._piece = bytearray(_PIECE)

    def request(self, opcode, parameters):
        """(result, data). What raises is answered with "failed" by the radio."""
        self.asked += 1
        do = self._does.get(opcode)
        if do is None:
            return wire.UNKNOWN_OPCODE, b""
        return do(parameters)

    def step(self, radio):
        """Send on the file that is being read, as far as the radio takes it."""
        if self._reading is None:
            return
        room = radio.log_room
        if room < 0:
            self._close()
            return
        while room > 0 and self._reading is not None:
            n = min(room, self._left, _PIECE)
            if n:
                n = self._reading.readinto(self._piece, n)
            radio.log(self._session, self._offset, self._piece, n)
            self._offset += n
            self._left -= n
            if n == 0:
                self._close()
            room = radio.log_room
        self.asked += 1

    def _close(self):
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _start(self, _):
        if self._app.session.running:
            return wire.SUCCESS, b""
        return (wire.SUCCESS if self._app.begin_session() else wire.NOT_PERMITTED), b""

    def _stop(self, _):
        if not self._app.session.running:
            return wire.NOT_PERMITTED, b""
        self._app.end_session("request")
        return wire.SUCCESS, b""

    def _mark(self, parameters):
        if not self._app.session.running:
            return wire.NOT_PERMITTED, b""
        self._app.session.mark(parameters[0])
        return wire.SUCCESS, b""

    def _set_time(self, parameters):
        self._app.set_time(unpack("<I", parameters)[0])
        return wire.SUCCESS, b""

    def _raw_start(self, parameters):
        streams = parameters[0]
        if streams == wire.UNCORRECTED:
            return wire.INVALID, b""
        app = self._app
        app.get_up()
        if not app.sensors.running:
            return wire.NOT_PERMITTED, b""
        if streams & wire.UNCORRECTED:
            if app.session.running:
                return wire.NOT_PERMITTED, b""
        elif app.calibrating:
            # All links get the same samples, and this one did not ask for uncorrected ones.
            return wire.NOT_PERMITTED, b""
        return wire.SUCCESS, b""

    def _raw_stop(self, _):
        return wire.SUCCESS, b""

    def _set_speed(self, parameters):
        self._app.set_speed(unpack("<H", parameters)[0])
        return wire.SUCCESS, b""

    def _buzz(self, parameters):
        self._app.board.motor.play(parameters[0])
        return wire.SUCCESS, b""

    def _list_sessions(self, parameters):
        first = unpack("<H", parameters)[0]
        files = self._app.log.files
        rows = b""
        for session in files.sessions():
            # More than one answer can hold is not needed: the client asks on from the next.
            if session >= first and len(rows) < _PIECE:
                row = session, files.start_unix_s(session), files.size(session)
                rows += pack("<HII", *row)
        return wire.SUCCESS, rows

    def _read_log(self, parameters):
        session, offset = unpack("<HI", parameters)
        self._close()
        log = self._app.log
        try:
            size, crc = log.head(session)
        except OSError:
            return wire.INVALID, b""
        if offset > size:
            return wire.INVALID, b""
        self._reading = open(path_of(log.files.folder, session), "rb")
        self._reading.seek(offset)
        self._session = session
        self._offset = offset
        self._left = size - offset
        return wire.SUCCESS, pack("<II", size, crc)

    def _erase_log(self, parameters):
        session = unpack("<H", parameters)[0]
        if session == self._app.log.session or (self._reading and session == self._session):
            return wire.NOT_PERMITTED, b""
        try:
            self._app.log.files.erase(session)
        except OSError:
            return wire.INVALID, b""
        return wire.SUCCESS, b""

    def _self_test(self, _):
        if self._app.session.running:
            return wire.NOT_PERMITTED, b""
        return wire.SUCCESS, pack("<H", self._app.test_again())

    def _set_athlete(self, parameters):
        mass_g, height_mm, side = unpack("<IHB", parameters)
        self._app.set_athlete(mass_g, height_mm, side)
        return wire.SUCCESS, b""

    def _count(self, _):
        return wire.SUCCESS, pack(_COUNTS, *self._app.upkeep.count().values)

    def _stage(self, parameters):
        row, value = unpack("<Bi", parameters)
        if self._app.session.running:
            return wire.NOT_PERMITTED, b""
        if row >= len(wire.CALIBRATION):
            return wire.INVALID, b""
        _, lowest, highest = wire.CALIBRATION[row]
        if not lowest <= value <= highest:
            return wire.INVALID, b""
        self._staged[row] = value
        return wire.SUCCESS, b""

    def _keep(self, parameters):
        if self._app.session.running:
            return wire.NOT_PERMITTED, b""
        values = self._calibration()
        for row in self._staged:
            values[row] = self._staged[row]
        self._staged = {}
        if unpack("<I", parameters)[0] != crc32(pack(_CALIBRATION, *values)):
            # Not all of it came, or something was staged that the one who asks knows nothing of.
            return wire.INVALID, b""
        self._calibrate(values)
        return wire.SUCCESS, b""

    def _read_calibration(self, _):
        return wire.SUCCESS, pack(_CALIBRATION, *self._calibration())

    def _clear_calibration(self, _):
        if self._app.session.running:
            return wire.NOT_PERMITTED, b""
        self._staged = {}
        self._calibrate([0] * len(wire.CALIBRATION))
        return wire.SUCCESS, b""

    def _calibration(self):
        store = self._app.store
        return [store.get("cal." + row[0]) for row in wire.CALIBRATION]

    def _calibrate(self, values):
        changes = {}
        for k in range(len(values)):
            changes["cal." + wire.CALIBRATION[k][0]] = values[k] or None
        self._app.set_calibration(changes)
