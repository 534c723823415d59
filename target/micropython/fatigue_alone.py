"""The fatigue model alone over the strides of a whole run, to find its most expensive one.

    micropython fatigue_alone.py SETTINGS < strides > figures

stdin: int32 fields of stride records, one behind the other. A round for the counter is what the
chain does at once: file a stride, or one step of the work on a block.
"""

# The stubs do not know this machine.
# pyright: reportMissingImports=false

import gc
import sys
from array import array

import sections
from meter import code_bytes, mark
from micropython import heap_lock, heap_unlock
from whole_band import read_settings

from band import wire
from band.fatigue import Fatigue


def main():
    model = Fatigue(read_settings(sys.argv[1]))
    record = array("i", [0] * (len(wire.STRIDE) + len(wire.STRIDE_EXTRA)))
    size = 4 * len(record)
    strides = 0
    gc.collect()
    heap_lock()
    while sys.stdin.buffer.readinto(record) == size:
        mark(sections.ROUND)
        model.take(record)
        mark(sections.LEAVE)
        while model.stage:
            mark(sections.ROUND)
            model.step()
            mark(sections.LEAVE)
        strides += 1
    heap_unlock()
    print("strides", strides)
    print("code_bytes", code_bytes())


main()
