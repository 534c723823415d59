"""Run firmware kernels in CPython with every arithmetic result watched for 31 and 30 bits.

The band has 32-bit machine words in viper and 31-bit small integers elsewhere; the host has 64
bits and would never notice. `Watched` loads the firmware's own source, wraps every operation and
keeps what leaves the range: +-2**31 inside a viper function, +-2**30 in what it returns and in
plain bytecode and what that reads from arrays (only while `armed`, since tables are made once,
before the run).
"""

from __future__ import annotations

import ast
import builtins
import types
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
# Modules of the interpreter, and those that scripts around the firmware import, come from here.
STAND_INS = (ROOT / "target" / "micropython", ROOT / "target" / "micropython" / "host")
SCRIPTS = (*STAND_INS, ROOT / "host_tools" / "twin")
VIPER_LIMIT = 1 << 31
SMALL_INT_LIMIT = 1 << 30
_FORMATS: dict[int, Any] = {8: "B", 16: "H", 32: "I"}


class Pointer:
    """ptr8, ptr16 or ptr32 onto an array, of any element size: loads are unsigned, as on the
    64-bit host; stores keep the low bits, as the machine does."""

    def __init__(self, memory: array[int] | bytes | bytearray, bits: int) -> None:
        self.memory: Any = memoryview(memory).cast("B").cast(_FORMATS[bits])
        self.mask = (1 << bits) - 1

    def __getitem__(self, index: int) -> int:
        if index < 0:
            raise IndexError(index)
        return self.memory[index]

    def __setitem__(self, index: int, value: int) -> None:
        if index < 0:
            raise IndexError(index)
        self.memory[index] = value & self.mask


def _pointer_arguments(arguments: ast.arguments) -> list[ast.stmt]:
    """What viper does on entry with arguments like `ring: ptr16`: ring = ptr16(ring)."""
    made = []
    for arg in arguments.args:
        if arg.annotation and ast.unparse(arg.annotation).startswith("ptr"):
            made += ast.parse(f"{arg.arg} = {ast.unparse(arg.annotation)}({arg.arg})").body
            arg.annotation = None
    return made


class _Wrap(ast.NodeTransformer):
    """Every operation's result goes through __watch__(value, place, limit)."""

    def __init__(self, file: str, module: str) -> None:
        self.file = file
        self.module = module
        self.viper = False

    def _watched(self, node: ast.expr, at: ast.AST, small: bool = False) -> ast.expr:
        line = getattr(at, "lineno", 0)
        limit = VIPER_LIMIT if self.viper and not small else SMALL_INT_LIMIT
        call = ast.Call(
            ast.Name("__watch__", ast.Load()),
            [node, ast.Constant(f"{self.file}:{line}"), ast.Constant(limit)],
            [],
        )
        return ast.copy_location(call, at)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # noqa: N802
        self.viper = any("viper" in ast.unparse(d) for d in node.decorator_list)
        self.generic_visit(node)
        node.returns = None
        if self.viper:
            node.body[:0] = _pointer_arguments(node.args)
            node.body[:0] = ast.parse(f"__enter__({self.module + '.' + node.name!r})").body
        self.viper = False
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # noqa: N802
        """What bytecode reads from an array of words is an integer of its own there."""
        self.generic_visit(node)
        if self.viper or not isinstance(node.ctx, ast.Load):
            return node
        return self._watched(node, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        return self._watched(node, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        return self._watched(node, node) if isinstance(node.op, ast.USub) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        load = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._watched(ast.BinOp(load, node.op, node.value), node)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Return(self, node: ast.Return) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        if self.viper and node.value is not None:
            node.value = self._watched(node.value, node, small=True)
        return node


class Watched:
    """The firmware's modules, instrumented. `violations`: place -> the largest value seen there.
    `entered`: module.function of the viper functions that ran while armed.
    """

    def __init__(self, firmware: Path = FIRMWARE) -> None:
        self.armed = False
        self.violations: dict[str, int] = {}
        self.entered: set[str] = set()
        self._band = firmware / "band"
        self._modules: dict[str, types.ModuleType] = {}

    def module(self, name: str) -> Any:
        """Module `band.<name>` with its imports, all instrumented."""
        return self._loaded(name, (self._band / Path(*name.split("."))).with_suffix(".py"), True)

    def script(self, name: str) -> Any:
        """A script of SCRIPTS that uses the firmware, which is not watched itself."""
        for folder in SCRIPTS:
            if (folder / f"{name}.py").exists():
                return self._loaded(name, folder / f"{name}.py", False)
        raise ModuleNotFoundError(name)

    def _loaded(self, name: str, file: Path, watched: bool) -> Any:
        if name not in self._modules:
            tree: Any = ast.parse(file.read_text())
            if watched:
                tree = _Wrap(file.name, name).visit(tree)
            code = compile(ast.fix_missing_locations(tree), str(file), "exec")
            made = types.ModuleType(name)
            self._modules[name] = made
            made.__dict__.update(
                __builtins__={**vars(builtins), "__import__": self._import},
                __watch__=self._watch,
                __enter__=self._enter,
                ptr8=lambda memory: Pointer(memory, 8),
                ptr16=lambda memory: Pointer(memory, 16),
                ptr32=lambda memory: Pointer(memory, 32),
            )
            exec(code, made.__dict__)
        return self._modules[name]

    def _import(self, name: str, *args: Any) -> Any:
        nothing: Callable[[], int] = lambda: 0  # noqa: E731
        if name == "micropython":
            same: Callable[[Any], Any] = lambda x: x  # noqa: E731
            return types.SimpleNamespace(
                viper=same, const=same, heap_lock=nothing, heap_unlock=nothing
            )
        if name == "gc":
            return types.SimpleNamespace(collect=nothing, mem_alloc=nothing)
        if name == "band" or (name.startswith("band.") and self._is_folder(name)):
            below = name[5:] + "." if name != "band" else ""
            found = {wanted: self.module(below + wanted) for wanted in args[2]}
            return types.SimpleNamespace(**found)
        if name.startswith("band."):
            return self.module(name[5:])
        if any((folder / f"{name}.py").exists() for folder in SCRIPTS):
            return self.script(name)
        return builtins.__import__(name, *args)

    def _is_folder(self, name: str) -> bool:
        return self._band.joinpath(*name.split(".")[1:]).is_dir()

    def _enter(self, function: str) -> None:
        if self.armed:
            self.entered.add(function)

    def _watch(self, value: Any, place: str, limit: int) -> Any:
        if self.armed and type(value) is int and not -limit <= value < limit:
            if abs(value) > abs(self.violations.get(place, 0)):
                self.violations[place] = value
        return value


def torture(n: int) -> dict[str, list[int]]:
    """int16 signals that drive filters to their limits, n samples each, by name."""
    state = 12345
    noise = []
    for _ in range(n):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        noise.append((state >> 15) - 32768)
    return {
        "noise from rail to rail": noise,
        "quiet noise": [v >> 9 for v in noise],
        "square at Nyquist": [32767 if i & 1 else -32768 for i in range(n)],
        "slow square": [32767 if i // 9 & 1 else -32768 for i in range(n)],
        "square at 20 Hz": [32767 if i // 25 & 1 else -32768 for i in range(n)],
        "spikes": [32767 if i % 37 == 0 else -32768 if i % 37 == 1 else 0 for i in range(n)],
        "bursts": [v if i % 700 < 250 else v >> 8 for i, v in enumerate(noise)],
        "rail": [32767 if i % 1500 < 700 else v >> 7 for i, v in enumerate(noise)],
        "zeros": [0] * n,
    }
