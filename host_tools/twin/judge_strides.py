"""Puts strides straight into the firmware's fatigue model; runs on MicroPython.

    micropython judge_strides.py < runs > verdicts

In, for every run: int32 bytes of settings (whole words), int32 strides; the settings as lines
`name=int`, padded with newlines; the strides, each wire.STRIDE + wire.STRIDE_EXTRA as int32. A
negative gait stands for a second without a stride, of which time and faults count.
Out, for every run: int32 number of warnings, int32 number of blocks; the warnings
(wire.WARNING); of each block of 25 strides the head of its trend row (wire.TREND_HEAD).
"""

import gc
import sys
from array import array

import micropython
from micropython import const

from band import wire
from band.fatigue import Fatigue
from band.settings import Settings

FIELDS = const(26)
CHUNK = const(1024)  # strides per read
WARNING_FIELDS = const(6)
BLOCK_FIELDS = const(5)
MOST_WARNINGS = const(4096)
MOST_BLOCKS = const(4096)
N_WARNINGS, N_BLOCKS = range(2)
T_IC = wire.index(wire.STRIDE, "t_ic_s")
GAIT = wire.index(wire.STRIDE + wire.STRIDE_EXTRA, "gait")
FAULTS = wire.index(wire.STRIDE + wire.STRIDE_EXTRA, "faults")


@micropython.viper
def copy_words(source, start: int, target, at: int, n: int):
    src = ptr32(source)
    dst = ptr32(target)
    i = 0
    while i < n:
        dst[at + i] = src[start + i]
        i += 1


class Verdict:
    """What the model says of one run."""

    def __init__(self):
        self.counts = array("i", [0, 0])
        self.warnings = array("i", [0] * (WARNING_FIELDS * MOST_WARNINGS))
        self.blocks = array("i", [0] * (BLOCK_FIELDS * MOST_BLOCKS))

    @micropython.native
    def take(self, model, strides, n, record):
        """Judge n strides of the buffer."""
        stride = model.stride
        counts = self.counts
        at = 0
        end = n * FIELDS
        while at < end:
            if strides[at + GAIT] >= 0:
                copy_words(strides, at, record, 0, FIELDS)
                news = stride(record)
            else:
                news = model.quiet(strides[at + T_IC], 0, strides[at + FAULTS])
            at += FIELDS
            if news:
                if news & 1 and counts[N_WARNINGS] < MOST_WARNINGS:
                    put = counts[N_WARNINGS] * WARNING_FIELDS
                    copy_words(model.warning, 0, self.warnings, put, WARNING_FIELDS)
                    counts[N_WARNINGS] += 1
                if news & 2 and counts[N_BLOCKS] < MOST_BLOCKS:
                    put = counts[N_BLOCKS] * BLOCK_FIELDS
                    copy_words(model.trend, 0, self.blocks, put, BLOCK_FIELDS)
                    counts[N_BLOCKS] += 1

    def write(self, stream):
        stream.write(self.counts)
        stream.write(memoryview(self.warnings)[: self.counts[N_WARNINGS] * WARNING_FIELDS])
        stream.write(memoryview(self.blocks)[: self.counts[N_BLOCKS] * BLOCK_FIELDS])
        self.counts[N_WARNINGS] = 0
        self.counts[N_BLOCKS] = 0


def read_settings(text):
    settings = Settings()
    for line in text.split(b"\n"):
        if line:
            name, value = line.decode().split("=")
            settings.set(name, int(value))
    return settings


def main():
    if len(wire.STRIDE) + len(wire.STRIDE_EXTRA) != FIELDS or len(wire.WARNING) != WARNING_FIELDS:
        raise ValueError("judge_strides.py is older than wire.py")
    source = sys.stdin.buffer
    header = array("i", [0, 0])
    strides = array("i", [0] * (FIELDS * CHUNK))
    window = memoryview(strides)
    record = array("i", [0] * FIELDS)
    verdict = Verdict()
    while source.readinto(header) == 8:
        model = Fatigue(read_settings(source.read(header[0])))
        left = header[1]
        gc.collect()
        while left:
            n = min(left, CHUNK)
            source.readinto(window[: n * FIELDS])
            verdict.take(model, strides, n, record)
            left -= n
        verdict.write(sys.stdout.buffer)


main()
