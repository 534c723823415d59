"""The finest clock of this machine, and what its ticks are. Imported while `time` is the real one.

ticks_cpu counts the processor's cycles on the ESP32, microseconds elsewhere; it is measured.
"""

import gc
from time import ticks_cpu, ticks_diff, ticks_us

_MOST = 200  # calls in one loop: each may leave some bytes on the heap
_TIMES = 5
_GRAINS = 500  # so long a loop takes at least
_LOOK_US = 50_000

grain = 0


def look():
    """(ticks in _LOOK_US or a little more, those microseconds, smallest step that was seen)."""
    global grain
    grain = 1 << 29
    for _ in range(400):
        step = ticks_diff(ticks_cpu(), ticks_cpu())
        if step < 0:
            step = -step
        if 0 < step < grain:
            grain = step
    if grain == 1 << 29:
        grain = 1
    us = ticks_us()
    start = ticks_cpu()
    while True:
        took_us = ticks_diff(ticks_us(), us)
        if took_us >= _LOOK_US:
            return ticks_diff(ticks_cpu(), start), took_us, grain


def _loop(function, arguments, buffers, inputs, n):
    start = ticks_cpu()
    for _ in range(n):
        for i in range(len(buffers)):
            buffers[i][:] = inputs[i]
        function(*arguments)
    return ticks_diff(ticks_cpu(), start)


def compare(function, empty, arguments, buffers, inputs):
    """(calls in a loop, ticks of loops of `function`, of `empty`, which takes the same and does
    nothing). Before each call `buffers` are made what `inputs` are.
    """
    gc.collect()
    gc.disable()
    try:
        once = _loop(function, arguments, buffers, inputs, 1)
        n = 1
        while n < _MOST and once * n < _GRAINS * grain:
            n *= 2
        busy = []
        idle = []
        for _ in range(_TIMES):
            busy.append(_loop(function, arguments, buffers, inputs, n))
            idle.append(_loop(empty, arguments, buffers, inputs, n))
    finally:
        gc.enable()
    return n, busy, idle
