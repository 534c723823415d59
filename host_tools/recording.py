"""An EDF or EDF+ recording in the band's units: the first step of every replay.

Labels and units: `EMG xx` (uV), `ACC X|Y|Z` (g), `GYR X|Y|Z` (deg/s), `TEMP SKIN` (degC),
`SPEED` (m/s). Values stay digital (int16 with gain and offset) until they are quantised, so that
a recording at the band's own scales passes through without a rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyedflib

from host_tools.edf_header import (
    ANNOTATIONS_LABEL,
    EXPORT_AGAIN,
    EdfHeader,
    SignalHeader,
    read_header,
)
from host_tools.errors import CalfbandError

ACC_LABELS = ("ACC X", "ACC Y", "ACC Z")
GYR_LABELS = ("GYR X", "GYR Y", "GYR Z")
TEMP_LABEL = "TEMP SKIN"
SPEED_LABEL = "SPEED"

# Factor to the band's unit; the unit itself comes first. Compared in lower case.
_EMG_UNITS = {"uv": 1.0, "µv": 1.0, "mv": 1e3, "v": 1e6, "nv": 1e-3}
_ACC_UNITS = {"g": 1.0, "mg": 1e-3, "m/s^2": 1 / 9.81, "m/s2": 1 / 9.81, "m/s²": 1 / 9.81}
_GYR_UNITS = {
    "deg/s": 1.0,
    "°/s": 1.0,
    "dps": 1.0,
    "mdps": 1e-3,
    "rad/s": 180 / np.pi,
}
_TEMP_UNITS = {"degc": 1.0, "°c": 1.0, "c": 1.0}
_SPEED_UNITS = {"m/s": 1.0, "km/h": 1 / 3.6}
# The range of rates (Hz) in which a sensor can tell the band anything.
_EMG_RATES_HZ = (400, 100_000)
_IMU_RATES_HZ = (50, 20_000)
_SLOW_RATES_HZ = (Fraction(1, 120), 2_000)


@dataclass(frozen=True)
class Channel:
    """One signal: `physical = digital * gain + offset`, in the band's unit for its label."""

    label: str
    rate_hz: Fraction
    digital: np.ndarray  # int16 (n,)
    gain: float
    offset: float

    @property
    def physical(self) -> np.ndarray:
        """float64 (n,) in uV, g, deg/s, degC or m/s."""
        return self.digital * self.gain + self.offset


@dataclass(frozen=True)
class Annotation:
    t_s: float
    duration_s: float  # 0 where the file gives none
    text: str


@dataclass
class Recording:
    """What a file holds that the band can use, and notes on all that it cannot."""

    path: Path
    patient: str
    title: str
    duration_s: Fraction
    channels: dict[str, Channel] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def synthetic(self) -> bool:
        return "synthetic" in f"{self.title} {self.patient}".lower()


def read_recording(path: Path) -> Recording:
    """Read and check one recording.

    Raises CalfbandError with one sentence when the file is not EDF, damaged, cut short, in an
    unknown unit, or holds nothing the band can use.
    """
    header = read_header(path)
    recording = Recording(path, header.patient, header.recording, header.duration_s)
    wanted = _wanted_signals(path, header, recording.notes)
    if not any(_units_and_rates(_canonical(s.label)) for s in header.signals):
        named = ", ".join(repr(s.label) for s in header.signals if s.label) or "no labels at all"
        raise CalfbandError(
            f"{path}: no channel the band knows (found {named}); label them EMG GM, EMG SO, "
            "ACC X/Y/Z, GYR X/Y/Z, TEMP SKIN or SPEED."
        )
    try:
        reader = pyedflib.EdfReader(str(path))
    except (OSError, ValueError, MemoryError, OverflowError) as error:
        reason = str(error).replace(str(path), "").strip(" :\n") or type(error).__name__
        raise CalfbandError(
            f"{path}: not a readable EDF file ({reason}); {EXPORT_AGAIN}."
        ) from error
    try:
        # pyedflib numbers the signals without the annotation signals.
        order = [s for s in header.signals if s.label != ANNOTATIONS_LABEL]
        if reader.signals_in_file != len(order):
            raise ValueError("it counts other signals than its header names")
        for label, (signal, factor) in wanted.items():
            digital = reader.readSignal(order.index(signal), digital=True)
            _take_channel(recording, label, header.rate_hz(signal), signal, factor, digital)
        recording.annotations = _annotations(reader)
    except (OSError, ValueError, IndexError, MemoryError) as error:
        raise CalfbandError(
            f"{path}: its data cannot be read ({error}); {EXPORT_AGAIN}."
        ) from error
    finally:
        reader.close()
    _keep_whole_sensors(recording)
    if not any(label.startswith(("EMG ", "ACC ", "GYR ")) for label in recording.channels):
        raise CalfbandError(
            f"{path}: nothing the band can use remains ({'; '.join(recording.notes)}); check the "
            "sensor and its wiring, then record again."
        )
    return recording


