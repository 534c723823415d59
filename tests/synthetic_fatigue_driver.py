"""MicroPython side: synthetic runners through band.fatigue, one after the other.

stdin, per runner: int32 records, mass_g, number of priors, domains_off; the priors as
(feature, value) pairs; then the records, 26 int32 each. stdout: `W runner` and the six fields of
every warning row; `E runner heap_bytes us worst_us trend_rows strides`. The heap is locked while
strides are taken.
"""

import gc
import sys
import time
from array import array

import micropython

from band.fatigue import Fatigue
from band.settings import Settings
from band.wire import FEATURES

CHUNK = 512
FIELDS = 26
WARNING_FIELDS = 6
US, WORST_US, TRENDS, ROWS = range(4)


@micropython.viper
def copy(source, start: int, target, at: int, n: int):
    src = ptr32(source)
    dst = ptr32(target)
    i = 0
    while i < n:
        dst[at + i] = src[start + i]
        i += 1


@micropython.native
def take(model, buf, n, rec, count, rows):
    """Strides of one chunk; warning rows collect in `rows`."""
    micropython.heap_lock()
    for i in range(n):
        copy(buf, i * FIELDS, rec, 0, FIELDS)
        start = time.ticks_us()
        news = model.stride(rec)
        us = time.ticks_diff(time.ticks_us(), start)
        count[US] += us
        if us > count[WORST_US]:
            count[WORST_US] = us
        if news & 2:
            count[TRENDS] += 1
        if news & 1:
            copy(model.warning, 0, rows, count[ROWS] * WARNING_FIELDS, WARNING_FIELDS)
            count[ROWS] += 1
    micropython.heap_unlock()


def main():
    source = sys.stdin.buffer
    header = array("i", [0] * 4)
    pair = array("i", [0] * 2)
    buf = array("i", [0] * (FIELDS * CHUNK))
    view = memoryview(buf)
    rec = array("i", [0] * FIELDS)
    rows = array("i", [0] * (WARNING_FIELDS * 1024))
    runner = 0
    while source.readinto(header) == 16:
        settings = Settings()
        settings.mass_g = header[1]
        settings.domains_off = header[3]
        for _ in range(header[2]):
            source.readinto(pair)
            settings.priors.setdefault(FEATURES[pair[0]][0], []).append(pair[1])
        model = Fatigue(settings)
        count = array("i", [0] * 4)
        left = header[0]
        grown = 0
        gc.collect()
        gc.disable()
        while left:
            n = min(left, CHUNK)
            source.readinto(view[: n * FIELDS])
            before = gc.mem_alloc()
            take(model, buf, n, rec, count, rows)
            grown += gc.mem_alloc() - before
            left -= n
        gc.enable()
        for i in range(count[ROWS]):
            print("W", runner, *[rows[i * WARNING_FIELDS + k] for k in range(WARNING_FIELDS)])
        print("E", runner, grown, count[US], count[WORST_US], count[TRENDS], header[0])
        runner += 1


main()
