"""What a .mpy file holds: names, constants, code (format 6: py/persistentcode.c)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

BYTECODE, NATIVE, VIPER = 2, 3, 4
GENERATOR = 0x01  # of the scope flags
_HAS_RODATA, _HAS_BSS, _RELOCATED = 0x20, 0x40, 0x10
_STR, _BYTES, _INT, _TUPLE = 5, 6, 7, 10


class Known(Enum):
    """Constants that have no content."""

    FUN_TABLE = 0  # the table of runtime functions
    NONE = 1
    FALSE = 2
    TRUE = 3
    ELLIPSIS = 4


Constant = Known | str | bytes | int | tuple  # a tuple's items are constants


@dataclass(frozen=True)
class RawCode:
    """A function before it is made. flags: of a viper function's scope."""

    kind: int
    code: bytes
    flags: int
    children: tuple[RawCode, ...]

    def walk(self) -> Iterator[RawCode]:
        """Itself, then those defined in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Mpy:
    """names: text, or the number of one of MicroPython's static names."""

    names: tuple[str | int, ...]
    constants: tuple[Constant, ...]
    code: RawCode


@dataclass(frozen=True)
class Module:
    """What a module's machine code refers to, and the code of its viper functions by name.

    names: of its own table, by index. fun_table_at: where its constants hold the table of runtime
    functions.
    """

    names: tuple[str, ...]
    fun_table_at: int
    viper: dict[str, bytes]


def viper_functions(source: Path) -> list[str]:
    """Names of a file's viper functions, in the order of their definition."""
    found = []
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            if any(ast.unparse(one) == "micropython.viper" for one in node.decorator_list):
                found.append(node.name)
    return found


def read_module(mpy: Path, source: Path) -> Module:
    """The machine code in `mpy`, named by the definitions in its `source`."""
    read = read_mpy(mpy)
    codes = [one.code for one in read.code.walk() if one.kind == VIPER]
    functions = viper_functions(source)
    if len(codes) != len(functions):
        raise ValueError(f"{mpy}: {len(codes)} viper functions, but {source} has {len(functions)}")
    at = read.constants.index(Known.FUN_TABLE) if Known.FUN_TABLE in read.constants else 0
    # No kernel looks up one of MicroPython's own names.
    names = tuple(name if isinstance(name, str) else f"<{name}>" for name in read.names)
    return Module(names, at, dict(zip(functions, codes, strict=True)))


def read_mpy(path: Path) -> Mpy:
    """Raises ValueError for another format, and for what the firmware has none of."""
    reader = _Reader(path.read_bytes())
    names, constants = reader.header()
    return Mpy(names, constants, reader.raw_code())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, n: int) -> bytes:
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self) -> int:
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def header(self) -> tuple[tuple[str | int, ...], tuple[Constant, ...]]:
        magic, version, flags, _ = self.take(4)
        if (magic, version) != (ord("M"), 6):
            raise ValueError("not a .mpy file of version 6")
        if flags & 0x40:
            self.number()
        n_names, n_constants = self.number(), self.number()
        names = tuple(self.name() for _ in range(n_names))
        return names, tuple(self.constant() for _ in range(n_constants))

    def name(self) -> str | int:
        n = self.number()
        if n & 1:
            return n >> 1
        text = self.take(n >> 1).decode()
        self.take(1)
        return text

    def constant(self) -> Constant:
        kind = self.take(1)[0]
        if kind <= Known.ELLIPSIS.value:
            return Known(kind)
        n = self.number()
        if kind == _TUPLE:
            return tuple(self.constant() for _ in range(n))
        value = self.take(n)
        if kind == _INT:
            return int(value)
        if kind not in (_STR, _BYTES):
            raise ValueError("the firmware has no numbers but integers")
        self.take(1)  # both end with a zero
        return value if kind == _BYTES else value.decode()

    def raw_code(self) -> RawCode:
        head = self.number()
        kind = (head & 3) + BYTECODE
        code = self.take(head >> 3)
        flags = 0
        if kind == VIPER:
            flags = self.number()
            if flags & (_HAS_RODATA | _HAS_BSS | _RELOCATED):
                raise ValueError("machine code with data of its own is not read here")
        elif kind == NATIVE:
            self.number()
        elif kind != BYTECODE:
            raise ValueError("assembler is not read here")
        n = self.number() if head & 4 else 0
        return RawCode(kind, code, flags, tuple(self.raw_code() for _ in range(n)))
