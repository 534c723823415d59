"""The table of a map, checked key by key and typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from host_tools.athlete import BOUNDS, SEXES, SIDES
from host_tools.errors import CalfbandError
from host_tools.importing.map import (
    IDENTITY,
    Adc,
    AthleteTable,
    Clock,
    ImportMap,
    Matrix,
    Reader,
    RigidBody,
    Signal,
    Truth,
)
from host_tools.importing.map_check import Checked
from host_tools.importing.units import conversion, known_units

FORMATS = ("auto", "text", "parquet", "matlab", "hdf5", "c3d", "r")
DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|"}
TIME_UNITS = ("s", "ms", "us", "ns", "samples", "date", "file")


def parse_map(path: Path, table: dict[str, Any]) -> ImportMap:
    """Check and type the table of a map. Raises CalfbandError."""
    top = Checked(path, "", table)
    title, layout = top.text("title", path.stem), top.text("layout", "")
    reader = _reader(top.table("reader"))
    clock = _clock(top.table("time"), Clock())
    signals = _signals(top, clock)
    body = _rigid_body(top.table("rigid_body"), clock)
    truth = tuple(_truths(top, clock))
    athlete, speed, athlete_table = _athlete(top.table("athlete"))
    top.done()
    if not signals and body is None:
        raise CalfbandError(
            f"{path}: maps no signal; add [emg.GM], [acc], [gyr], [temp] or [speed] with a column."
        )
    return ImportMap(
        path.stem, str(title), str(layout), reader, tuple(signals), truth, body, athlete, speed,
        athlete_table, path, table,
    )  # fmt: skip


def _reader(table: Checked) -> Reader:
    where = table.table("where")
    rows = tuple((key, str(where.text(key))) for key in list(where.left))
    delimiter, decimal = table.text("delimiter"), table.text("decimal")
    if delimiter is not None and len(delimiter) != 1 and delimiter not in DELIMITERS:
        raise table.refuse(
            "delimiter", f"is {delimiter!r}; it must be one sign or one of {', '.join(DELIMITERS)}"
        )
    if decimal not in (None, ".", ","):
        raise table.refuse("decimal", f"is {decimal!r}; it must be a point or a comma")
    reader = Reader(
        format=table.choice("format", FORMATS, "auto"),
        delimiter=DELIMITERS.get(delimiter or "", delimiter),
        decimal=decimal,
        encoding=table.text("encoding"),
        comment=table.text("comment"),
        header_row=table.whole("header_row"),
        header_contains=table.text("header_contains"),
        names_from=table.pattern("names_from"),
        group_row=table.whole("group_row", low=1),
        where=rows,
        each=table.text("each"),
    )
    table.done()
    return reader


def _clock(table: Checked, default: Clock) -> Clock:
    if not table:
        return default
    clock = Clock(
        column=table.column("column"),
        beside=table.text("beside"),
        unit=table.choice("unit", TIME_UNITS, "s"),
        rate_hz=table.number("rate_hz", low=1e-3, high=1e6),
        rate_at=table.text("rate_at"),
        period_at=table.text("period_at"),
        rate_from=table.pattern("rate_from"),
        counter=table.column("counter"),
        modulo=table.whole("modulo", low=2),
        from_start=table.flag("from_start"),
    )
    table.done()
    return clock


def _signals(top: Checked, clock: Clock) -> list[Signal]:
    signals = []
    emg = top.table("emg")
    for muscle in list(emg.left):
        if not 1 <= len(muscle) <= 12 or not muscle.isascii():
            raise emg.refuse(muscle, "is no name of a muscle; use GM, SO, TA or up to 12 letters")
        signals.append(_signal(emg.table(muscle), f"EMG {muscle.upper()}", "emg", clock))
    for key, label in (("acc", "ACC"), ("gyr", "GYR"), ("temp", "TEMP SKIN"), ("speed", "SPEED")):
        table = top.table(key)
        if table:
            signals.append(_signal(table, label, key, clock))
    return signals


def _signal(table: Checked, label: str, kind: str, clock: Clock) -> Signal:
    triple = kind in ("acc", "gyr")
    if triple:
        columns = table.columns("columns", 3)
    else:
        column = table.column("column")
        columns = (column,) if column else None
    if columns is None:
        raise table.refuse("columns" if triple else "column", "is missing; name what to read")
    unit = table.text("unit")
    adc = _adc(table.table("adc")) if kind == "emg" else None
    if unit in (None, "file"):
        unit = None
    elif unit == "counts":
        if adc is None:
            raise table.refuse("adc", "is missing; counts need bits, span_v and gain")
    elif conversion(kind, unit) is None:
        raise table.refuse("unit", f"is {unit!r}; it must be one of {', '.join(known_units(kind))}")
    unit_else = table.text("unit_else")
    if unit_else is not None and conversion(kind, unit_else) is None:
        raise table.refuse("unit_else", f"must be one of {', '.join(known_units(kind))}")
    signal = Signal(
        label, kind, columns, unit,
        clock=_clock(table.table("time"), clock),
        unit_else=unit_else,
        gain=table.number("gain", 1.0, low=1e-6) or 1.0,
        adc=adc,
        axes=_axes(table) if triple else IDENTITY,
        file=table.text("file"),
        clip=table.number("clip", low=0),
        missing=table.numbers("missing"),
        optional=table.flag("optional"),
    )  # fmt: skip
    table.done()
    return signal


def _adc(table: Checked) -> Adc | None:
    if not table:
        return None
    bits, bits_from = table.whole("bits", low=1), table.pattern("bits_from")
    span = table.number("span_v", low=1e-6)
    gain = table.number("gain", 1.0, low=1e-6)
    adc = Adc(bits, bits_from, span or 0.0, gain or 1.0, table.flag("midpoint"))
    if span is None or (bits is None and bits_from is None):
        raise table.refuse("span_v" if span is None else "bits", "is missing")
    table.done()
    return adc


def _axes(table: Checked) -> Matrix:
    """`axes = {x = "-y", y = "x", z = "z"}` or `matrix = [[…], […], […]]`; rows are EDF+ axes."""
    named, matrix = table.raw("axes"), table.raw("matrix")
    if named is not None and matrix is not None:
        raise table.refuse("axes", "and matrix say the same twice; keep one")
    if named is not None:
        if not isinstance(named, dict) or set(named) != set("xyz"):
            raise table.refuse("axes", 'must name all three, such as {x = "-y", y = "x", z = "z"}')
        rows = []
        for axis in "xyz":
            text = str(named[axis]).strip().lower()
            if text.lstrip("+-") not in ("x", "y", "z") or len(text) > 2:
                raise table.refuse("axes", f"has {axis} = {named[axis]!r}; x, -x, y, … are known")
            row = [0.0, 0.0, 0.0]
            row["xyz".index(text[-1])] = -1.0 if text[0] == "-" else 1.0
            rows.append(tuple(row))
        matrix = rows
    if matrix is None:
        return IDENTITY
    try:
        m = np.array(matrix, dtype=float)
    except (TypeError, ValueError):
        m = np.zeros(0)
    if m.shape != (3, 3) or not np.allclose(m @ m.T, np.eye(3), atol=1e-3):
        raise table.refuse(
            "matrix", "must be a rotation: three rows of three, of length 1 and at right angles"
        )
    return tuple(tuple(float(v) for v in row) for row in m.tolist())


def _rigid_body(table: Checked, clock: Clock) -> RigidBody | None:
    if not table:
        return None
    names = table.texts("markers")
    if names is None or len(names) < 3:
        raise table.refuse("markers", "must list three or more markers of one segment")
    up = table.choice("up", ("x", "y", "z", "-x", "-y", "-z"), "z")
    vertical = [0.0, 0.0, 0.0]
    vertical["xyz".index(up[-1])] = -1.0 if up[0] == "-" else 1.0
    suffixes = table.texts("suffixes") or ("X", "Y", "Z")
    body = RigidBody(
        tuple(tuple(f"{name}{suffix}" for suffix in suffixes) for name in names),
        table.text("unit", "mm"),
        (vertical[0], vertical[1], vertical[2]),
        _clock(table.table("time"), clock),
        table.number("low_pass_hz", 25.0, low=1, high=1000) or 25.0,
        table.text("file"),
    )
    table.done()
    return body


def _truths(top: Checked, clock: Clock) -> list[Truth]:
    entries = top.raw("truth") or []
    if not isinstance(entries, list):
        raise top.refuse("truth", "must be [[truth]] tables")
    found = []
    for number, entry in enumerate(entries, start=1):
        table = Checked(top.path, f"truth {number}", entry)
        kind = table.choice("kind", ("times", "flags", "force"), "times")
        column = table.column("column")
        if column is None:
            raise table.refuse("column", "is missing")
        labels = table.texts("labels") or {"force": ("IC", "TO")}.get(kind, ("IC",))
        on, off = table.number("on_n", 50.0, low=0), table.number("off_n", 30.0, low=0)
        assert on is not None and off is not None
        if off > on:
            raise table.refuse("off_n", f"is {off:g}, above on_n ({on:g}); it must not be")
        default_unit = {"times": "s", "flags": "", "force": "N"}[kind]
        unit = table.text("unit", default_unit) or ""
        allowed = {"times": ("s", "ms", "us", "samples"), "force": known_units("force")}
        if kind in allowed and unit.lower() not in allowed[kind]:
            raise table.refuse("unit", f"is {unit!r}; it must be one of {', '.join(allowed[kind])}")
        found.append(
            Truth(
                kind, column, labels, unit, _clock(table.table("time"), clock),
                table.text("file"), on, off, table.columns("lower", 2), table.flag("optional"),
            )
        )  # fmt: skip
        table.done()
    return found


def _athlete(table: Checked):
    known: dict[str, Any] = {}
    for key, (low, high, _) in BOUNDS.items():
        value = table.number(key, low=low, high=high)
        if value is not None:
            known[key] = value
    for key, allowed in (("sex", SEXES), ("side", SIDES)):
        if key in table.left:
            known[key] = table.choice(key, allowed, allowed[0])
    from_name = table.table("speed_from_name")
    speed = None
    if from_name:
        pattern = from_name.pattern("pattern")
        if pattern is None:
            raise from_name.refuse("pattern", "is missing")
        speed = (pattern, from_name.number("divide", 1.0, low=1e-6) or 1.0)
        from_name.done()
    people = table.table("table")
    athlete_table = None
    if people:
        file, row = people.text("file"), people.text("row")
        if not file or not row:
            raise people.refuse("file" if not file else "row", "is missing")
        match = people.pattern("match")
        names = ("sex", "side", *BOUNDS)
        columns = {key: str(people.text(key)) for key in names if key in people.left}
        athlete_table = AthleteTable(file, row, match, columns)
        people.done()
    table.done()
    return known, speed, athlete_table
