"""Samples of one sensor into full raw packets."""

from struct import pack_into

import micropython
from micropython import const

from band import wire

_HEAD = const(8)
_ATT_HEAD = const(3)


@micropython.viper
def _copy(into, into_at: int, source, source_at: int, n: int):
    """Copy n halfwords; positions in halfwords."""
    to = ptr16(into)
    of = ptr16(source)
    for i in range(n):
        to[into_at + i] = of[source_at + i]


class RawStream:
    """Gathers frames and queues them as packets as long as the links can take."""

    def __init__(self, kind, outbox, handle, room):
        """`kind` of wire.RAW_KINDS; `room`: longest packet in bytes."""
        self._kind = kind
        self._outbox = outbox
        self._handle = handle
        self._frame = wire.RAW_FRAME_BYTES[kind]
        self._packet = bytearray(room)
        self._seq = 0
        self._count = 0
        self._index = 0  # of the first frame gathered
        self._mask = 0
        self._most = 0  # frames of a full packet; 0: nobody listens

    def start(self, mask, mtu):
        """From now on for these links, whose smallest MTU is given."""
        self.flush()
        self._mask = mask
        room = min(mtu - _ATT_HEAD, len(self._packet))
        if mask:
            self._most = (room - _HEAD) // self._frame
            self._outbox.expect(_HEAD + self._most * self._frame)
        else:
            self._most = 0

    def add(self, index, samples, n):
        """n frames, the first of them number `index`; a jump of the index ends a packet."""
        if self._most <= 0:
            return
        if self._count and index != self._index + self._count:
            self.flush()
        at = 0
        halfwords = self._frame >> 1
        while at < n:
            if self._count == 0:
                self._index = index + at
            take = min(n - at, self._most - self._count)
            into = (_HEAD >> 1) + self._count * halfwords
            _copy(self._packet, into, samples, at * halfwords, take * halfwords)
            self._count += take
            at += take
            if self._count == self._most:
                self.flush()

    def flush(self):
        """Queue what was gathered."""
        if self._count == 0:
            return
        packet = self._packet
        pack_into("<HBBI", packet, 0, self._seq, self._kind, self._count, self._index)
        size = _HEAD + self._count * self._frame
        _copy(self._outbox.add(self._handle, self._mask, size), 0, packet, 0, size >> 1)
        self._seq = (self._seq + 1) & 0xFFFF
        self._count = 0
