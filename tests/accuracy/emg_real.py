"""EMG onsets of real recordings: two contractions and a walk. No peer and no firmware here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pyedflib
from scipy import signal

NEAR_MS = 150  # an onset further from the truth than this is another's
CONTRACTIONS = ("contraction-abrupt", "contraction-ramp")
WALK = "walk-calf-emg"
# Channel, what it does, and where after TOUCHDOWN (ms) that burst's onset is looked for.
CYCLES = (
    ("EMG GM", "GM stance", 0, 350),
    ("EMG GM", "GM swing", -330, -180),
    ("EMG SO", "SO stance", -100, 300),
    ("EMG TA", "TA swing", -500, -300),
)

# Raw EMG (n,) in uV at 1 kHz, samples at rest, mains in Hz -> onsets and offsets in ms.
Detect = Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Score:
    """Onsets of one method on one class of signals: errors (n,) in ms, and counts."""

    kind: str  # real or synthetic
    method: str
    group: str
    error_ms: np.ndarray
    true: int
    missed: int
    false: int
    at_ms: np.ndarray = field(
        default_factory=lambda: np.array([])
    )  # after each TOUCHDOWN, NaN where missed; of walking

    @property
    def bias_ms(self) -> float:
        return float(self.error_ms.mean()) if len(self.error_ms) else np.nan

    @property
    def sd_ms(self) -> float:
        return float(self.error_ms.std(ddof=1)) if len(self.error_ms) > 1 else np.nan


@cache
def read(folder: str, name: str, label: str = "") -> tuple[np.ndarray, float, list]:
    """A channel of a recording in uV at its own rate, the rate, and (time s, text) annotations."""
    with pyedflib.EdfReader(str(Path(folder) / f"{name}.edf")) as reader:
        labels = reader.getSignalLabels()
        k = labels.index(label) if label else 0
        uv, rate_hz = reader.readSignal(k), reader.getSampleFrequency(k)
        onset_s, _, text = reader.readAnnotations()
    return uv, rate_hz, list(zip(onset_s.tolist(), text.tolist(), strict=True))


def touchdowns_ms(events: list) -> np.ndarray:
    return 1000 * np.array([t for t, text in events if text == "TOUCHDOWN"])


def change_point_s(uv: np.ndarray, rate_hz: float, around_s: float) -> float:
    """Maximum-likelihood change of variance of the raw EMG, -0.6...+0.4 s round `around_s`."""
    first = max(round((around_s - 0.6) * rate_hz), 0)
    window = uv[first : round((around_s + 0.4) * rate_hz)]
    power = np.cumsum((window - np.median(window)) ** 2)
    edge = round(0.02 * rate_hz)
    n = np.arange(edge, len(window) - edge)
    rest = len(window) - n
    likelihood = -n * np.log(power[n - 1] / n) - rest * np.log((power[-1] - power[n - 1]) / rest)
    return (first + n[np.argmax(likelihood)]) / rate_hz


def score_contraction(method: str, detect: Detect, folder: str, name: str) -> Score:
    """The contraction's onset against the change point near where the level over 40 ms first stays
    at 3 times that of rest for 0.2 s: a truth that does not depend on the method."""
    uv, rate_hz, _ = read(folder, name)
    wide = round(0.04 * rate_hz)
    level = np.sqrt(np.convolve((uv - np.median(uv)) ** 2, np.ones(wide) / wide, "same"))
    quiet = np.median(level[round(0.3 * rate_hz) : round(2.5 * rate_hz)])
    strong = np.convolve(level > 3 * quiet, np.ones(5 * wide), "full")[5 * wide - 1 :]
    true_ms = 1000 * change_point_s(uv, rate_hz, float(np.argmax(strong >= 5 * wide)) / rate_hz)
    at_1_khz = np.asarray(signal.resample_poly(uv, 1, round(rate_hz / 1000), padtype="line"))
    # Peers may have the mains taken out or left in, whichever suits them.
    tries = [_one_onset(*detect(at_1_khz, np.arange(300, 2500), hz), true_ms) for hz in (50, 0)]
    error, extra = min(tries, key=lambda found: np.abs(found[0]).sum() if len(found[0]) else 1e9)
    return Score("real", method, name, error, 1, 1 - len(error), extra)


def _one_onset(on_ms: np.ndarray, off_ms: np.ndarray, true_ms: float) -> tuple[np.ndarray, int]:
    """Error of the onset nearest the true one, (1,) or (0,), and the number of the others."""
    if not len(on_ms) or np.abs(on_ms - true_ms).min() > NEAR_MS:
        return np.array([]), len(on_ms)
    error = on_ms - true_ms
    return error[np.argmin(np.abs(error))][None], len(on_ms) - 1


def score_walk(method: str, detect: Detect, folder: str) -> Iterator[Score]:
    """Onsets relative to TOUCHDOWN, whose mean is taken off: no truth, but a repeated stride."""
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for label, name, low_ms, high_ms in CYCLES:
        uv, _, events = read(folder, WALK, label)
        if label not in found:
            found[label] = detect(uv, quiet(uv), 50)
        on_ms, off_ms = found[label]
        touchdown_ms = touchdowns_ms(events)
        after_ms, extra = np.full(len(touchdown_ms), np.nan), 0
        for k, at in enumerate(touchdown_ms):
            inside = np.flatnonzero((on_ms >= at + low_ms) & (on_ms <= at + high_ms))
            if len(inside):
                longest = inside[np.argmax((off_ms - on_ms)[inside])]
                after_ms[k] = on_ms[longest] - at
                extra += len(inside) - 1
        if label != "EMG GM" or name == "GM stance":
            extra += _elsewhere(on_ms, touchdown_ms, label)
        known = after_ms[np.isfinite(after_ms)]
        n = len(touchdown_ms)
        yield Score("real", method, name, known, n, n - len(known), extra, after_ms)


def _elsewhere(on_ms: np.ndarray, touchdown_ms: np.ndarray, label: str) -> int:
    """Onsets from the first touchdown on, up to the last, in no burst's window."""
    inside = np.zeros(len(on_ms), bool)
    for own, _, low_ms, high_ms in CYCLES:
        for at in touchdown_ms if own == label else ():
            inside |= (on_ms >= at + low_ms) & (on_ms <= at + high_ms)
    between = (on_ms > touchdown_ms[0]) & (on_ms < touchdown_ms[-1])
    return int((between & ~inside).sum())


def quiet(uv: np.ndarray) -> np.ndarray:
    """Samples of the quietest fifth of all 50 ms: the peers' rest, where none is marked."""
    blocks = uv[: len(uv) // 50 * 50].reshape(-1, 50).std(1)
    chosen = np.sort(np.argsort(blocks)[: max(len(blocks) // 5, 1)])
    return (chosen[:, None] * 50 + np.arange(50)).ravel()
