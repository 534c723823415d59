"""A journal of packets finished to a file, and what stands in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from raw_course import wave

from host_tools.band_input import BandInput, band_input
from host_tools.record.journal import journal_path
from host_tools.record.write import Written, finish
from host_tools.recording import Recording, read_recording

CONNECTED_AGAIN = {
    "features": 255,
    "emg_lsb_nv": 250,
    "acc_lsb_ug": 976,
    "gyr_lsb_mdps": 70,
    "version": "0.1.0",
    "name": "Calf 7F",
}


def finished(path: Path) -> tuple[Written, Recording, BandInput]:
    written = finish(journal_path(path), path)
    assert written is not None
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    recording = read_recording(path)
    return written, recording, band_input(recording)


def marks(recording: Recording, text: str) -> list[tuple[float, float]]:
    return [(a.t_s, a.duration_s) for a in recording.annotations if a.text == text]


def held(gaps: list[tuple[int, int]], n: int) -> np.ndarray:
    mask = np.ones(n, dtype=bool)
    for start, stop in gaps:
        mask[start:stop] = False
    return mask


def imu_time_error_ms(source: BandInput, imu_hz: float, imu_ms: float) -> float:
    """By how much the best-fitting shift in time differs from none, from the first axis."""
    assert source.imu is not None
    n = len(source.imu)
    mask = held(source.imu_gaps, n)
    t = np.arange(n) / (source.imu_rate_mhz / 1000)
    shifts = np.arange(-3, 3.01, 0.05)
    cost = [
        np.abs(source.imu[mask, 0] - wave(t[mask] + shift / 1000, 2).astype(float)).mean()
        for shift in shifts
    ]
    return float(abs(shifts[int(np.argmin(cost))]))
