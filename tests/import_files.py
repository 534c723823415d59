"""A synthetic run in other people's file formats, written by the formats' own libraries."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from host_tools.importing.convert import import_recording, jobs_for
from host_tools.importing.map_file import load_map, with_columns
from host_tools.importing.report import ImportReport
from host_tools.recording import Recording, read_recording

EMG = ("EMG GM", "EMG SO")
IMU = ("ACC X", "ACC Y", "ACC Z", "GYR X", "GYR Y", "GYR Z")
Columns = dict[str, np.ndarray]


def run_columns(path: Path, labels: tuple[str, ...]) -> tuple[Columns, float]:
    """Channels of an EDF in its own units, and their rate."""
    recording: Recording = read_recording(path)
    rate = float(recording.channels[labels[0]].rate_hz)
    return {label: recording.channels[label].physical for label in labels}, rate


def write_text(
    path: Path,
    columns: Columns,
    delimiter: str = ",",
    decimal: str = ".",
    before: str = "",
    after_names: str = "",
    encoding: str = "utf-8",
    names: bool = True,
    digits: int = 9,
) -> Path:
    def cell(value: object) -> str:
        if isinstance(value, str):
            return value
        number = float(value)  # type: ignore[arg-type]
        return "" if np.isnan(number) else f"{number:.{digits}g}".replace(".", decimal)

    lines = [before.rstrip("\n")] if before else []
    if names:
        lines.append(delimiter.join(columns))
    lines += [after_names] if after_names else []
    rows = max(len(column) for column in columns.values())
    cells = [[cell(v) for v in column] + [""] * (rows - len(column)) for column in columns.values()]
    lines += [delimiter.join(row) for row in zip(*cells, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def write_parquet(path: Path, columns: Columns) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)
    return path


def write_mat(path: Path, variables: dict) -> Path:
    from scipy.io import savemat

    savemat(path, variables, do_compression=True)
    return path


def write_mat73(path: Path, variables: dict) -> Path:
    """As MATLAB's save -v7.3 lays it out: 512 bytes of header, arrays column first, cells and
    structure arrays as references into #refs#."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")

        def put(group, name, value):
            if isinstance(value, dict):
                inner = group.create_group(name)
                inner.attrs["MATLAB_class"] = np.bytes_("struct")
                for key, item in value.items():
                    put(inner, key, item)
            elif isinstance(value, list):  # a structure array: every field a list of references
                inner = group.create_group(name)
                inner.attrs["MATLAB_class"] = np.bytes_("struct")
                for key in value[0]:
                    made = []
                    for item in value:
                        put(refs, f"r{len(refs)}", item[key])
                        made.append(refs[f"r{len(refs) - 1}"].ref)
                    inner.create_dataset(key, data=np.array([made], dtype=h5py.ref_dtype))
            elif isinstance(value, str):
                codes = np.array([[ord(c)] for c in value], dtype=np.uint16)
                made = group.create_dataset(name, data=codes)
                made.attrs["MATLAB_class"] = np.bytes_("char")
            else:
                made = group.create_dataset(name, data=np.atleast_2d(np.asarray(value).T))
                made.attrs["MATLAB_class"] = np.bytes_("double")

        for name, value in variables.items():
            put(file, name, value)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512, b"\0"))
    return path


def write_c3d(path: Path, columns: Columns, rate_hz: float, units: list[str]) -> Path:
    """Analog channels only, 10 samples in each frame."""
    import c3d

    writer = c3d.Writer(point_rate=rate_hz / 10, analog_rate=rate_hz)
    values = np.array(list(columns.values()), dtype=np.float32)
    frames = values.shape[1] // 10
    points = np.zeros((1, 5), dtype=np.float32)
    for k in range(frames):
        writer.add_frames([(points, values[:, 10 * k : 10 * k + 10])])
    writer.set_point_labels(["NONE"])
    writer.set_analog_labels(list(columns))
    text, width = writer.pack_labels(units)
    writer.analog_group.add_str("UNITS", "", text, width, len(units))
    with path.open("wb") as file:
        writer.write(file)
    return path


class RWriter:
    """The part of R's serialisation (version 2, XDR) that data frames need."""

    def __init__(self) -> None:
        self.out = b"X\n" + struct.pack(">3i", 2, 0x030500, 0x020300)

    def pack(self, *values: int) -> None:
        self.out += struct.pack(f">{len(values)}i", *values)

    def text(self, value: str) -> None:
        self.pack(9 | 0x40000, len(value))
        self.out += value.encode()

    def pairs(self, pairs: dict[str, object]) -> None:
        for tag, value in pairs.items():
            self.pack(2 | 0x400, 1)
            self.text(tag)
            self.value(value)
        self.pack(254)

    def value(self, value: object) -> None:
        if isinstance(value, dict):  # a named list; with rows of equal length a data frame
            self.pack(19 | 0x200, len(value))
            for item in value.values():
                self.value(item)
            self.pairs({"names": list(value)})
        elif isinstance(value, tuple):  # a factor: (codes, levels)
            self.pack(13 | 0x200, len(value[0]), *value[0])
            self.pairs({"levels": value[1], "class": ["factor"]})
        elif isinstance(value, list):
            self.pack(16, len(value))
            for item in value:
                self.text(item)
        else:
            values = np.asarray(value, dtype=">f8")
            self.pack(14, len(values))
            self.out += values.tobytes()


def write_rda(path: Path, objects: dict[str, object]) -> Path:
    import gzip

    writer = RWriter()
    writer.pairs(objects)
    path.write_bytes(gzip.compress(b"RDX2\n" + writer.out))
    return path


def emg_map(columns: tuple[str, str] = EMG, unit: str = "uV", extra: str = "") -> str:
    return (
        f"[emg.GM]\ncolumn = '{columns[0]}'\nunit = '{unit}'\n"
        f"[emg.SO]\ncolumn = '{columns[1]}'\nunit = '{unit}'\n{extra}"
    )


def imu_map(units: tuple[str, str] = ("g", "deg/s"), form: str = "{}", extra: str = "") -> str:
    acc = [form.format(label) for label in IMU[:3]]
    gyr = [form.format(label) for label in IMU[3:]]
    return (
        f"[acc]\ncolumns = {acc}\nunit = '{units[0]}'\n"
        f"[gyr]\ncolumns = {gyr}\nunit = '{units[1]}'\n{extra}"
    )


RNG = np.random.default_rng(7)


def imported(
    name: str, files: list[Path], number: int | None = None, channels: list[str] | None = None
) -> tuple[Recording, ImportReport]:
    found = with_columns(load_map(name), channels or [])
    job = jobs_for(files, found, number)[0]
    out = files[0].parent / "out.edf"
    report = import_recording(job, found, out, files, {}, force=True)
    return read_recording(out), report


def emg_uv(n: int) -> np.ndarray:
    return RNG.normal(0, 100, n).round(2)


def assert_same(recording: Recording, label: str, wanted: np.ndarray, tolerance: float) -> None:
    values = recording.channels[label].physical
    assert len(values) > 0.8 * len(wanted) and len(values) <= len(wanted)
    assert np.abs(values - wanted[: len(values)]).max() <= tolerance


def acc_g(n: int) -> np.ndarray:
    return RNG.normal([0, 1, 0], 0.3, (n, 3)).round(4)
