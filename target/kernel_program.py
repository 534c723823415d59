"""A program for qemu-xtensa that calls the windowed machine code of kernels, as the ESP32 would.

A static ELF file: text with the kernels as mpy-cross made them and a few runtime functions in hand
assembly, data with what MicroPython would hand a kernel - function object, module context, table
of runtime functions, arguments. It makes its calls and writes its data to standard output.
Values are never boxed here, so the runtime's conversions give back what they get, and a kernel can
call another through `load_global` and `call_function_n_kw`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from target import xtensa_code as x
from target.mpy_file import Module

# Places in the table of runtime functions (py/nativeglue.h).
_FUN_TABLE_WORDS = 96
_TO_NATIVE, _TO_OBJECT, _SWAP_GLOBALS, _LOAD_GLOBAL = 3, 4, 5, 7
_CALL_FUNCTION, _CHECK_ARGUMENTS, _FLOOR_DIVIDE, _MODULO = 27, 44, 46, 47

_TEXT = 0x0040_0000
_DATA = 0x0100_0000
_STACK_BYTES = 16384
TRAPPED = 77  # exit code of a call to a runtime function that is not here


@dataclass(frozen=True)
class Call:
    """Arguments are integers, or indices into `buffers` wrapped in Buffer."""

    module: str
    function: str
    arguments: Sequence[int | Buffer]
    buffers: Sequence[bytes]


@dataclass(frozen=True)
class Buffer:
    index: int


@dataclass(frozen=True)
class Program:
    """elf: the file. results, buffers: offsets in the data it writes, by call."""

    elf: bytes
    results: list[int]
    buffers: list[list[int]]


class _Data:
    """The data segment, growing."""

    def __init__(self) -> None:
        self.bytes = bytearray(_STACK_BYTES)

    def put(self, data: bytes) -> int:
        """Address of a copy of `data`, aligned to 16 bytes."""
        self.bytes += bytes(-len(self.bytes) % 16)
        at = len(self.bytes)
        self.bytes += data
        return _DATA + at

    def words(self, *values: int) -> int:
        return self.put(struct.pack(f"<{len(values)}I", *(v & 0xFFFFFFFF for v in values)))


def build(modules: Mapping[str, Module], calls: Sequence[Call]) -> Program:
    """One program for all calls; `modules` by dotted name, with all that the called ones call."""
    data = _Data()
    text = bytearray()
    runtime = {name: _append(text, code) for name, code in _runtime().items()}
    ids: dict[str, int] = {}  # of every function, whatever its module: their names differ
    for module in modules.values():
        for function in module.viper:
            ids.setdefault(function, len(ids))
    objects_at = data.words(*[0] * len(ids))
    # Its literal, the table of objects, lies just before it: 4 bytes and an instruction back.
    load_global = x.returning(x.l32r(3, -8) + x.addx4(2, 2, 3) + x.l32i(2, 2, 0))
    text += bytes(-len(text) % 4) + struct.pack("<I", objects_at)
    runtime["load_global"] = _append(text, load_global)
    fun_table = data.words(*_fun_table(runtime))
    entries: dict[tuple[str, str], int] = {}
    for name, module in modules.items():
        qstrs = struct.pack(f"<{len(module.names)}H", *(ids.get(n, 0xFFFF) for n in module.names))
        constants = [0] * (module.fun_table_at + 1)
        constants[module.fun_table_at] = fun_table
        context = data.words(0, 0, data.put(qstrs), data.words(*constants))
        for function, code in module.viper.items():
            text += bytes(-len(text) % 16)
            made = data.words(0, context, _append(text, code))
            entries[name, function] = made
            struct.pack_into("<I", data.bytes, objects_at - _DATA + 4 * ids[function], made)
    results: list[int] = []
    buffers: list[list[int]] = []
    steps: list[tuple[int, int, int, int]] = []
    for call in calls:
        places = [data.put(one) for one in call.buffers]
        arguments = [places[a.index] if isinstance(a, Buffer) else a for a in call.arguments]
        result = data.words(0)
        made = entries[call.module, call.function]
        steps.append((made, len(arguments), data.words(*arguments), result))
        results.append(result - _DATA)
        buffers.append([place - _DATA for place in places])
    start = _append_start(text, steps, len(data.bytes))
    return Program(_elf(bytes(text), bytes(data.bytes), start), results, buffers)


def _runtime() -> dict[str, bytes]:
    leave = x.movi(6, TRAPPED) + x.movi(2, x.EXIT) + x.SYSCALL
    return {
        "first": x.FIRST_ARGUMENT,
        "zero": x.ZERO,
        "divide": x.FLOOR_DIVIDE,
        "modulo": x.MODULO,
        "call": x.CALL_FUNCTION,
        "trap": x.returning(leave),
    }


def _fun_table(runtime: Mapping[str, int]) -> list[int]:
    table = [runtime["trap"]] * _FUN_TABLE_WORDS
    table[0] = 0x1234  # None, of which nothing is asked
    table[_TO_NATIVE] = table[_TO_OBJECT] = table[_CHECK_ARGUMENTS] = runtime["first"]
    table[_SWAP_GLOBALS] = runtime["zero"]  # the globals are the right ones already
    table[_LOAD_GLOBAL] = runtime["load_global"]
    table[_CALL_FUNCTION] = runtime["call"]
    table[_FLOOR_DIVIDE] = runtime["divide"]
    table[_MODULO] = runtime["modulo"]
    return table


def _append(text: bytearray, code: bytes) -> int:
    """Address of the code, aligned to a word."""
    text += bytes(-len(text) % 4)
    at = _TEXT + len(text)
    text += code
    return at


def _append_start(
    text: bytearray, steps: Sequence[tuple[int, int, int, int]], data_bytes: int
) -> int:
    """Call by call, then write the data and leave; returns where to begin.

    Literals come first: an instruction reaches those at most 256 kB before it.
    """
    values = [_DATA + _STACK_BYTES - 64, _DATA, data_bytes]
    for made, _, arguments, result in steps:
        values += [made, arguments, result]
    literals_at = _append(text, struct.pack(f"<{len(values)}I", *values)) - _TEXT
    start = _TEXT + len(text)

    def load(register: int, literal: int) -> None:
        here = (len(text) + 3) & ~3
        text.extend(x.l32r(register, literals_at + 4 * literal - here))

    load(1, 0)
    for k, (_, n, _, _) in enumerate(steps):
        load(10, 3 + 3 * k)
        text.extend(x.movi(11, n) + x.movi(12, 0))
        load(13, 4 + 3 * k)
        text.extend(x.l32i(8, 10, 8) + x.callx8(8))
        load(5, 5 + 3 * k)
        text.extend(x.s32i(10, 5, 0))
    text.extend(x.movi(2, x.WRITE) + x.movi(6, 1))
    load(3, 1)
    load(4, 2)
    text.extend(x.SYSCALL + x.movi(2, x.EXIT) + x.movi(6, 0) + x.SYSCALL)
    return start


def _elf(text: bytes, data: bytes, start: int) -> bytes:
    page = 0x1000
    body = bytearray(page)
    heads = b""
    for address, content, flags in ((_TEXT, text, 5), (_DATA, data, 6)):
        n = len(content)
        heads += struct.pack("<8I", 1, len(body), address, address, n, n, flags, page)
        body += content + bytes(-n % page)
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    rest = struct.pack("<HHIIIIIHHHHHH", 2, 94, 1, start, 52, 0, 0x300, 52, 32, 2, 0, 0, 0)
    body[:52] = ident + rest
    body[52 : 52 + len(heads)] = heads
    return bytes(body)
