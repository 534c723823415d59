"""Time the firmware's kernels; runs on MicroPython with one variant of the firmware on its path.

    micropython time_kernels.py FOLDER MIN_MS      prints a line "name ns crc" per kernel

ns per item (EMG sample, IMU frame, ...), the best of several passes over the inputs in FOLDER,
called with the block sizes the chain uses. crc is that of the output of the first pass.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

import gc
import sys
from array import array
from binascii import crc32
from time import ticks_diff, ticks_us

from micropython import const

from band import activity, decimate, fft, filters, motion, windows

SAMPLES = const(16384)
MASK = const(16383)
EMG_BLOCK = const(32)
IMU_BLOCK = const(32)
STRIDE = const(128)  # steps
EVENTS = const(128)
NOTCH_LIMIT = const(64)
DECIMATED = const(2048)


def read(name, halfwords):
    buf = array("H", bytes(2 * halfwords))
    with open(sys.argv[1] + "/" + name, "rb") as file:
        file.readinto(buf)
    return buf


def write(name, values):
    """Tables that the C side needs as well, written once so that there is one copy of them."""
    with open(sys.argv[1] + "/" + name, "wb") as file:
        file.write(values)


def channel_1_blocks():
    """The first EMG channel, cut as the chain cuts it."""
    emg = read("emg.i16", 2 * SAMPLES)
    blocks = []
    for start in range(0, 2 * SAMPLES, 2 * EMG_BLOCK):
        block = array("H", bytes(2 * EMG_BLOCK))
        for i in range(EMG_BLOCK):
            block[i] = emg[start + 2 * i]
        blocks.append(block)
    return blocks


class Kernel:
    """One kernel over its whole input; `run` is called again and again."""

    items = SAMPLES
    written = []  # the buffers that a run writes


class Decimate(Kernel):
    name = "decimate-8-to-1-kHz"
    items = 2 * DECIMATED

    def __init__(self):
        self.blocks = []
        with open(sys.argv[1] + "/words.i32", "rb") as file:
            for _ in range(DECIMATED // EMG_BLOCK):
                block = array("H", bytes(8 * 8 * EMG_BLOCK))
                file.readinto(block)
                self.blocks.append(block)
        self.written = [array("H", bytes(2 * 2 * EMG_BLOCK)) for _ in self.blocks]
        self.decimator = decimate.Decimator()

    def run(self):
        process = self.decimator.process
        written = self.written
        at = 0
        for block in self.blocks:
            process(block, 8 * EMG_BLOCK, written[at])
            at += 1


class Condition(Kernel):
    """Rails, 20-450 Hz, mains notch."""

    name = "condition"

    def __init__(self):
        self.emg = read("emg.i16", 2 * SAMPLES)
        self.blocks = [array("H", bytes(2 * EMG_BLOCK)) for _ in range(SAMPLES // EMG_BLOCK)]
        self.sine = filters.sine_table()
        self.state = array("I", bytes(4 * filters.FILTER_STATE))
        filters.reset_filter(self.state)
        self.state[filters.NOTCH_CYCLES] = 5
        self.state[filters.NOTCH_LIMIT] = NOTCH_LIMIT
        counts = memoryview(self.state)
        fold = counts[filters.FOLD_AT : filters.FOLD_AT + filters.FOLD]
        self.written = self.blocks + [counts[filters.CLIPPED : filters.HIGHEST + 1], fold]
        write("sine.u16", self.sine)

    def run(self):
        emg = self.emg
        state = self.state
        sine = self.sine
        offset = 0
        for block in self.blocks:
            filters.condition(0, 0, emg, offset, EMG_BLOCK, block, sine, state)
            offset += 2 * EMG_BLOCK


class BurstSense(Kernel):
    """TKEO, envelope, noise floor and the coarse state of a burst, in one pass."""

    name = "burst-sense"

    def __init__(self):
        self.blocks = channel_1_blocks()
        self.ring = array("H", bytes(2 * 2048))
        self.envelope = array("H", bytes(2 * 2048))
        self.state = array("I", bytes(4 * activity.ACTIVITY_STATE))
        self.events = array("I", bytes(4 * EVENTS))  # [0] counts them
        self.written = [self.envelope, self.events]
        activity.reset_activity(self.state)

    def run(self):
        sense = activity.sense
        state = self.state
        events = self.events
        position = 0
        events[0] = 0
        for block in self.blocks:
            done = 0
            while done < EMG_BLOCK:
                before = done
                done = sense(0, 0, block, before, EMG_BLOCK, self.ring, self.envelope, state)
                event = done >> 8
                done &= 255
                position += done - before
                if event and events[0] < EVENTS - 1:
                    events[0] += 1
                    events[events[0]] = position * 8 + event


class Condense(Kernel):
    """|acceleration|, and the average of four frames."""

    name = "condense"

    def __init__(self):
        self.x = read("imu.i16", 6 * SAMPLES)
        self.magnitudes = array("H", bytes(2 * SAMPLES))
        self.steps = array("H", bytes(2 * 6 * motion.STEPS))
        self.written = [self.magnitudes, self.steps]

    def run(self):
        x = self.x
        magnitudes = self.magnitudes
        steps = self.steps
        for i in range(0, SAMPLES, IMU_BLOCK):
            motion.condense(0, 0, x, i, MASK, IMU_BLOCK // 4, magnitudes, MASK, steps, i >> 2)


class Projection(Kernel):
    name = "projection"

    def __init__(self):
        self.x = read("imu.i16", 6 * SAMPLES)
        self.axis = array("i", (9000, -11000, 8200))
        self.written = [array("H", bytes(2 * STRIDE)) for _ in range(SAMPLES // STRIDE)]
        write("axis.i32", self.axis)

    def run(self):
        step = 0
        axis = self.axis
        x = self.x
        for out in self.written:
            windows.project(x, step, MASK, STRIDE, 3, axis, out)
            step += STRIDE


class PowerSpectrum(Kernel):
    name = "power-spectrum-256"
    items = SAMPLES // fft.POINTS

    def __init__(self):
        self.x = array("H")
        for block in channel_1_blocks():
            self.x.extend(block)
        self.written = [array("I", bytes(4 * fft.BINS)) for _ in range(self.items)]
        write("cosine.u16", fft.COSINE)

    def run(self):
        start = 0
        for power in self.written:
            fft.power_spectrum(self.x, MASK, start, power)
            start += fft.POINTS


def best_ns(kernel, min_us):
    """Nanoseconds per item of the fastest pass; at least three passes and `min_us`."""
    best = 0
    total = 0
    passes = 0
    while total < min_us or passes < 3:
        started = ticks_us()
        kernel.run()
        us = ticks_diff(ticks_us(), started)
        total += us
        passes += 1
        if best == 0 or us < best:
            best = us
    return best * 1000 / kernel.items


def main():
    for make in (Decimate, Condition, BurstSense, Condense, Projection, PowerSpectrum):
        kernel = make()
        # Bytecode with many variables takes its frame from the heap, so live data cost time.
        gc.collect()
        kernel.run()
        crc = 0
        for buffer in kernel.written:
            crc = crc32(buffer, crc)
        print(kernel.name, best_ns(kernel, int(sys.argv[2]) * 1000), crc)
        kernel = None
        gc.collect()


main()
