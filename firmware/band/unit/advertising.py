"""What the band tells everyone: that it is one, its name, and that it can be connected to."""

from time import ticks_diff

from micropython import const

_FLAGS = const(0x01)
_UUIDS_16 = const(0x03)
_UUIDS_128 = const(0x07)
_NAME = const(0x09)
_GENERAL_LE_ONLY = const(0x06)  # general discoverable, no BR/EDR

_FAST_US = const(100_000)
_SLOW_US = const(1_022_500)  # one of the intervals that phones scan for in the background
_REST_US = const(2_045_000)  # who wants a resting band moves it or presses its button
_FAST_MS = const(30_000)
_RETRY_MS = const(1_000)


class Advertising:
    """Keeps advertising on while there is room for a link: fast at first, then slowly.

    The stack stops advertising at each connection, and says nothing of it.
    """

    def __init__(self, ble, name, service, standard, ticks_ms):
        """`service`: bluetooth.UUID of 128 bits, `standard`: 16-bit numbers of other services."""
        self._ble = ble
        self._data = _field(_FLAGS, bytes([_GENERAL_LE_ONLY])) + _field(_UUIDS_128, bytes(service))
        numbers = b"".join(n.to_bytes(2, "little") for n in standard)
        self._data += _field(_UUIDS_16, numbers)
        self._name = _field(_NAME, name.encode()[:29])
        self._on = False
        self._fast = False
        self._since = ticks_ms
        self._resting = False
        self._stale = True  # what the radio does is no longer what is wanted
        self._failed = False

    def restart(self, ticks_ms):
        """Something changed: a link came or went, or someone is looking for the band."""
        self._since = ticks_ms
        self._stale = True
        self._failed = False

    def rest(self, resting, ticks_ms):
        """The unit lies down: more slowly than slow. Or it gets up: fast again."""
        self._resting = resting
        if resting:
            self._stale = True
        else:
            self.restart(ticks_ms)

    def step(self, ticks_ms, room):
        """Bring the radio to what is wanted. Raises OSError when it refuses; asked again later."""
        age = ticks_diff(ticks_ms, self._since)
        if self._failed and age < _RETRY_MS:
            return
        fast = age < _FAST_MS
        if not self._stale and self._on == room and (self._fast == fast or not room):
            return
        try:
            if room:
                slow = _REST_US if self._resting else _SLOW_US
                interval = _FAST_US if fast else slow
                self._ble.gap_advertise(interval, adv_data=self._data, resp_data=self._name)
            else:
                self._ble.gap_advertise(None)
        except OSError:
            self._since = ticks_ms
            self._failed = True
            raise
        self._on = room
        self._fast = fast
        self._stale = self._failed = False


def _field(kind, data):
    return bytes([len(data) + 1, kind]) + data
