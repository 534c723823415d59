"""A recording as the peers see it: shank acceleration and angular rate at 1 kHz, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from pathlib import Path

import numpy as np
from scipy import signal

from host_tools.recording import ACC_LABELS, GYR_LABELS, Recording, read_recording

RATE_HZ = 1000  # the rate the methods were published at


@dataclass(frozen=True)
class Shank:
    """acc_g (n, 3); gyr_dps (n, 3) or None; ic_s, to_s: true events in s."""

    name: str
    acc_g: np.ndarray
    gyr_dps: np.ndarray | None
    ic_s: np.ndarray
    to_s: np.ndarray


def read_shank(path: Path) -> Shank:
    """Raises CalfbandError for a file that is no recording, ValueError without acceleration."""
    recording = read_recording(path)
    acc = _axes(recording, ACC_LABELS)
    if acc is None:
        raise ValueError(f"{path}: no accelerometer in it; name a shank recording.")
    return Shank(
        path.stem,
        acc,
        _axes(recording, GYR_LABELS),
        truth_times(recording, "IC"),
        truth_times(recording, "TO"),
    )


def truth_times(recording: Recording, text: str) -> np.ndarray:
    return np.array(sorted(a.t_s for a in recording.annotations if a.text == text))


def _axes(recording: Recording, labels: tuple[str, ...]) -> np.ndarray | None:
    if labels[0] not in recording.channels:
        return None
    rate_hz = recording.channels[labels[0]].rate_hz
    step = (Fraction(RATE_HZ) / rate_hz).limit_denominator(1000)
    columns = [recording.channels[label].physical for label in labels]
    return np.stack(
        [
            signal.resample_poly(x, step.numerator, step.denominator, padtype="line")
            for x in columns
        ],
        axis=1,
    )


def axis_choices(x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of signals (n,) along perpendicular axes, either sign: what a peer may choose from.

    Always in the same order, so that one choice can be made for several recordings. The axes are
    the sensor's own and those in which the signal is uncorrelated (its mean positive on each).
    """
    return [
        (sign * along[:, first], other * along[:, second])
        for along in _frames(x)
        for first, second in permutations(range(3), 2)
        for sign, other in product((1, -1), repeat=2)
    ]


def single_choices(x: np.ndarray) -> list[np.ndarray]:
    """Signals (n,) along every axis of `axis_choices`, either sign."""
    return [sign * column for along in _frames(x) for column in along.T for sign in (1, -1)]


def _frames(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _, principal = np.linalg.eigh(np.cov(x.T))
    along = x @ principal
    return x, along * np.where(along.mean(axis=0) < 0, -1, 1)
