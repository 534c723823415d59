"""Small EDF+ recordings for tests, written by pyedflib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyedflib


@dataclass
class Signal:
    """`values` in `unit`; `samples_per_record` at the file's record length."""

    label: str
    values: np.ndarray
    samples_per_record: int
    unit: str
    physical_max: float
    physical_min: float | None = None


def write_edf(
    path: Path,
    signals: list[Signal],
    annotations: Sequence[tuple[float, float, str]] = (),
    record_s: float = 1.0,
    patient: str = "",
) -> Path:
    """Write `signals`; annotations are (onset_s, duration_s or -1, text)."""
    with pyedflib.EdfWriter(str(path), len(signals), pyedflib.FILETYPE_EDFPLUS) as edf:
        edf.set_number_of_annotation_signals(8)
        with warnings.catch_warnings():  # it warns of rounded rates; these divide evenly
            warnings.simplefilter("ignore", UserWarning)
            edf.setDatarecordDuration(record_s)
        if patient:
            edf.setPatientAdditional(patient)
        for i, signal in enumerate(signals):
            top = float(
                f"{signal.physical_max:.7g}"[:7]
            )  # the header holds 8 characters, sign included
            low = -top if signal.physical_min is None else signal.physical_min
            edf.setSignalHeader(
                i,
                {
                    "label": signal.label,
                    "dimension": signal.unit,
                    "sample_frequency": signal.samples_per_record / record_s,
                    "physical_min": low,
                    "physical_max": top,
                    "digital_min": -32768,
                    "digital_max": 32767,
                    "transducer": "",
                    "prefilter": "",
                },
            )
        records = len(signals[0].values) // signals[0].samples_per_record
        for record in range(records):
            for signal in signals:
                n = signal.samples_per_record
                edf.writePhysicalSamples(
                    np.ascontiguousarray(signal.values[record * n : (record + 1) * n], float)
                )
        for onset_s, duration_s, text in annotations:
            edf.writeAnnotation(onset_s, duration_s, text)
    return path


def run_signals(seconds: int, seed: int = 1, emg_hz: int = 1000, imu_hz: int = 833) -> list[Signal]:
    """Noise in all eight channels at the band's rates and scales."""
    rng = np.random.default_rng(seed)
    signals = [
        Signal(label, rng.normal(0, 100, seconds * emg_hz).clip(-900, 900), emg_hz, "uV", 8191.75)
        for label in ("EMG GM", "EMG SO")
    ]
    signals += [
        Signal(f"ACC {axis}", rng.normal(0, 2, seconds * imu_hz).clip(-30, 30), imu_hz, "g", 31.98)
        for axis in "XYZ"
    ]
    signals += [
        Signal(
            f"GYR {axis}",
            rng.normal(0, 200, seconds * imu_hz).clip(-1900, 1900),
            imu_hz,
            "deg/s",
            2293.69,
        )
        for axis in "XYZ"
    ]
    return signals
