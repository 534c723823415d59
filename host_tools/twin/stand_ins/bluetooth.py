"""MicroPython's `bluetooth` for the virtual band: its calls travel to a host that plays the radio.

The host listens on the Unix socket named by CALFBAND_RADIO. Semantics are those of the ESP32
(NimBLE): attributes hold 20 bytes unless set, a longer write is cut, the handler is asked for
each read and for each secret, `gatts_notify` sends whoever has subscribed. The handler runs when
`pump` lets frames in: while time passes (the stand-in `time`) and behind each call; secrets are
asked for in the middle of calls too.
"""

import errno
import os
import select
import socket
import struct
import time

import ble_frames
from micropython import const

FLAG_READ = const(0x0002)
FLAG_WRITE_NO_RESPONSE = const(0x0004)
FLAG_WRITE = const(0x0008)
FLAG_NOTIFY = const(0x0010)
FLAG_INDICATE = const(0x0020)

_GATTS_WRITE = const(3)
_GATTS_READ_REQUEST = const(4)
_GET_SECRET = const(29)
_SET_SECRET = const(30)
_DEFAULT_BYTES = const(20)
_AF_UNIX = const(1)


class UUID(bytes):
    """16 or 128 bits, from a number, a text with dashes, or bytes in little-endian order."""

    def __init__(self, value):
        if isinstance(value, int):
            data = struct.pack("<H", value)
        elif isinstance(value, str):
            digits = value.replace("-", "")
            if len(digits) != 32:
                raise ValueError("invalid UUID")
            data = bytes(int(digits[i : i + 2], 16) for i in range(30, -2, -2))
        else:
            data = bytes(value)
        super().__init__(data)  # type: ignore  (MicroPython's bytes take it here)


