"""Writes down all that the unit gives to its chains, as messages that replay_chain.py takes.

The unit feeds its chain with the heap locked: nothing here allocates while it does.
"""

from struct import pack_into

_HALF = 1 << 15


class Messages:
    """To one file."""

    def __init__(self, file):
        self._file = file
        self._head = bytearray(8)

    def say(self, tag, n):
        pack_into("<BBH", self._head, 0, tag, 0, n)
        self._file.write(self._head, 4)

    def samples(self, tag, n, block, at, halfwords):
        """n frames: so many halfwords of block from `at` on."""
        self.say(tag, n)
        self._file.write(block, 2 * at, 2 * halfwords)

    def rate(self, rate_mhz):
        pack_into("<BBHI", self._head, 0, 0x52, 0, 2, rate_mhz)
        self._file.write(self._head, 8)

    def close(self):
        self.say(0x51, 0)
        self._file.close()


class Tracer:
    """One file fed<n>.bin per chain in `folder`."""

    def __init__(self, folder):
        self._folder = folder
        self._messages: Messages | None = None
        self._chains = 0

    def attach(self, sensors):
        """From now on what these sensors feed is written, too."""
        attach = sensors.attach

        def attach_traced(chain):
            attach(TracedChain(self._open(), chain))

        sensors.attach = attach_traced

    def _open(self):
        self.close()
        self._messages = Messages(open(f"{self._folder}/fed{self._chains}.bin", "wb"))
        self._chains += 1
        return self._messages

    def close(self):
        if self._messages:
            self._messages.close()
            self._messages = None


class TracedChain:
    """In front of a chain: what band/unit/sensors.py calls of it."""

    def __init__(self, messages, chain):
        self._messages = messages
        self._chain = chain
        self.timebase = TracedTimebase(messages, chain.timebase)

    def emg(self, block, at, n):
        self._messages.samples(0x45, n, block, at, 2 * n)
        self._chain.emg(block, at, n)

    def imu(self, block, at, n):
        self._messages.samples(0x49, n, block, at, 6 * n)
        self._chain.imu(block, at, n)

    def emg_lost(self, n):
        self._messages.say(0x4C, n)
        self._chain.emg_lost(n)

    def imu_lost(self, n):
        self._messages.say(0x4D, n)
        self._chain.imu_lost(n)

    def temp(self, cc):
        self._messages.say(0x54, cc + 10_000)
        self._chain.temp(cc)


class TracedTimebase:
    """In front of a timebase: what band/unit/clocks.py uses of it."""

    def __init__(self, messages, timebase):
        self._messages = messages
        self._timebase = timebase
        self.rest_us = timebase.rest_us

    @property
    def frame(self):
        return self._timebase.frame

    @property
    def end_dms(self):
        return self._timebase.end_dms

    def rate(self, rate_mhz):
        self._messages.rate(rate_mhz)
        self._timebase.rate(rate_mhz)

    def shift(self, dms):
        self._messages.say(0x48, dms + _HALF)
        self._timebase.shift(dms)
