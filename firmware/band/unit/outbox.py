"""Notifications waiting for the radio: a ring of packets that drops its oldest when full.

The stack has few buffers and tells nobody when one is free again: it refuses with OSError(12),
so packets wait here and are handed over at a measured pace.
"""

from array import array
from errno import ENOMEM

from band.arrays import halfwords


class Outbox:
    """`slots` packets of at most `room` bytes, each for the links of a mask."""

    def __init__(self, slots, room):
        self._slots = slots
        self._packets = [bytearray(room) for _ in range(slots)]
        self._views = [{} for _ in range(slots)]
        self._sizes = halfwords(slots)
        self._handles = halfwords(slots)
        self._masks = array("B", [0] * slots)
        self._head = 0
        self.waiting = 0
        self.most_waiting = 0
        self.dropped = 0

    def expect_none(self):
        """No packet size is usual any more."""
        for slot in range(self._slots):
            self._views[slot] = {}

    def expect(self, size):
        """Packets of this size will come: make their views now, so that sending takes no memory.

        A packet of another size is sent as well, by a view of the moment.
        """
        for slot in range(self._slots):
            self._views[slot][size] = memoryview(self._packets[slot])[:size]

    def free(self):
        """Slots that are empty."""
        return self._slots - self.waiting

    def add(self, handle, mask, size):
        """The buffer of a new packet, to be filled at once; the oldest is dropped for it."""
        if self.waiting == self._slots:
            self._take()
            self.dropped += 1
        slot = (self._head + self.waiting) % self._slots
        self._handles[slot] = handle
        self._masks[slot] = mask
        self._sizes[slot] = size
        self.waiting += 1
        if self.waiting > self.most_waiting:
            self.most_waiting = self.waiting
        return self._packets[slot]

    def clear(self):
        """Nothing waits any more."""
        self.waiting = 0

    def send(self, ble, links, most):
        """Hand over up to `most` packets. Returns how many; fewer when the stack is full."""
        sent = 0
        while sent < most and self.waiting:
            if not self._send_oldest(ble, links):
                break
            self._take()
            sent += 1
        return sent

    def _send_oldest(self, ble, links):
        slot = self._head
        view = self._view(slot)
        for i in range(len(links)):
            if not self._masks[slot] >> i & 1:
                continue
            conn = links[i].conn
            if conn >= 0 and links[i].trusted:
                try:
                    ble.gatts_notify(conn, self._handles[slot], view)
                except OSError as error:
                    if error.errno == ENOMEM:
                        return False
            self._masks[slot] &= ~(1 << i)
        return True

    def _view(self, slot):
        size = self._sizes[slot]
        view = self._views[slot].get(size)
        return memoryview(self._packets[slot])[:size] if view is None else view

    def _take(self):
        self._head = (self._head + 1) % self._slots
        self.waiting -= 1
