"""The band over rounds that come in blocks, timed by features: Band of target/micropython's
whole_band.py or SampleBand of samples_band.py, which know nothing of it. `time` and `select` are
theirs by then.

A block's content: for each round 32 EMG samples of both channels (int16), then the IMU's frames of
the round (6 int16 each). The I2S and FIFO words are made of them here, as host_tools/bench/run.py
makes them.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

import gc
import sys
from array import array
from binascii import b2a_base64, crc32

import link
import meter
import micropython
import sections
from chain_records import Records
from micropython import heap_lock, heap_unlock

from band.settings import Settings

_ROUND_US = 32_000
_SLOT_US = 1200
_EMG_BYTES = 128
_FRAME_BYTES = 12
_LEAST_SLOTS, _MOST_SLOTS = 26, 27
_RECORD_BYTES = 1024
_TO_ITS_END = 1 << 20  # rounds: of the block


@micropython.viper
def _words(emg, imu, first: int, slots: int, round_) -> int:
    """I2S and FIFO words of one round; returns how many FIFO words."""
    src = ptr8(emg)
    out = ptr8(round_)
    at = 4
    i = 0
    while i < 32:
        k = 0
        while k < 16:  # 8 frames of both channels, 24 bits left-justified
            from_ = 4 * i + ((k & 1) << 1)
            out[at] = 0
            out[at + 1] = 0
            out[at + 2] = src[from_]
            out[at + 3] = src[from_ + 1]
            at += 4
            k += 1
        i += 1
    src = ptr8(imu)
    words = 0
    i = 0
    while i < slots:
        slot = first + i
        if (slot & 31) == 0:
            ticks = slot * 48
            out[at] = int(_tag(4, slot))
            k = 0
            while k < 4:
                out[at + 1 + k] = (ticks >> (8 * k)) & 255
                k += 1
            out[at + 5] = 0
            out[at + 6] = 0
            at += 7
            words += 1
        k = 0
        while k < 2:  # the rate first, then the acceleration
            out[at] = int(_tag(1 + k, slot))
            from_ = 12 * i + 6 - 6 * k
            b = 0
            while b < 6:
                out[at + 1 + b] = src[from_ + b]
                b += 1
            at += 7
            words += 1
            k += 1
        i += 1
    while at < 2500:
        out[at] = 0
        at += 1
    out[0] = words
    out[1] = 0
    out[2] = 0
    out[3] = 0
    return words


@micropython.viper
def _tag(sensor: int, slot: int) -> int:
    tag = sensor << 3 | (slot & 3) << 1
    parity = tag ^ (tag >> 4)
    parity = parity ^ (parity >> 2)
    return tag | ((parity ^ (parity >> 1)) & 1)


class Rounds:
    """The stream that the sensors read rounds from."""

    def __init__(self):
        self._stream = None
        self._left = 0
        self._emg = bytearray(_EMG_BYTES)
        self._imu = {n: bytearray(_FRAME_BYTES * n) for n in (_LEAST_SLOTS, _MOST_SLOTS)}
        self.done = 0  # rounds since the start
        self.sum = 0  # of the words of this block

    def block(self, stream, rounds):
        self._stream = stream
        self._left = rounds
        self.sum = 0

    def readinto(self, round_):
        """Words of the sensors, for Band."""
        if self._left == 0:
            return 0
        first, slots = self._next()
        imu = self._imu[slots]
        link.read_into(self._stream, self._emg)
        link.read_into(self._stream, imu)
        _words(self._emg, imu, first, slots, round_)
        self.sum = crc32(round_, self.sum)
        return len(round_)

    def samples(self, emg, imu):
        """1 kHz samples and frames, for SampleBand."""
        if self._left == 0:
            return 0
        _, slots = self._next()
        link.read_into(self._stream, self._emg)
        link.read_into(self._stream, self._imu[slots])
        memoryview(emg)[:] = array("H", self._emg)
        memoryview(imu)[: 6 * slots] = array("H", self._imu[slots])
        return slots

    def _next(self):
        """(first FIFO slot of the next round, how many)"""
        self._left -= 1
        first = self.done * _ROUND_US // _SLOT_US
        self.done += 1
        return first, self.done * _ROUND_US // _SLOT_US - first


class Tally:
    """Where the chain's records go: their sum, and those of this block."""

    def __init__(self):
        self.count = 0
        self.sum = 0
        self.kept = bytearray()

    def write(self, data, n):
        meter.mark(sections.STOPPED)
        locks = _unlock()
        piece = bytes(memoryview(data)[:n])
        self.count += n
        self.sum = crc32(piece, self.sum)
        self.kept.extend(piece)
        for _ in range(locks):
            heap_lock()
        meter.mark(sections.LEAVE)
        return n


def _unlock():
    """Free the heap that the unit has locked; how often it was."""
    heap_lock()
    locks = heap_unlock()
    for _ in range(locks):
        heap_unlock()
    return locks


def _keep_loaded():
    """Of the sections those methods whose module is here; all keep their numbers."""
    sections.SECTIONS = [
        (name, [target for target in targets if target[0] in sys.modules])
        for name, targets in sections.SECTIONS
    ]


class Run:
    def __init__(self, band, settings, most_rounds):
        """band: its class. settings: {name: value}; most_rounds: in a block. Prints (what, how
        much), and the sections as sections.wrap_all does."""
        meter.make_room(most_rounds, len(sections.SECTIONS))
        chosen = Settings()
        for name in settings:
            chosen.set(name, settings[name])
        self.rounds = Rounds()
        self.tally = Tally()
        self.records = Records(self.tally, _RECORD_BYTES)
        gc.collect()
        before = gc.mem_alloc()
        self.band = band(chosen, self.rounds, self.records)
        gc.collect()
        print(("heap of sources, clocks, chain", gc.mem_alloc() - before))
        print(("ticks that the marks cost", meter.calibrate()))
        _keep_loaded()
        sections.wrap_all()

    def block(self, rounds, sum_, window_bits):
        """Prints (rounds done, sum of the words, bytes of records and their sum so far, strides,
        base64 of the ticks); (damaged,) when the block did not come whole."""
        stream = link.inflated(sum_, window_bits)
        if stream is None:
            print(("damaged",))
            return
        meter.clear()
        self.tally.kept = bytearray()
        self.rounds.block(stream, rounds)
        gc.collect()
        gc.disable()
        try:
            if self.rounds.done == 0:
                self.band.start()
            self.band.run(_TO_ITS_END)
        finally:
            gc.enable()
        self._told()

    def finish(self):
        meter.clear()
        self.tally.kept = bytearray()
        self.band.chain.finish()
        self._told()

    def _told(self):
        self.records.flush()
        tally = self.tally
        ticks = b2a_base64(meter.spent)
        print(
            (self.rounds.done, self.rounds.sum, tally.count, tally.sum, self.records.strides, ticks)
        )