class _Host:
    """The socket to the host, and what came from it."""

    def __init__(self, ble):
        path = os.getenv("CALFBAND_RADIO")
        if not path:
            raise OSError(errno.ENODEV)
        self._socket = socket.socket(_AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(struct.pack("<H", _AF_UNIX) + path.encode() + b"\0")
        self._poller = select.poll()
        self._poller.register(self._socket, select.POLLIN)
        self._ble = ble
        self._head = bytearray(3)
        self._notified = bytearray(2)
        self._notify_head = bytearray(7)
        self._events = []
        self._replies = {}
        self._number = 0
        self._in_handler = False
        time.clock.pump = self.pump  # type: ignore  (of the stand-in)

    def call(self, name, *args):
        """Have the host do a BLE method. Raises OSError as it did."""
        self._number = number = (self._number + 1) & 0xFFFF
        self._socket.write(ble_frames.encode(ble_frames.CALL, (number, name, args)))
        while number not in self._replies:
            self._read()
        _, error, result = self._replies.pop(number)
        self._run_handler()
        if error:
            raise OSError(error)
        return result

    def notify(self, conn, handle, data):
        """`gatts_notify`, without a byte of the heap while the radio takes it."""
        head = self._notify_head
        struct.pack_into("<HBHH", head, 0, len(data) + 5, ble_frames.NOTIFY, conn, handle)
        self._socket.write(head)
        self._socket.write(data)
        while self._read() != ble_frames.NOTIFIED:
            pass
        error = self._notified[0]
        self._run_handler()
        if error:
            raise OSError(error)

    def pump(self, timeout_ms=0):
        """Run the handler for what came; wait up to `timeout_ms` for something to come."""
        if self._in_handler:
            return
        for _ in self._poller.ipoll(timeout_ms):
            self._read()
            timeout_ms = 0
        while self._waits():
            self._read()
        self._run_handler()

    def _waits(self):
        for _ in self._poller.ipoll(0):
            return True
        return False

    def _read(self):
        """Take one frame; returns its kind. The band ends with its host."""
        if self._socket.readinto(self._head) != 3:
            raise SystemExit("the host of the virtual radio is gone")
        kind = self._head[2]
        if kind == ble_frames.NOTIFIED:
            self._socket.readinto(self._notified)
            return kind
        size = struct.unpack_from("<H", self._head)[0] - 1
        payload = self._socket.read(size)
        if payload is None or len(payload) != size:
            raise SystemExit("the host of the virtual radio is gone")
        message = ble_frames.decode(payload)
        if kind == ble_frames.REPLY:
            self._replies[message[0]] = message
        elif message[0] in (_GET_SECRET, _SET_SECRET):
            self._handle(message)
        else:
            self._events.append(message)
        return kind

    def _run_handler(self):
        if self._in_handler:
            return
        self._in_handler = True
        try:
            while self._events:
                self._handle(self._events.pop(0))
        finally:
            self._in_handler = False

    def _handle(self, message):
        event, number, args = message
        result = self._ble.dispatch(event, args)
        if number:
            self._socket.write(ble_frames.encode(ble_frames.ANSWER, (number, result)))


class BLE:
    """The one radio of the unit."""

    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = super().__new__(cls)
            cls._only._prepare()
        return cls._only

    def _prepare(self):
        self._handler = None
        self._active = False
        self._values = {}  # by handle: [bytes, most bytes, whether writes are appended]
        self._host = _Host(self)

    def active(self, on=None):
        if on is not None:
            self._host.call("active", 1 if on else 0)
            self._active = bool(on)
        return self._active

    def config(self, *names, **settings):
        if names:
            value = self._host.call("config_get", names[0])
            return (value[0], bytes(value[1])) if names[0] == "mac" else value
        for name in settings:
            self._host.call("config_set", name, settings[name])

    def irq(self, handler):
        self._handler = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        self._host.call("gap_advertise", interval_us, adv_data, resp_data, connectable)

    def gap_disconnect(self, conn):
        return bool(self._host.call("gap_disconnect", conn))

    def gap_pair(self, conn):
        self._host.call("gap_pair", conn)

    def gatts_register_services(self, services):
        described = []
        for uuid, characteristics in services:
            rows = []
            for row in characteristics:
                descriptors = [(bytes(d[0]), d[1]) for d in row[2]] if len(row) > 2 else ()
                rows.append((bytes(row[0]), row[1], descriptors))
            described.append((bytes(uuid), rows))
        handles = self._host.call("gatts_register_services", described)
        for group in handles:
            for handle in group:
                self._values[handle] = [b"", _DEFAULT_BYTES, False]
        return tuple(tuple(group) for group in handles)

    def gatts_read(self, handle):
        value = self._values[handle]
        data = value[0]
        if value[2]:
            value[0] = b""
        return data

    def gatts_write(self, handle, data, send_update=False):
        value = self._values[handle]
        if not send_update and len(data) == len(value[0]) and data == value[0]:
            return
        value[0] = bytes(data)
        value[1] = max(value[1], len(data))
        if send_update:
            self._host.call("gatts_update", handle, value[0])

    def gatts_set_buffer(self, handle, size, append=False):
        self._values[handle] = [b"", size, append]

    def gatts_notify(self, conn, handle, data=None):
        self._host.notify(conn, handle, self._values[handle][0] if data is None else data)

    def gatts_indicate(self, conn, handle, data=None):
        data = self._values[handle][0] if data is None else data
        self._host.call("gatts_indicate", conn, handle, data)

    def dispatch(self, event, args):
        """Run the firmware's handler for one event, as the stack does. Returns its result.

        An exception that leaves the handler silences it for good, as on the ESP32.
        """
        if event == _GATTS_WRITE:
            value = self._values[args[1]]
            data = value[0] + args[2] if value[2] else args[2]
            value[0] = data[: value[1]]
            args = args[:2]
        handler = self._handler
        result = None
        if handler is not None:
            try:
                result = handler(event, tuple(_borrowed(arg) for arg in args))
            except Exception:
                self._handler = None
                raise
        if event == _GATTS_READ_REQUEST:
            return (result or 0, self._values[args[1]][0])
        if event == _SET_SECRET:
            return 1 if result else 0
        return bytes(result) if event == _GET_SECRET and result is not None else None


def _borrowed(arg):
    """Data of an event live in the stack's buffer: read-only, and only during the call."""
    return memoryview(arg) if isinstance(arg, bytes) else arg
