"""Machine code out of a .mpy file, function by function (format 6: py/persistentcode.c)."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

_BYTECODE, _NATIVE, _VIPER = 2, 3, 4
_HAS_RODATA, _HAS_BSS, _RELOCATED = 0x20, 0x40, 0x10
_FUN_TABLE = "the table of runtime functions"


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
    reader = _Reader(mpy.read_bytes())
    names, constants = reader.header()
    codes: list[bytes] = []
    reader.raw_code(codes)
    functions = viper_functions(source)
    if len(codes) != len(functions):
        raise ValueError(f"{mpy}: {len(codes)} viper functions, but {source} has {len(functions)}")
    at = constants.index(_FUN_TABLE) if _FUN_TABLE in constants else 0
    return Module(tuple(names), at, dict(zip(functions, codes, strict=True)))


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

    def header(self) -> tuple[list[str], list[object]]:
        magic, version, flags, _ = self.take(4)
        if (magic, version) != (ord("M"), 6):
            raise ValueError("not a .mpy file of version 6")
        if flags & 0x40:
            self.number()
        n_names, n_constants = self.number(), self.number()
        names = [self.name() for _ in range(n_names)]
        return names, [self.constant() for _ in range(n_constants)]

    def name(self) -> str:
        n = self.number()
        if n & 1:
            return f"<{n >> 1}>"  # one of MicroPython's own, which no kernel looks up
        text = self.take(n >> 1).decode()
        self.take(1)
        return text

    def constant(self) -> object:
        kind = self.take(1)[0]
        if kind == 0:
            return _FUN_TABLE
        if kind <= 4:  # None, False, True, ...
            return kind
        n = self.number()
        if kind == 10:  # a tuple
            return tuple(self.constant() for _ in range(n))
        value = self.take(n)
        if kind in (5, 6):  # str and bytes end with a zero
            self.take(1)
        return value

    def raw_code(self, viper: list[bytes]) -> None:
        """One function with those defined in it; appends the code of viper ones."""
        head = self.number()
        kind = (head & 3) + _BYTECODE
        code = self.take(head >> 3)
        if kind == _NATIVE:
            self.number()
        elif kind != _BYTECODE:
            flags = self.number()
            if flags & (_HAS_RODATA | _HAS_BSS | _RELOCATED):
                raise ValueError("machine code with data of its own is not read here")
            if kind == _VIPER:
                viper.append(code)
            else:
                self.number()
                self.number()
        if head & 4:
            for _ in range(self.number()):
                self.raw_code(viper)
