"""The chain's binary records as integers, and as columns in printable units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from host_tools.errors import FirmwareError
from host_tools.firmware_tables import units, wire

UNKNOWN: int = units.UNKNOWN
SPECTRUM_HZ = np.arange(wire.SPECTRUM_BINS) * units.EMG_RATE_HZ / 256

_FEATURE_NAMES = tuple(name for name, _ in wire.FEATURES)
_DIVISORS = {name: divisor for name, divisor, _, _ in wire.STRIDE + wire.STRIDE_EXTRA}
_UNITS = {name: unit for name, _, _, unit in wire.STRIDE}
TREND_FIELDS = (
    *wire.TREND_HEAD,
    *(f"score_{domain}" for domain in wire.DOMAINS),
    *(f"{name}.{part}" for name in _FEATURE_NAMES for part in wire.TREND_PER_FEATURE),
)
_FIELDS = {
    wire.TAG_STRIDE: len(wire.STRIDE) + len(wire.STRIDE_EXTRA),
    wire.TAG_BURST: len(wire.BURST),
    wire.TAG_EVENT: len(wire.EVENT),
    wire.TAG_WARNING: len(wire.WARNING),
    wire.TAG_TREND: len(TREND_FIELDS),
    wire.TAG_SPECTRUM: len(wire.SPECTRUM_HEAD) + wire.SPECTRUM_BINS,
}
END_FIELDS = (
    "emg_samples",
    "imu_frames",
    "emg_lost",
    "imu_lost",
    "strides",
    "valid",
    "bursts",
    "chain_ms",
    "heap_bytes_hot_path",
    "heap_bytes_chain",
)


@dataclass
class Records:
    """Integer records as the chain made them: int32 arrays (n, fields), and the end counts."""

    tables: dict[int, np.ndarray] = field(default_factory=dict)
    end: dict[str, int] = field(default_factory=dict)

    @property
    def strides(self) -> np.ndarray:
        return self.tables[wire.TAG_STRIDE]

    @property
    def bursts(self) -> np.ndarray:
        return self.tables[wire.TAG_BURST]

    @property
    def events(self) -> np.ndarray:
        return self.tables[wire.TAG_EVENT]

    @property
    def warnings(self) -> np.ndarray:
        return self.tables[wire.TAG_WARNING]


def parse_records(stream: bytes) -> Records:
    """Split the chain's output. Raises FirmwareError when it breaks off or does not fit wire.py."""
    rows: dict[int, list[bytes]] = {tag: [] for tag in _FIELDS}
    end: dict[str, int] = {}
    at = 0
    while at + 2 <= len(stream):
        tag, n = stream[at], stream[at + 1]
        payload = stream[at + 2 : at + 2 + 4 * n]
        at += 2 + 4 * n
        if tag == wire.TAG_END:
            end = dict(zip(END_FIELDS, np.frombuffer(payload, "<i4").tolist(), strict=True))
        elif n != _FIELDS.get(tag):
            raise FirmwareError(
                f"the firmware sent a record of kind {tag} with {n} fields, unlike its own table; "
                "please report this with the recording."
            )
        else:
            rows[tag].append(payload)
    if not end:
        raise FirmwareError("the firmware ended without its closing record; please report this.")
    tables = {
        tag: np.frombuffer(b"".join(found), "<i4").reshape(-1, _FIELDS[tag])
        for tag, found in rows.items()
    }
    return Records(tables, end)


def unit_of(feature: str) -> str:
    return _UNITS.get(feature, "ms")


def columns(table: np.ndarray, fields: Sequence[tuple[str, int, int, str]]) -> dict[str, Any]:
    """Columns of an integer table as float64 in the units of the CSV files; unknown is NaN."""
    return {
        name: _scaled(table[:, i], divisor)
        for i, (name, divisor, _, _) in enumerate(fields)
        if i < table.shape[1]
    }


def _scaled(values: np.ndarray, divisor: int) -> np.ndarray:
    known = np.where(values == UNKNOWN, np.nan, values.astype(np.float64))
    return np.exp2(known / 256) if divisor == 0 else known / divisor


def trend_columns(table: np.ndarray) -> dict[str, np.ndarray]:
    """Trend rows in CSV units; scores and z are plain numbers. The spread of `finsm5`, whose
    model works on its logarithm, is in octaves."""
    found = {}
    for i, name in enumerate(TREND_FIELDS):
        feature, _, part = name.partition(".")
        if part == "z" or name.startswith("score_"):
            divisor = 256
        elif part:
            divisor = _DIVISORS.get(feature, 10)
            if divisor == 0 and part == "spread":
                divisor = 256
        else:
            divisor = units.DMS_PER_S if name == "t_s" else 1
        found[name] = _scaled(table[:, i], divisor)
    return found


def spectra(table: np.ndarray) -> list[dict[str, Any]]:
    """Averaged power spectra in time order, each with its frequencies."""
    found = []
    for row in table:
        channel, t_dms, strides, exponent = (int(v) for v in row[: len(wire.SPECTRUM_HEAD)])
        found.append(
            {
                "channel": channel,
                "t_s": t_dms / units.DMS_PER_S,
                "strides": strides,
                "hz": SPECTRUM_HZ,
                "power": np.ldexp(row[len(wire.SPECTRUM_HEAD) :].astype(np.float64), exponent),
            }
        )
    return found


def texts(bits: int, names: Sequence[str]) -> list[str]:
    """The names of the bits set in `reasons` or `faults`."""
    return [name for i, name in enumerate(names) if bits >> i & 1]


def warning_rows(table: np.ndarray) -> list[dict[str, Any]]:
    """The first state and each change of level, in words."""
    at = {name: i for i, (name, *_) in enumerate(wire.WARNING)}
    return [
        {
            "t_s": row[at["t_s"]] / units.DMS_PER_S,
            "level": row[at["level"]],
            "name": wire.LEVELS[row[at["level"]]],
            "confidence_pct": row[at["confidence_pct"]],
            "attribution": wire.ATTRIBUTIONS[row[at["attribution"]]],
            "reasons": texts(row[at["reasons"]], wire.REASONS),
            "faults": texts(row[at["faults"]], wire.FAULTS),
        }
        for row in table.tolist()
    ]
