"""Time recorded calls of kernels in viper: prints a line "kernel calls ns ns-of-calling" for each.

    micropython time_calls.py FOLDER MIN_MS KERNEL...

ns: of all calls of the kernel in FOLDER (record_calls.py) one after the other from bytecode, the
best of several passes, each on the buffers as they were; ns-of-calling: the same with a function
that does nothing.
"""

# The stubs do not know the modules of target/micropython.
# pyright: reportMissingImports=false

import gc
import sys
from time import ticks_diff, ticks_us

from calls_file import read_call

_CALLER = """
import micropython

@micropython.viper
def nothing({names}):
    pass

def run(function, calls):
    for a in calls:
        function({values})
"""


def read_calls(path):
    """The arguments of each call, and its buffers with what was in them."""
    calls = []
    buffers = []
    with open(path, "rb") as file:
        while True:
            call = read_call(file)
            if call is None:
                return calls, buffers
            arguments = call[1]
            calls.append(arguments)
            for argument in arguments:
                if not isinstance(argument, int):
                    buffers.append((argument, bytes(argument)))


def best_ns(run, function, calls, buffers, min_us):
    """Nanoseconds of the fastest pass; at least three passes and `min_us`."""
    best = 1 << 60
    total = 0
    passes = 0
    while total < min_us or passes < 3:
        for buffer, before in buffers:
            buffer[:] = before
        started = ticks_us()
        run(function, calls)
        us = ticks_diff(ticks_us(), started)
        total += us
        passes += 1
        best = min(best, us)
    return best * 1000


def main():
    min_us = int(sys.argv[2]) * 1000
    for name in sys.argv[3:]:
        module, _, function = name.rpartition(".")
        kernel = getattr(__import__("band." + module, None, None, (function,)), function)
        calls, buffers = read_calls(sys.argv[1] + "/" + name)
        count = len(calls[0])
        made = {}
        exec(
            _CALLER.format(
                names=", ".join(["a%d" % i for i in range(count)]),  # noqa: UP031
                values=", ".join(["a[%d]" % i for i in range(count)]),  # noqa: UP031
            ),
            made,
        )
        gc.collect()
        calling = best_ns(made["run"], made["nothing"], calls, [], min_us >> 2)
        whole = best_ns(made["run"], kernel, calls, buffers, min_us)
        print(name, len(calls), whole, calling)
        calls = buffers = None
        gc.collect()


main()
