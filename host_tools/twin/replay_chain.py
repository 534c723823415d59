"""Runs the firmware's chain over a recording that arrives on stdin; runs on MicroPython.

    micropython replay_chain.py SETTINGSFILE < messages > records

Messages: u8 tag, u8 0, u16 n, payload (all little-endian)
    E  n EMG frames of 2 int16    L  n EMG samples lost    T  skin temperature n/100 - 100 degC
    I  n IMU frames of 6 int16    M  n IMU samples lost    S  speed n mm/s    Q  the end
    R  the IMU's rate, n halfwords of it in mHz    H  its frames happened n - 2**15 dms later
Records: u8 wire.TAG_*, u8 number of fields, fields as int32. The last is wire.TAG_END with
    EMG samples, IMU frames, EMG lost, IMU lost, strides, valid strides, bursts,
    time in the chain (ms), heap bytes grown in the hot path, heap bytes of the whole chain.

Every payload has an even length, so samples stay aligned to halfwords in one preallocated buffer
and reach the chain by offset, without a slice.
"""

import gc
import sys
from array import array
from time import ticks_diff, ticks_us

from micropython import const, heap_lock, heap_unlock
from record_stream import RecordStream


def settled_heap():
    """Heap bytes in use once nothing is left to collect."""
    gc.collect()
    return gc.mem_alloc()


heap_without_chain = settled_heap()

from band import wire  # noqa: E402
from band.chain import Chain  # noqa: E402
from band.settings import Settings  # noqa: E402

heap_of_code = settled_heap() - heap_without_chain

CHUNK = const(32768)  # halfwords per read
CARRY = const(2048)  # halfwords kept free in front, for a message cut in two by a read
EMG_FRAME = const(2)  # halfwords
IMU_FRAME = const(6)
END = const(-1)  # instead of halfwords left over
DAMAGED = const(-2)


class RecordWriter(RecordStream):
    """The chain's sink."""

    def __init__(self, stream):
        super().__init__(stream)
        self.strides = 0
        self.valid = 0
        self.bursts = 0
        self.valid_at = wire.index(wire.STRIDE, "valid")

    def event(self, record):
        self.put(wire.TAG_EVENT, record)

    def stride(self, record):
        self.strides += 1
        if record[self.valid_at]:
            self.valid += 1
        self.put(wire.TAG_STRIDE, record)

    def burst(self, record):
        self.bursts += 1
        self.put(wire.TAG_BURST, record)

    def warning(self, record):
        self.put(wire.TAG_WARNING, record)

    def trend(self, record):
        self.put(wire.TAG_TREND, record)

    def spectrum(self, record):
        self.put(wire.TAG_SPECTRUM, record)


class MessageReader:
    """Parses messages out of big reads and hands samples to the chain by offset."""

    def __init__(self, stream, chain):
        self.stream = stream
        self.chain = chain
        self.buf = array("H", bytes(2 * (CARRY + CHUNK)))
        self.window = memoryview(self.buf)[CARRY:]
        self.emg = 0
        self.imu = 0
        self.emg_lost = 0
        self.imu_lost = 0
        self.chain_us = 0

    def run(self):
        """Read to the end message. Raises ValueError when the stream breaks off or is damaged."""
        rest = 0  # halfwords carried over from the read before
        while rest >= 0:
            got = self.stream.readinto(self.window) >> 1
            if got == 0:
                raise ValueError("the stream ended without an end message")
            started = ticks_us()
            heap_lock()
            try:
                rest = self.parse(CARRY - rest, CARRY + got)
            finally:
                heap_unlock()
            self.chain_us += ticks_diff(ticks_us(), started)
        if rest == DAMAGED:
            raise ValueError("the stream holds no message where one should begin")

    def parse(self, at, stop):
        """Handle all whole messages in buf[at:stop]; halfwords left over, END or DAMAGED."""
        buf = self.buf
        chain = self.chain
        while stop - at >= 2:
            tag = buf[at]
            n = buf[at + 1]
            if tag == 0x45:
                size = n * EMG_FRAME
            elif tag == 0x49:
                size = n * IMU_FRAME
            elif tag == 0x52:
                size = n
            else:
                size = 0
            if at + 2 + size > stop:
                break
            at += 2
            if tag == 0x45:
                chain.emg(buf, at, n)
                self.emg += n
            elif tag == 0x49:
                chain.imu(buf, at, n)
                self.imu += n
            elif tag == 0x4C:
                chain.emg_lost(n)
                self.emg_lost += n
            elif tag == 0x4D:
                chain.imu_lost(n)
                self.imu_lost += n
            elif tag == 0x54:
                chain.temp(n - 10_000)
            elif tag == 0x53:
                chain.speed(n)
            elif tag == 0x52:
                chain.timebase.rate(buf[at] | buf[at + 1] << 16)
            elif tag == 0x48:
                chain.timebase.shift(n - 0x8000)
            elif tag == 0x51:
                return END
            else:
                return DAMAGED
            at += size
        rest = stop - at
        if rest > CARRY:
            return DAMAGED
        i = 0
        while i < rest:
            buf[CARRY - rest + i] = buf[at + i]
            i += 1
        return rest


def read_settings(path):
    settings = Settings()
    with open(path) as file:
        for line in file:
            name, value = line.split("=")
            settings.set(name, int(value))
    return settings


def main():
    settings = read_settings(sys.argv[1])
    writer = RecordWriter(sys.stdout.buffer)
    before = settled_heap()
    chain = Chain(settings, writer)
    heap_of_chain = heap_of_code + settled_heap() - before
    reader = MessageReader(sys.stdin.buffer, chain)
    before = settled_heap()
    gc.disable()
    reader.run()
    grown = gc.mem_alloc() - before
    gc.enable()
    started = ticks_us()
    chain.finish()
    reader.chain_us += ticks_diff(ticks_us(), started)
    end = (
        reader.emg,
        reader.imu,
        reader.emg_lost,
        reader.imu_lost,
        writer.strides,
        writer.valid,
        writer.bursts,
        reader.chain_us // 1000,
        grown,
        heap_of_chain,
    )
    writer.put(wire.TAG_END, array("i", end))
    writer.flush()


main()
