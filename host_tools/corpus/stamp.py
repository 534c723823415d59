"""What a result was made from, as a short hash: payload, firmware and host tools."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from host_tools.firmware_tables import FIRMWARE_DIR

ROOT = Path(__file__).resolve().parent.parent.parent
FIRMWARE = "firmware"
# All that a number can come from; pages, the terminal and importers only come after or before.
SOURCES: tuple[str, ...] = (
    FIRMWARE,
    "host_tools",
    "-host_tools/report",
    "-host_tools/importing",
    "-host_tools/cli.py",
    "-host_tools/terminal.py",
    "-host_tools/timeline.py",
    "-host_tools/corpus",
)
_DIGITS = 16


@lru_cache(maxsize=8)
def sources_version(sources: tuple[str, ...] = SOURCES) -> str:
    """Hash of the Python files in `sources`: files and folders below the project's root.

    `firmware` is the firmware in use (CALFBAND_FIRMWARE moves it); a leading `-` leaves a file
    or folder out again. Names and contents count, times do not.
    """
    found: dict[str, Path] = {}
    for source in sources:
        for name, path in _python_files(source.removeprefix("-")):
            if source.startswith("-"):
                found.pop(name, None)
            else:
                found[name] = path
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(found[name].read_bytes()).digest())
    return digest.hexdigest()[:_DIGITS]


def _python_files(source: str) -> Iterator[tuple[str, Path]]:
    top = FIRMWARE_DIR if source == FIRMWARE else ROOT / source
    for path in [top] if top.is_file() else top.rglob("*.py"):
        yield f"{source}/{path.relative_to(top).as_posix()}".removesuffix("/."), path


def stamp(payload: Any, work: Callable[..., Any], version: str) -> str:
    """Hash of what a task is, by value: equal payloads give equal stamps in every process.

    Raises TypeError for a payload with something in it that has no value to go by.
    """
    digest = hashlib.sha256()
    for piece in (version, work, payload):
        for token in _tokens(piece):
            digest.update(f"{len(token)}:".encode() + token)
    return digest.hexdigest()[:_DIGITS]


def _tokens(value: Any) -> Iterator[bytes]:
    """A value as a stream of bytes, each container with its kind and length before it."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        yield f"{kind} {value!r}".encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects cannot be stamped")
        yield f"array {value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, np.generic):
        yield f"{kind} {value.item()!r}".encode()
    elif isinstance(value, enum.Enum):
        yield f"{kind} {value.name}".encode()
    elif isinstance(value, PurePath):
        yield f"path {value}".encode("utf-8", "surrogatepass")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"dataclass {kind}".encode()
        for field in dataclasses.fields(value):
            yield field.name.encode()
            yield from _tokens(getattr(value, field.name))
    elif isinstance(value, Mapping):
        items = sorted(((b"\0".join(_tokens(k)), k) for k in value), key=lambda item: item[0])
        yield f"mapping {len(items)}".encode()
        for token, k in items:
            yield token
            yield from _tokens(value[k])
    elif isinstance(value, set | frozenset):
        yield f"set {len(value)}".encode()
        yield from sorted(b"\0".join(_tokens(item)) for item in value)
    elif isinstance(value, Sequence):
        yield f"sequence {len(value)}".encode()
        for item in value:
            yield from _tokens(item)
    elif callable(value) and hasattr(value, "__qualname__"):
        yield f"function {value.__module__}.{value.__qualname__}".encode()
    else:
        raise TypeError(f"a {kind} cannot be stamped; use plain values, arrays or dataclasses")
