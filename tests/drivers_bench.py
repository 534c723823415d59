"""Scripts for the real MicroPython in which the board stands on virtual chips."""

from tests.conftest import ROOT

TWIN = ROOT / "host_tools" / "twin"

# The script finds `bench` (the chips, in virtual time) and `unit` (the board on them).
PRELUDE = f"""
import sys
sys.path[:0] = [{str(TWIN / "stand_ins")!r}, {str(TWIN)!r}]
import time
time.virtual()
import gc
import micropython
from errno import EIO, ENODEV, ETIMEDOUT
from chips.bench import Bench
from chips.wiring import wires
from band.unit.board import Board
bench = Bench()
unit = Board()

def error_of(call):
    try:
        call()
    except OSError as error:
        return error.errno
    return 0

def grown(call, times):
    # Heap bytes after so many calls under a locked heap.
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    micropython.heap_lock()
    for i in range(times):
        call()
    micropython.heap_unlock()
    after = gc.mem_alloc()
    gc.enable()
    return after - before
"""


def on_bench(script: str) -> str:
    """The whole script: what it asserts fails the test that runs it."""
    return PRELUDE + script
