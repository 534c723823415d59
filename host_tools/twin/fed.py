"""Writes down all that the unit gives to its chains, as messages that replay_chain.py takes."""

from struct import pack

_HALF = 1 << 15


class Tracer:
    """One file fed<n>.bin per chain in `folder`."""

    def __init__(self, folder):
        self._folder = folder
        self._file = None
        self._chains = 0

    def attach(self, sensors):
        """From now on what these sensors feed is written, too."""
        attach = sensors.attach

        def attach_traced(chain):
            attach(TracedChain(self._open(), chain))

        sensors.attach = attach_traced

    def _open(self):
        self.close()
        self._file = open(f"{self._folder}/fed{self._chains}.bin", "wb")
        self._chains += 1
        return self._file

    def close(self):
        if self._file:
            self._file.write(pack("<BBH", 0x51, 0, 0))
            self._file.close()
            self._file = None


class TracedChain:
    """In front of a chain: what band/unit/sensors.py calls of it."""

    def __init__(self, file, chain):
        self._file = file
        self._chain = chain
        self.timebase = TracedTimebase(file, chain.timebase)

    def _say(self, tag, n):
        self._file.write(pack("<BBH", tag, 0, n))

    def emg(self, block, at, n):
        self._say(0x45, n)
        self._file.write(memoryview(block)[at : at + 2 * n])
        self._chain.emg(block, at, n)

    def imu(self, block, at, n):
        self._say(0x49, n)
        self._file.write(memoryview(block)[at : at + 6 * n])
        self._chain.imu(block, at, n)

    def emg_lost(self, n):
        self._say(0x4C, n)
        self._chain.emg_lost(n)

    def imu_lost(self, n):
        self._say(0x4D, n)
        self._chain.imu_lost(n)

    def temp(self, cc):
        self._say(0x54, cc + 10_000)
        self._chain.temp(cc)


class TracedTimebase:
    """In front of a timebase: what band/unit/clocks.py uses of it."""

    def __init__(self, file, timebase):
        self._file = file
        self._timebase = timebase
        self.rest_us = timebase.rest_us

    @property
    def frame(self):
        return self._timebase.frame

    @property
    def end_dms(self):
        return self._timebase.end_dms

    def rate(self, rate_mhz):
        self._file.write(pack("<BBHI", 0x52, 0, 2, rate_mhz))
        self._timebase.rate(rate_mhz)

    def shift(self, dms):
        self._file.write(pack("<BBH", 0x48, 0, dms + _HALF))
        self._timebase.shift(dms)
