"""Indications: the status, and the answers of the control point, each confirmed by its central."""

from time import ticks_add, ticks_ms

from micropython import const

from band import wire
from band.unit import requests

_ATT_HEAD = const(3)
_ANSWER_HEAD = const(3)
_FORGET_MS = const(1_000)  # for the answer to reach the one who asked


class ControlPoint:
    """Has requests done by `control.request(opcode, parameters)` -> (result, data)."""

    def __init__(self, ble, services, callback, control, status):
        """`status`: the packet that is indicated when a link is owed it."""
        self._ble = ble
        self._services = services
        self._callback = callback
        self._control = control
        self._status = status
        self.forgetting = False  # all bonds are to be forgotten ...
        self.forget_at = 0  # ... at this time

    def step(self, link, now):
        """Answer the request of a link, when there is one, and send what it is owed."""
        if link.request is not None and link.answer_bytes == 0:
            request = link.request
            link.request = None
            self._answer(link, request)
        self.indicate(link, now)

    def indicate(self, link, now):
        """Send one indication that is due: a link takes the next when this one is confirmed."""
        conn = link.conn
        if conn < 0 or link.unconfirmed or not link.trusted:
            return
        if link.status_due:
            handle = self._services.status
            data = self._status
        elif link.answer_bytes or link.busy_opcode >= 0:
            handle = self._services.control
            if link.answer_bytes == 0:
                _fill(link, link.busy_opcode, wire.BUSY, b"")
                link.busy_opcode = -1
            data = memoryview(link.answer)[: link.answer_bytes]
        else:
            return
        link.indicated_ms = now
        link.unconfirmed = handle
        try:
            self._ble.gatts_indicate(conn, handle, data)
        except OSError as error:
            link.unconfirmed = 0  # still due: again at the next step
            self._callback.keep(error)
            return
        if handle == self._services.status:
            link.status_due = False
        else:
            link.answer_bytes = 0

    def _answer(self, link, request):
        data = b""
        result = requests.check(request)
        if result:
            self._callback.rejected += 1
        else:
            try:
                result, data = self._do(link, request)
            except Exception as error:
                self._callback.keep(error)
                result, data = wire.FAILED, b""
        _fill(link, request[0] if request else 0, result, data)

    def _do(self, link, request):
        opcode = request[0]
        if opcode == wire.FORGET:
            self.forgetting = True
            self.forget_at = ticks_add(ticks_ms(), _FORGET_MS)
            return wire.SUCCESS, b""
        if opcode == wire.RAW_START and link.mtu < wire.RAW_MIN_MTU:
            return wire.NOT_PERMITTED, b""
        links = self._callback.links
        reader = links.reading_log() if opcode == wire.READ_LOG else -1
        if reader >= 0 and links.all[reader] is not link:
            return wire.BUSY, b""
        result, data = self._control.request(opcode, request[1:])
        if result != wire.SUCCESS:
            return result, b""
        if opcode == wire.RAW_START or opcode == wire.RAW_STOP:
            link.streams = request[1] if opcode == wire.RAW_START else 0
            self._callback.changed = True
        elif opcode == wire.READ_LOG:
            link.reads_log = True
        room = min(link.mtu - _ATT_HEAD, len(link.answer)) - _ANSWER_HEAD
        data = requests.page(request, data, room)
        return (result, data) if len(data) <= room else (wire.FAILED, b"")


def _fill(link, opcode, result, data):
    link.answer[0] = wire.ANSWER
    link.answer[1] = opcode
    link.answer[2] = result
    link.answer[_ANSWER_HEAD : _ANSWER_HEAD + len(data)] = data
    link.answer_bytes = _ANSWER_HEAD + len(data)
