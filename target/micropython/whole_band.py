"""The band from its sensors' words to the warning, without radio and files; runs on MicroPython.

    micropython whole_band.py SETTINGS RECORDS [sections] < rounds > figures

stdin: rounds of 32 ms, one DMA buffer of the I2S and the FIFO words of the same time: u16 n, u16 0,
256 stereo frames of 32 bits, 64 places of 7 bytes for n FIFO words. Real sources, clocks and chain;
the time is what the rounds say. RECORDS: the chain's records, as replay_chain.py writes them.
stdout: lines "name number", and "function ADDRESS KIND NAME" for each machine-code function.
With "sections" the work is told apart by features (sections.py), which costs some itself.
"""

# The stubs know neither this machine's clock nor that viper takes an array for a pointer.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import sys
import time
from array import array

import sections
from meter import address, code_bytes, mark, stack_bytes
from micropython import const

_ROUND_US = const(32_000)
_TICK_US = const(10_000)
_TICKS = const(3)
_RUN = const(1024)  # rounds
_EMG_BYTES = const(2048)
_FIFO_AT = const(4 + 2048)
_ROUND_BYTES = const(4 + 2048 + 64 * 7)
_CHIP_TICK_US = const(25)


def settled_heap():
    gc.collect()
    return gc.mem_alloc()


heap_at_start = settled_heap()

from band.chain import Chain  # noqa: E402
from band.settings import Settings  # noqa: E402
from band.unit.clocks import Clocks  # noqa: E402
from band.unit.emg_source import EmgSource  # noqa: E402
from band.unit.imu_source import ImuSource  # noqa: E402

heap_of_code = settled_heap() - heap_at_start

from chain_records import Records  # noqa: E402


class Sensors:
    """The converter's I2S and the motion chip; both give what the round brought."""

    def __init__(self, stream):
        self._stream = stream
        self._round = bytearray(_ROUND_BYTES)
        window = memoryview(self._round)
        self._emg = window[4:_FIFO_AT]
        self._fifo = window[_FIFO_AT:]
        self._emg_waits = False
        self._words = 0
        self.chip_ticks = 0  # the motion chip's clock
        self.overrun = False
        self._emg_into = None
        self._fifo_into = None

    def read(self):
        """The next round; False at the end."""
        if self._stream.readinto(self._round) != _ROUND_BYTES:
            return False
        self._emg_waits = True
        self._words = self._round[0] | self._round[1] << 8
        return True

    def readinto(self, buffer):
        if not self._emg_waits:
            return 0
        mark(sections.STOPPED)
        if self._emg_into is None:
            self._emg_into = memoryview(buffer)[:_EMG_BYTES]
        self._emg_into[:] = self._emg
        self._emg_waits = False
        mark(sections.LEAVE)
        return _EMG_BYTES

    def fifo_level(self):
        return self._words

    def read_fifo(self, buffer, words):
        mark(sections.STOPPED)
        if self._fifo_into is None:
            self._fifo_into = memoryview(buffer)[: 64 * 7]
        self._fifo_into[:] = self._fifo
        self._words = 0
        mark(sections.LEAVE)
        return words

    def read_timestamp(self):
        return self.chip_ticks


class Band:
    """The loop of band/unit/sensors.py without its care for sensors that fail."""

    def __init__(self, settings, stream, records):
        self.sensors = Sensors(stream)
        self.emg = EmgSource(self.sensors)
        self.imu = ImuSource(self.sensors)
        self.clocks = Clocks(self.emg, self.imu)
        self.chain = Chain(settings, records)
        self._emg_block = array("H", bytes(2 * 2 * 64))
        self._imu_block = array("H", bytes(2 * 6 * 64))
        self._started = False

    def run(self, rounds):
        """At most so many rounds, in ticks of 10 ms; returns how many there were."""
        sensors = self.sensors
        done = 0
        while done < rounds and sensors.read():
            sensors.chip_ticks += _ROUND_US // _CHIP_TICK_US
            mark(sections.ROUND)
            for _ in range(_TICKS):
                self._tick(self._emg_block, self._imu_block)
                time.sleep_us(_TICK_US)
            time.sleep_us(_ROUND_US - _TICKS * _TICK_US)
            mark(sections.LEAVE)
            done += 1
            if not self._started:
                self._started = True
                self.clocks.start(self.chain)
        return done

    def _tick(self, emg_block, imu_block):
        chain = self.chain
        while True:
            n = self.emg.readinto(emg_block)
            if self.emg.lost:
                chain.emg_lost(self.emg.lost)
            if n:
                chain.emg(emg_block, 0, n)
            elif self.emg.lost == 0:
                break
        while True:
            n = self.imu.readinto(imu_block)
            if self.imu.lost:
                chain.imu_lost(self.imu.lost)
            if n:
                chain.imu(imu_block, 0, n)
            if not self.imu.more:
                break
        self.clocks.steer()


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
        rounds = band.run(4)
        before = settled_heap()
        gc.disable()
        n = _RUN
        while n == _RUN:
            n = band.run(_RUN)
            rounds += n
            if by_sections:
                gc.collect()  # what the marking has used
        grown = gc.mem_alloc() - before
        gc.enable()
        band.chain.finish()
        records.flush()
    print("rounds", rounds)
    print("strides", records.strides)
    print("heap_of_code", heap_of_code)
    print("heap_of_objects", heap_of_objects)
    print("heap_grown", grown)
    print("code_bytes", code_bytes())
    print("stack_bytes", stack_bytes())
    print_functions()


if __name__ == "__main__":
    main()
