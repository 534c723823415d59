"""Parquet, MATLAB (v5 and HDF5), HDF5, C3D and R files as columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.sources import Source

HDF5_START = b"\x89HDF\r\n\x1a\n"
Leaves = dict[str, Callable[[], np.ndarray]]


def open_parquet(path: Path) -> Source:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    units = {
        field.name: field.metadata[key].decode()
        for field in table.schema
        for key in (b"unit", b"units")
        if field.metadata and key in field.metadata
    }
    columns: Leaves = {
        name: (lambda i=i: table.column(i).to_numpy()) for i, name in enumerate(table.column_names)
    }
    if table.num_rows == 0:
        raise CalfbandError(f"{path}: holds no rows; export it again.")
    return Source(path, columns, "", units)


def open_matlab(path: Path) -> Source:
    """Any .mat: before v7.3 by SciPy, from then on as the HDF5 file it is."""
    with path.open("rb") as file:
        start = file.read(520)
    if start[:8] == HDF5_START or start[512:] == HDF5_START:
        return open_hdf5(path, matlab=True)
    from scipy.io import loadmat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = loadmat(path)
    columns: Leaves = {}
    for name, value in found.items():
        if not name.startswith("__"):
            columns |= {key: (lambda v=leaf: v) for key, leaf in _leaves(name, _plain(value))}
    if not columns:
        raise CalfbandError(f"{path}: holds no variables; save it again.")
    return Source(path, columns)


def _plain(value: Any) -> Any:
    """SciPy's nest of arrays of objects as dicts, lists and plain arrays."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.names:
        cells = [
            {name: _plain(element[name]) for name in value.dtype.names}
            for element in value.reshape(-1, order="F")
        ]
        return cells[0] if len(cells) == 1 else cells
    if value.dtype == object:
        cells = [_plain(element) for element in value.reshape(-1, order="F")]
        return cells[0] if len(cells) == 1 else cells
    if value.dtype.kind == "U":
        return str(value.reshape(-1)[0]) if value.size == 1 else [str(v) for v in value.ravel()]
    return value


