"""R's own files: the serialisation of `save()` and `saveRDS()`, versions 2 and 3, XDR binary.

Format: R Internals, section 1.8 "Serialization Formats". Only what holds data is kept: vectors,
lists, data frames, factors; environments and functions are skipped as far as they can be.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from pathlib import Path
from typing import Any

import numpy as np

NIL, GLOBAL_ENV, BASE_ENV, EMPTY_ENV, MISSING_ARG = 254, 253, 241, 242, 251
SYMBOL, PAIRLIST, ENVIRONMENT, CHARACTER = 1, 2, 4, 9
LOGICAL, INTEGER, REAL, COMPLEX, STRINGS, LIST, EXPRESSIONS, RAW = 10, 13, 14, 15, 16, 19, 20, 24
NAMESPACE, REFERENCE, ALTREP = 249, 255, 238
ATTRIBUTED_LIST = 239
NA_INTEGER = -(2**31)


def read_r(path: Path) -> dict[str, Any]:
    """Objects by name (an .rds file's one object is called `data`).

    Data frames and named lists are dicts, other lists lists, vectors arrays, factors and texts
    lists of str. Raises ValueError when the file is none of R's binary formats.
    """
    raw = path.read_bytes()
    for start, opened in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if raw.startswith(start):
            raw = opened.decompress(raw)
    workspace = raw[:5] in (b"RDX2\n", b"RDX3\n")
    if workspace:
        raw = raw[5:]
    if raw[:2] != b"X\n":
        raise ValueError("not written by save() or saveRDS() in R's binary format")
    found = _Reader(raw[2:]).document()
    if workspace:
        return found if isinstance(found, dict) else {}
    return {"data": found}


class _Reader:
    def __init__(self, raw: bytes):
        self.raw = raw
        self.at = 0
        self.references: list[Any] = []

    def document(self) -> Any:
        version, _, _ = self._ints(3)
        if version == 3:
            self._bytes(self._int())  # the name of the native encoding
        elif version != 2:
            raise ValueError(f"serialisation version {version} is not known")
        return self.item()

    def _bytes(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.raw):
            raise ValueError("it is cut short")
        self.at += n
        return self.raw[self.at - n : self.at]

    def _ints(self, n: int) -> tuple[int, ...]:
        return struct.unpack(f">{n}i", self._bytes(4 * n))

    def _int(self) -> int:
        return self._ints(1)[0]

    def _length(self) -> int:
        n = self._int()
        if n == -1:  # a long vector: its length in two halves
            high, low = self._ints(2)
            n = (high << 32) + low
        return n

    def _vector(self, dtype: str) -> np.ndarray:
        n = self._length()
        width = np.dtype(dtype).itemsize
        return np.frombuffer(self._bytes(n * width), dtype).astype(dtype.replace(">", "="))

    def item(self, flags: int | None = None) -> Any:
        flags = self._int() & 0xFFFFFFFF if flags is None else flags
        kind = flags & 0xFF
        attributed, tagged = bool(flags & 0x200), bool(flags & 0x400)
        if kind in (PAIRLIST, ATTRIBUTED_LIST):
            return self._pairlist(flags)
        if kind in (NIL, GLOBAL_ENV, BASE_ENV, EMPTY_ENV, MISSING_ARG):
            return None
        if kind == SYMBOL:
            self.references.append(self.item())
            return self.references[-1]
        if kind == REFERENCE:
            index = (flags >> 8) or self._int()
            return self.references[index - 1]
        if kind == CHARACTER:
            n = self._int()
            return None if n == -1 else self._bytes(n).decode("utf-8", "replace")
        if kind == ENVIRONMENT:
            self._int()
            self.references.append(None)
            for _ in range(4):
                self.item()
            return None
        if kind == NAMESPACE:
            self._int()
            for _ in range(self._int()):
                self.item()
            self.references.append(None)
            return None
        if kind == ALTREP:
            return _compact(self.item(), self.item(), self.item())
        value = self._data(kind)
        attributes = self.item() if attributed or tagged else None
        return _with_attributes(value, attributes if isinstance(attributes, dict) else {})

    def _data(self, kind: int) -> Any:
        if kind in (LOGICAL, INTEGER):
            values = self._vector(">i4")
            if (values == NA_INTEGER).any():
                return np.where(values == NA_INTEGER, np.nan, values.astype(float))
            return values
        if kind == REAL:
            return self._vector(">f8")
        if kind == COMPLEX:
            return self._vector(">c16")
        if kind == RAW:
            return self._vector(">u1")
        if kind == STRINGS:
            return [self.item() for _ in range(self._length())]
        if kind in (LIST, EXPRESSIONS):
            return [self.item() for _ in range(self._length())]
        raise ValueError(f"it holds an object of type {kind}, which is no data")

    def _pairlist(self, flags: int) -> dict[str, Any]:
        """A chain of (attributes, tag, value) cells as a dict; cells without a tag get numbers."""
        found: dict[str, Any] = {}
        while flags & 0xFF in (PAIRLIST, ATTRIBUTED_LIST):
            if flags & 0x200:
                self.item()
            tag = self.item() if flags & 0x400 else None
            found[str(tag) if tag is not None else str(len(found) + 1)] = self.item()
            flags = self._int() & 0xFFFFFFFF
        if flags & 0xFF != NIL:  # a pair: what follows is its second half
            found["rest"] = self.item(flags)
        return found


def _with_attributes(value: Any, attributes: dict[str, Any]) -> Any:
    names, levels = attributes.get("names"), attributes.get("levels")
    if levels and isinstance(value, np.ndarray):
        return ["" if np.isnan(v) else levels[int(v) - 1] for v in value.astype(float)]
    dim = attributes.get("dim")
    if isinstance(value, np.ndarray) and dim is not None and len(dim) == 2:
        return value.reshape(tuple(int(v) for v in dim), order="F")
    if isinstance(value, list) and isinstance(names, list):
        return {str(name): inner for name, inner in zip(names, value, strict=False)}
    return value


def _compact(info: Any, state: Any, attributes: Any) -> Any:
    """R 3.5's compact forms: sequences by (length, first, step), and wrapped vectors."""
    name = next(iter(info.values())) if isinstance(info, dict) else None
    if name in ("compact_intseq", "compact_realseq"):
        n, first, step = (float(v) for v in state)
        value: Any = first + step * np.arange(int(n))
    elif name == "deferred_string" and isinstance(state, dict):
        value = [f"{v:g}" for v in next(iter(state.values()))]
    elif isinstance(state, list) and state:
        value = state[0]  # wrap_real and its kind: [vector, metadata]
    elif isinstance(state, dict) and state:
        value = next(iter(state.values()))
    else:
        raise ValueError(f"it holds an object in the form {name}, which is not known")
    return _with_attributes(value, attributes if isinstance(attributes, dict) else {})
