"""The band from its sensors' words to the warning, without radio and files; runs on MicroPython.

    micropython whole_band.py SETTINGS RECORDS [sections] < rounds > figures

stdin: rounds of 32 ms, one DMA buffer of the I2S and the FIFO words of the same time: u16 n, u16 0,
256 stereo frames of 32 bits, 64 places of 7 bytes for n FIFO words. The unit's own loop over its
sensors, sources, clocks and chain; the time is what the rounds say.
RECORDS: the chain's records, as replay_chain.py writes them.
stdout: lines "name number", and "function ADDRESS KIND NAME" for each machine-code function.
With "sections" the work is told apart by features (sections.py), which costs some itself.
"""

# The stubs know neither this machine's clock nor that viper takes an array for a pointer.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import sys
import time

import record_stream  # noqa: F401 - its machine code lies before the firmware's
import sections
from meter import address, code_bytes, mark, stack_bytes
from micropython import const, heap_lock, heap_unlock

_ROUND_US = const(32_000)
_TICK_US = const(10_000)  # as app.py's
_RUN = const(1024)  # rounds
_EMG_BYTES = const(2048)
_FIFO_AT = const(4 + 2048)
_ROUND_BYTES = const(4 + 2048 + 64 * 7)
_CHIP_TICK_US = const(25)


def settled_heap():
    gc.collect()
    return gc.mem_alloc()


heap_at_start = settled_heap()
code_at_start = code_bytes()

from band.chain import Chain  # noqa: E402
from band.settings import Settings  # noqa: E402
from band.unit import sensors  # noqa: E402
from band.unit.faults import Counters, Faults  # noqa: E402
from band.units import UNKNOWN  # noqa: E402

heap_of_code = settled_heap() - heap_at_start

from chain_records import Records  # noqa: E402


def never_lock():
    """The heap stays free from now on, as instruments in the unit's code may need it."""
    global heap_lock, heap_unlock
    heap_lock = heap_unlock = sensors.heap_lock = sensors.heap_unlock = nothing


def nothing():
    pass


def view_of(buffer, size):
    """Made once, when the unit first reads, with the heap locked."""
    heap_unlock()
    view = memoryview(buffer)[:size]
    heap_lock()
    return view


class Board:
    """The unit's chips in one: its I2S and its motion chip give what the round brought.

    Nothing fails; the skin's temperature is not known.
    """

    overrun = False

    def __init__(self, stream):
        self._stream = stream
        self._round = bytearray(_ROUND_BYTES)
        window = memoryview(self._round)
        self._emg = window[4:_FIFO_AT]
        self._fifo = window[_FIFO_AT:]
        self._emg_waits = False
        self._words = 0
        self._chip_ticks = 0  # the motion chip's clock as the round begins
        self._began = time.ticks_add(time.ticks_us(), -_ROUND_US)  # the round
        self.i2s = self.imu = self.skin = self.gauge = self.emg_adc = self
        self._emg_into = None
        self._fifo_into = None

    def next_round(self):
        """The next round; False at the end."""
        if self._stream.readinto(self._round) != _ROUND_BYTES:
            return False
        self._emg_waits = True
        self._chip_ticks += _ROUND_US // _CHIP_TICK_US
        self._began = time.ticks_add(self._began, _ROUND_US)
        self._words = self._round[0] | self._round[1] << 8
        return True

    def readinto(self, buffer):
        if not self._emg_waits:
            return 0
        mark(sections.STOPPED)
        if self._emg_into is None:
            self._emg_into = view_of(buffer, _EMG_BYTES)
        self._emg_into[:] = self._emg
        self._emg_waits = False
        mark(sections.LEAVE)
        return _EMG_BYTES

    def fifo_level(self):
        return self._words

    def read_fifo(self, buffer, words):
        mark(sections.STOPPED)
        if self._fifo_into is None:
            self._fifo_into = view_of(buffer, 64 * 7)
        self._fifo_into[:] = self._fifo
        self._words = 0
        mark(sections.LEAVE)
        return words

    def read_timestamp(self):
        mark(sections.STOPPED)
        ticks = self._chip_ticks + self.since_us() // _CHIP_TICK_US
        mark(sections.LEAVE)
        return ticks

    def since_us(self):
        """The round has begun."""
        return time.ticks_diff(time.ticks_us(), self._began)

    def emg_power(self, on):
        pass

    def start(self):
        pass

    def power_up(self):
        pass

    def alive(self):
        return True

    def charge_pct(self):
        return 100

    def read(self):
        return UNKNOWN


class NoStreams:
    """A radio to which nobody listens."""

    raw_streams = 0


class Band:
    """The loop of the unit's app over its sensors."""

    def __init__(self, settings, stream, records):
        self.board = Board(stream)
        self.sensors = sensors.Sensors(self.board, Faults(), Counters())
        self.chain = Chain(settings, records)
        self._radio = NoStreams()
        self._tick_us = 0  # when the next one is due, from the start of the round
        self.sensors.start(time.ticks_ms())

    def start(self):
        """The chain begins, as soon as the sources know their clocks."""
        self.run(1)
        self.sensors.attach(self.chain)

    def run(self, rounds):
        """At most so many rounds; returns how many there were."""
        board = self.board
        done = 0
        while done < rounds and board.next_round():
            mark(sections.ROUND)
            while self._tick_us < _ROUND_US:
                self._sleep_to(self._tick_us)
                self.sensors.step(time.ticks_ms(), self._radio)
                self._tick_us += _TICK_US
            self._sleep_to(_ROUND_US)
            self._tick_us -= _ROUND_US
            mark(sections.LEAVE)
            done += 1
        return done

    def _sleep_to(self, us):
        mark(sections.STOPPED)
        left = us - self.board.since_us()
        if left > 0:
            time.sleep_us(left)
        mark(sections.LEAVE)


def print_functions():
    """Where the machine code of every function of the firmware lies."""
    for module_name in sys.modules:
        if not module_name.startswith("band."):
            continue
        module = sys.modules[module_name]
        for name in dir(module):
            thing = getattr(module, name)
            if isinstance(thing, type):
                for method in dir(thing):
                    print_function(getattr(thing, method), module_name, name + "." + method)
            else:
                print_function(thing, module_name, name)


def print_function(function, module_name, name):
    at = address(function)
    if at:
        print("function", at, module_name + "." + name)


def read_settings(path):
    settings = Settings()
    with open(path) as file:
        for line in file:
            name, value = line.split("=")
            settings.set(name, int(value))
    return settings


def main():
    settings = read_settings(sys.argv[1])
    by_sections = len(sys.argv) > 3
    with open(sys.argv[2], "wb") as file:
        records = Records(file)
        before = settled_heap()
        band = Band(settings, sys.stdin.buffer, records)
        heap_of_objects = settled_heap() - before
        if by_sections:
            sections.wrap_all()
        # The first rounds of all make what is made once.
        band.start()
        rounds = 1 + band.run(3)
        before = settled_heap()
        heap_lock()
        n = _RUN
        while n == _RUN:
            n = band.run(_RUN)
            rounds += n
        heap_unlock()
        grown = gc.mem_alloc() - before
        band.chain.finish()
        records.flush()
    print("rounds", rounds)
    print("strides", records.strides)
    print("heap_of_code", heap_of_code)
    print("heap_of_objects", heap_of_objects)
    print("heap_grown", grown)
    print("code_bytes", code_bytes() - code_at_start)
    print("stack_bytes", stack_bytes())
    print_functions()


if __name__ == "__main__":
    main()
