"""What every file looks like to the rest of the import: named columns of numbers or text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.map import Reader
from host_tools.importing.units import unit_in_name

_COLUMN_OF_ARRAY = re.compile(r"^(.*?)\(:,\s*(\d+)\)$")
_NTH = re.compile(r"^(.*)#(\d+)$")


def comparable(name: str) -> str:
    """Names are compared without regard to case, blanks and `/` or `.` between parts."""
    return " ".join(name.replace("/", ".").casefold().split())


class Source:
    """One file. `columns`: name -> a function that reads it (1-D, or 2-D for arrays)."""

    def __init__(
        self,
        path: Path,
        columns: dict[str, Callable[[], np.ndarray]],
        header: str = "",
        units: dict[str, str] | None = None,
        rates_hz: dict[str, float] | None = None,
        hint: str = "",
        place: Callable[[int], str] = "row {}".format,
    ):
        self.path = path
        self.columns = columns
        self.header = header
        self.units = units or {}
        self.rates_hz = rates_hz or {}
        self.hint = hint  # what to check when a column is missing
        self.place = place  # how a row, counted from 1, is named to the user
        self.names = list(columns)
        self._comparable = [comparable(name) for name in self.names]
        self._rows: np.ndarray | None = None
        self._cache: dict[str, np.ndarray] = {}

    def find(self, ref: str) -> list[str]:
        """Names of the columns that `ref` may mean."""
        if ref.startswith("#") and ref[1:].isdigit():
            number = int(ref[1:])
            return self.names[number - 1 : number] if number >= 1 else []
        wanted = comparable(ref)
        exact = [n for n, c in zip(self.names, self._comparable, strict=True) if c == wanted]
        if exact:
            return exact[:1]
        nth = _NTH.match(ref)
        if nth:
            wanted = comparable(nth[1])
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("*")) + r"\Z")
        found = [n for n, c in zip(self.names, self._comparable, strict=True) if pattern.match(c)]
        if nth:
            number = int(nth[2])
            return found[number - 1 : number] if number >= 1 else []
        return found

    def resolve(self, ref: str) -> str:
        """The one column that `ref` means. Raises CalfbandError."""
        inner, column = self._split(ref)
        found = self.find(inner)
        if len(found) == 1:
            return found[0] + column
        if found:
            raise CalfbandError(
                f"{self.path}: {ref!r} fits {len(found)} columns ({shortened(found)}); name one of "
                f"them, or add #1 for the first."
            )
        raise CalfbandError(
            f"{self.path}: there is no column {ref!r} (found: {shortened(self.names)}); "
            f"name the right one in the map{self.hint}."
        )

    def has(self, ref: str) -> bool:
        return bool(self.find(self._split(ref)[0]))

    @staticmethod
    def _split(ref: str) -> tuple[str, str]:
        found = _COLUMN_OF_ARRAY.match(ref)
        return (found[1], f"(:,{found[2]})") if found else (ref, "")

    def raw(self, name: str) -> np.ndarray:
        """A resolved column as the file holds it, 1-D."""
        inner, column = self._split(name)
        if inner not in self._cache:
            self._cache[inner] = self._read(inner)
        values = self._cache[inner]
        if column:
            number = int(column[3:-1])
            if values.ndim != 2 or not 1 <= number <= values.shape[1]:
                raise CalfbandError(
                    f"{self.path}: {inner} has the shape {'×'.join(map(str, values.shape))} and no "
                    f"column {number}; name another one."
                )
            values = values[:, number - 1]
        values = np.squeeze(values)
        if values.ndim == 0:
            values = values.reshape(1)
        if values.ndim != 1:
            raise CalfbandError(
                f"{self.path}: {inner} is no single column; say which one of it, such as "
                f"{inner}(:,1)."
            )
        if self._rows is not None and len(values) == len(self._rows):
            values = values[self._rows]
        return values

    def _read(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self.columns[name]())
        except CalfbandError:
            raise
        except Exception as error:  # damaged files make parsers fail in any way they can
            raise unreadable(self.path, f"{name} in it cannot be read", error) from error

    def numbers(self, ref: str) -> np.ndarray:
        """A column as float64, NaN where a sample is missing. Raises CalfbandError."""
        name = self.resolve(ref)
        values = self.raw(name)
        if values.dtype.kind in "OUS":
            values = self._parsed(name, values)
        if values.dtype.kind not in "fiub":
            raise CalfbandError(
                f"{self.path}: {name} does not hold numbers; name another column in the map."
            )
        if np.ma.isMaskedArray(values):
            values = values.filled(np.nan)
        values = values.astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        return values

    def _parsed(self, name: str, texts: np.ndarray) -> np.ndarray:
        out = np.empty(len(texts))
        for i, text in enumerate(texts):
            if text is None or str(text).strip().casefold() in MISSING:
                out[i] = np.nan
                continue
            try:
                out[i] = float(text)
            except (TypeError, ValueError):
                raise CalfbandError(
                    f"{self.path}: {name} holds {str(text)[:20]!r} in {self.place(i + 1)} where a "
                    "number should be; name the right column in the map or mend the file."
                ) from None
        return out

    def keep_rows(self, column: str, text: str) -> None:
        """From now on only rows in which `column` reads `text`."""
        name = self.resolve(column)
        rows, self._rows = self._rows, None
        values = np.array([str(v).strip().strip('"') for v in self.raw(name)])
        keep = values == text
        if not keep.any():
            some = shortened(list(dict.fromkeys(values.tolist())))
            raise CalfbandError(
                f"{self.path}: no row has {text!r} in column {name} (found: {some}); "
                "name one of those in the map."
            )
        self._rows = keep if rows is None else keep & rows

    def unit(self, ref: str) -> str | None:
        name = self.resolve(ref)
        return self.units.get(self._split(name)[0]) or unit_in_name(name)

    def rate_hz(self, ref: str) -> float | None:
        return self.rates_hz.get(self._split(self.resolve(ref))[0])

    def left_of(self, ref: str, pattern: str) -> str | None:
        """The nearest column left of `ref` whose name fits `pattern`."""
        at = self.names.index(self._split(self.resolve(ref))[0])
        fitting = set(self.find(pattern))
        return next((n for n in reversed(self.names[:at]) if n in fitting), None)


MISSING = ("", "nan", "na", "n/a", "null", "none", "-", "#n/a", "inf", "-inf")


def shortened(names: Sequence[str], most: int = 8) -> str:
    shown = [repr(name) for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") if names else "nothing"


NOT_HERE = {
    b"0       ": "is an EDF recording already; give it to calfband replay as it is",
    b"PK\x03\x04": "is a zip or Excel file; unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "is compressed; unpack it first",
}
SUFFIXES = {
    ".parquet": "parquet", ".pq": "parquet", ".mat": "matlab", ".h5": "hdf5", ".hdf5": "hdf5",
    ".hdf": "hdf5", ".c3d": "c3d", ".rda": "r", ".rdata": "r", ".rds": "r",
}  # fmt: skip


def open_source(path: Path, reader: Reader) -> Source:
    """Read a file as its map says, or as its ending tells. Raises CalfbandError."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise CalfbandError(f"{path}: there is no such file; check the name.") from None
    except IsADirectoryError:
        raise CalfbandError(f"{path}: this is a folder; name the files in it.") from None
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be read ({error.strerror}); check its permissions."
        ) from None
    if not start:
        raise CalfbandError(f"{path}: the file is empty; export it again.")
    format = reader.format
    if format == "auto":
        format = SUFFIXES.get(path.suffix.lower(), "text")
    for sign, what in NOT_HERE.items():
        if format == "text" and start.startswith(sign):
            raise CalfbandError(f"{path}: {what}.")
    source = _opened(path, format, reader)
    for column, text in reader.where:
        source.keep_rows(column, text)
    return source


def _opened(path: Path, format: str, reader: Reader) -> Source:
    if format == "text":
        from host_tools.importing.text import open_text

        return open_text(path, reader)
    from host_tools.importing import binary

    open_as = {
        "parquet": binary.open_parquet,
        "matlab": binary.open_matlab,
        "hdf5": binary.open_hdf5,
        "c3d": binary.open_c3d,
        "r": binary.open_r,
    }[format]
    try:
        return open_as(path)
    except CalfbandError:
        raise
    except Exception as error:  # damaged files make these parsers fail in any way they can
        raise unreadable(path, f"not a readable {NAMES[format]} file", error) from error


def unreadable(path: Path, what: str, error: Exception) -> CalfbandError:
    said = str(error).strip().splitlines()
    reason = said[0][:120].rstrip(".") if said else type(error).__name__
    return CalfbandError(f"{path}: {what} ({reason}); export or copy it again.")


NAMES = {
    "parquet": "Parquet", "matlab": "MATLAB", "hdf5": "HDF5", "c3d": "C3D", "r": "R data",
}  # fmt: skip
