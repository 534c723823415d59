"""Repeats a block of one kernel's calls on the unit. Prints a literal a line, and as the last one
("end", calls):

("differs", call, result, [base64 of a buffer, ...])   of the first call that does
("time", call, n, [ticks], [ticks])                     of those asked for; timer.compare
("damaged",)                                            the block did not come whole

What comes per call stands in host_tools/bench/blocks.py.
"""

# `empties` is made for the firmware's kernels (host_tools/bench/empties.py).
# pyright: reportMissingImports=false

import gc
from binascii import b2a_base64, crc32
from struct import pack, unpack

import empties
import link
import timer

_INTEGER, _BUFFER, _CHANGED, _SAME = 0, 1, 2, 3
_LITTLE = 30_000  # bytes of free heap below which is collected


def find(name):
    """The kernel and its empty twin. Raises MemoryError when its module finds no room."""
    gc.collect()
    dot = name.rfind(".")
    module = __import__("band." + name[:dot], None, None, (name[dot + 1 :],))
    return getattr(module, name[dot + 1 :]), getattr(empties, name.replace(".", "__"))


def run(name, calls, sum_, window_bits):
    kernel, empty = find(name)
    stream = link.inflated(sum_, window_bits)
    if stream is None:
        print(("damaged",))
        return
    told = False
    for number in range(calls):
        if gc.mem_free() < _LITTLE:
            gc.collect()
        arguments, distinct, changed, inputs = _arguments(stream)
        expected, timed = unpack("<IB", link.read(stream, 5))
        result = kernel(*arguments)
        if not told and _sum(result, distinct) != expected:
            told = True
            print(("differs", number, result, [b2a_base64(one) for one in distinct]))
        if timed and not told:
            print(("time", number) + timer.compare(kernel, empty, arguments, changed, inputs))
    print(("end", calls))


def _arguments(stream):
    """(arguments, their buffers, of these the ones that the call changes, what was in them)"""
    arguments = []
    distinct = []
    changed = []
    inputs = []
    for _ in range(link.read(stream, 1)[0]):
        kind = link.read(stream, 1)[0]
        if kind == _INTEGER:
            arguments.append(unpack("<i", link.read(stream, 4))[0])
        elif kind == _SAME:
            arguments.append(arguments[link.read(stream, 1)[0]])
        else:
            buffer = link.read(stream, unpack("<H", link.read(stream, 2))[0])
            arguments.append(buffer)
            distinct.append(buffer)
            if kind == _CHANGED:
                changed.append(memoryview(buffer))
                inputs.append(bytes(buffer))
    return arguments, distinct, changed, inputs


def _sum(result, buffers):
    sum_ = 0
    if result is not None:
        sum_ = crc32(pack("<I", result & 0xFFFFFFFF))
    for one in buffers:
        sum_ = crc32(one, sum_)
    return sum_