def _canonical(label: str) -> str:
    return " ".join(label.upper().replace("_", " ").split())


def _units_and_rates(label: str):
    """(factors to the band's unit, allowed rates) for a known label, else None."""
    if label.startswith("EMG "):
        return _EMG_UNITS, _EMG_RATES_HZ
    if label in ACC_LABELS:
        return _ACC_UNITS, _IMU_RATES_HZ
    if label in GYR_LABELS:
        return _GYR_UNITS, _IMU_RATES_HZ
    if label == TEMP_LABEL:
        return _TEMP_UNITS, _SLOW_RATES_HZ
    if label == SPEED_LABEL:
        return _SPEED_UNITS, _SLOW_RATES_HZ
    return None


def _wanted_signals(
    path: Path, header: EdfHeader, notes: list[str]
) -> dict[str, tuple[SignalHeader, float]]:
    """Known label -> (its signal, factor to the band's unit). Notes what is left aside."""
    wanted: dict[str, tuple[SignalHeader, float]] = {}
    ignored = []
    for signal in header.signals:
        if signal.label == ANNOTATIONS_LABEL:
            continue
        label = _canonical(signal.label)
        known = _units_and_rates(label)
        if known is None:
            ignored.append(signal.label or "(no label)")
            continue
        if label in wanted:
            notes.append(f"{label} appears more than once; the first one is used")
            continue
        units, (slowest, fastest) = known
        # The micro sign has two code points in use; EDF headers carry Latin-1 at best.
        factor = units.get(signal.unit.replace("μ", "µ").lower().replace(" ", ""))
        if factor is None:
            named = repr(signal.unit) if signal.unit else "no unit"
            raise CalfbandError(
                f"{path}: {label} is in {named}, which calfband does not know; "
                f"use one of {', '.join(units)} in the EDF header."
            )
        rate = header.rate_hz(signal)
        if not slowest <= rate <= fastest:
            notes.append(
                f"{label} is sampled at {float(rate):g} Hz, outside the usable "
                f"{float(slowest):.3g} to {fastest:g} Hz: taken as absent"
            )
            continue
        wanted[label] = (signal, factor)
    if ignored:
        notes.append(f"not used: {', '.join(ignored)}")
    return wanted


def _take_channel(
    recording: Recording,
    label: str,
    rate_hz: Fraction,
    signal: SignalHeader,
    factor: float,
    digital: np.ndarray,
) -> None:
    expected = int(recording.duration_s * rate_hz)
    if len(digital) != expected:
        raise ValueError(f"{label} has {len(digital)} of {expected} samples")
    low, high = int(digital.min()), int(digital.max())
    if low < -32768 or high > 32767:
        raise ValueError(f"{label} leaves the 16-bit range")
    if label not in (TEMP_LABEL, SPEED_LABEL):  # a treadmill's speed may well be constant
        useless = _useless(digital, signal)
        if useless:
            recording.notes.append(f"{label} {useless}: taken as absent")
            return
    recording.channels[label] = Channel(
        label, rate_hz, digital.astype(np.int16), signal.gain * factor, signal.offset * factor
    )


def _useless(digital: np.ndarray, signal: SignalHeader) -> str:
    """Why a sensor's samples carry nothing, or an empty string."""
    if digital.min() == digital.max():
        return "never changes"
    at_limits = np.count_nonzero((digital <= signal.digital_min) | (digital >= signal.digital_max))
    if at_limits > len(digital) // 2:
        return f"sits at the limits of its range {100 * at_limits / len(digital):.0f} % of the time"
    return ""


def _annotations(reader: pyedflib.EdfReader) -> list[Annotation]:
    onsets, durations, texts = reader.readAnnotations()
    found = [
        Annotation(float(t), max(float(d), 0.0), str(text).strip())
        for t, d, text in zip(onsets, durations, texts, strict=True)
        if np.isfinite(t) and np.isfinite(d)
    ]
    return sorted(found, key=lambda a: a.t_s)


def _keep_whole_sensors(recording: Recording) -> None:
    """An accelerometer or gyroscope with an axis missing tells no direction: absent."""
    for name, axes in (("accelerometer", ACC_LABELS), ("gyroscope", GYR_LABELS)):
        missing = [label for label in axes if label not in recording.channels]
        if missing and len(missing) < 3:
            recording.notes.append(f"the {name} lacks {' and '.join(missing)}: taken as absent")
            for label in axes:
                recording.channels.pop(label, None)
