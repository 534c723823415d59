"""For each kernel a twin that takes the same arguments and does nothing: what a call alone costs.

The instructions of `make target` are those of a kernel's own code, so a unit's time for the call
and for turning objects into integers and pointers is taken off. It is the twin's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_CASTS = ("ptr8", "ptr16", "ptr32")


def empties(kernels: Iterable[str], firmware: Path) -> str:
    """Source of a module with module__function for each module.function."""
    parts = ["import micropython\n"]
    for name in kernels:
        function = definition(name, firmware)
        parameters = {argument.arg for argument in function.args.args}
        casts = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and _casts(node.value, parameters)
        ]
        body = [f"p{k} = {ast.unparse(cast)}" for k, cast in enumerate(casts)]
        returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
        body.append("return 0" if function.returns else "pass")
        parts.append(
            f"@micropython.viper\ndef {name.replace('.', '__')}"
            f"({ast.unparse(function.args)}){returns}:\n"
            + "".join(f"    {line}\n" for line in body)
        )
    return "\n".join(parts)


@lru_cache(maxsize=256)
def definition(kernel: str, firmware: Path) -> ast.FunctionDef:
    module, _, name = kernel.rpartition(".")
    path = (firmware / "band").joinpath(*module.split(".")).with_suffix(".py")
    for node in _parsed(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise ValueError(f"{path} defines no {name}")


@lru_cache(maxsize=64)
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def calls_others(kernel: str, kernels: Iterable[str], firmware: Path) -> bool:
    """Whether a kernel's time holds that of another, which its own instructions do not."""
    names = {one.rpartition(".")[2] for one in kernels}
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for node in ast.walk(definition(kernel, firmware))
    )


def _casts(value: ast.expr, parameters: set[str]) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in _CASTS
        and isinstance(value.args[0], ast.Name)
        and value.args[0].id in parameters
    )