def _leaves(name: str, value: Any) -> Iterator[tuple[str, np.ndarray]]:
    """`name.field(2).other` -> array, for everything below `value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(v, (dict, list, np.ndarray)) for v in value):
        for number, inner in enumerate(value, start=1):
            yield from _leaves(f"{name}({number})", inner)
    elif isinstance(value, list):
        yield name, np.array([str(v) for v in value], dtype=object)
    elif isinstance(value, str):
        yield name, np.array([value], dtype=object)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "fiubO":
        yield name, value
    elif isinstance(value, (int, float)):
        yield name, np.array([value])


def open_hdf5(path: Path, matlab: bool = False) -> Source:
    """Datasets by their paths. In a MATLAB file cells and structures are followed, and arrays
    turned back (MATLAB stores columns first)."""
    import h5py

    columns: Leaves = {}
    header: list[str] = []
    units: dict[str, str] = {}
    with h5py.File(path, "r") as file:
        for name, read in _walk(path, file, file, "", matlab, header):
            columns[name] = read
    if not columns:
        raise CalfbandError(f"{path}: holds no datasets; export it again.")
    return Source(path, columns, "\n".join(header), units)


Column = tuple[str, Callable[[], np.ndarray]]


def _walk(
    path: Path, file: Any, group: Any, prefix: str, matlab: bool, header: list[str]
) -> Iterator[Column]:
    import h5py

    for key, value in group.attrs.items():
        if not key.startswith("MATLAB"):
            header.append(f"{prefix}{key}: {_attribute(value)}")
    separator = "." if matlab else "/"
    for key in group:
        if key.startswith("#"):  # where MATLAB keeps what references point to
            continue
        item = group.get(key)
        if isinstance(item, h5py.Group):
            yield from _walk(path, file, item, f"{prefix}{key}{separator}", matlab, header)
        elif isinstance(item, h5py.Dataset):
            yield from _dataset(path, file, item, f"{prefix}{key}", matlab)


def _dataset(path: Path, file: Any, item: Any, name: str, matlab: bool) -> Iterator[Column]:
    import h5py

    if item.dtype.names:
        for field in item.dtype.names:
            yield f"{name}.{field}", lambda at=item.name, f=field: _read(path, at)[f]
    elif h5py.check_ref_dtype(item.dtype):
        cells = np.asarray(item[()]).ravel()
        for number, reference in enumerate(cells, start=1):
            target = file[reference] if reference else None
            inner = name if len(cells) == 1 else f"{name}({number})"
            if isinstance(target, h5py.Group):
                yield from _walk(path, file, target, f"{inner}.", matlab, [])
            elif target is not None:
                yield from _dataset(path, file, target, inner, matlab)
    elif item.attrs.get("MATLAB_class") == b"char":
        text = "".join(map(chr, np.asarray(item[()]).ravel()))
        yield name, lambda: np.array([text], dtype=object)
    elif item.dtype.kind in "OS":
        texts = [str(text) for text in np.atleast_1d(item.asstr()[()]).ravel()]
        yield name, lambda: np.array(texts, dtype=object)
    elif not item.attrs.get("MATLAB_empty"):
        yield name, lambda at=item.name: _read(path, at).T if matlab else _read(path, at)


def _read(path: Path, name: str) -> np.ndarray:
    import h5py

    with h5py.File(path, "r") as file:
        found: Any = file[name]
        return np.asarray(found[()])


def _attribute(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return str([_attribute(v) for v in value.ravel()[:64]])
    return str(value)


def open_c3d(path: Path) -> Source:
    """Analog channels by label, and points as LABELX, LABELY, LABELZ (NaN where not seen)."""
    import c3d

    with path.open("rb") as file, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        reader = c3d.Reader(file)
        frames = [(points, analog) for _, points, analog in reader.read_frames()]
        analog_labels = _strings(reader, "ANALOG:LABELS")
        point_labels = _strings(reader, "POINT:LABELS")
        analog_hz, point_hz = float(reader.analog_rate or 0), float(reader.point_rate or 0)
        units = _strings(reader, "ANALOG:UNITS")
        point_unit = (_strings(reader, "POINT:UNITS") or ["mm"])[0]
    if any("end of file" in str(warning.message) for warning in said):
        raise ValueError("it is cut short")
    if not frames:
        raise CalfbandError(f"{path}: holds no frames; export it again.")
    columns: Leaves = {}
    found_units: dict[str, str] = {}
    rates: dict[str, float] = {}
    if reader.analog_used:
        analog = np.concatenate([analog for _, analog in frames], axis=1)
        for i, label in enumerate(_unique(analog_labels, len(analog))):
            columns[label] = lambda i=i: analog[i]
            rates[label] = analog_hz
            if i < len(units) and units[i]:
                found_units[label] = units[i]
    if reader.point_used:
        points = np.stack([points for points, _ in frames])
        seen = points[:, :, 3] >= 0
        for i, label in enumerate(_unique(point_labels, points.shape[1])):
            for axis, letter in enumerate("XYZ"):
                values = np.where(seen[:, i], points[:, i, axis], np.nan)
                columns[f"{label}{letter}"] = lambda v=values: v
                rates[f"{label}{letter}"] = point_hz
                found_units[f"{label}{letter}"] = point_unit
    return Source(path, columns, "", found_units, rates)


def _strings(reader: Any, name: str) -> list[str]:
    parameter = reader.get(name)
    if parameter is None:
        return []
    return [str(text).strip() for text in np.atleast_1d(parameter.string_array).ravel()]


def _unique(labels: list[str], n: int) -> list[str]:
    named = [labels[i] if i < len(labels) and labels[i] else f"channel {i + 1}" for i in range(n)]
    return [f"{x}#{named[:i].count(x) + 1}" if x in named[:i] else x for i, x in enumerate(named)]


def open_r(path: Path) -> Source:
    """What `save()` and `saveRDS()` write: data frames by `object.column`."""
    from host_tools.importing.rdata import read_r

    columns: Leaves = {}
    for name, value in read_r(path).items():
        columns |= {key: (lambda v=leaf: v) for key, leaf in _leaves(name, value)}
    if not columns:
        raise CalfbandError(f"{path}: holds no data frame or vector; save it again.")
    return Source(path, columns)
