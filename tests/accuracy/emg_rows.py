"""EMG onsets, measured: the firmware and its peers on synthetic trials and real recordings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyedflib
from scipy import signal

from tests.accuracy import emg_peers, emg_signals
from tests.accuracy.band import EMG_LSB_UV, micropython
from tests.accuracy.emg_signals import RISES_MS, SHAPES, SNRS_DB, Trial, trial

FIRMWARE = "this band"
NEAR_MS = 150  # an onset further from the truth than this is another's
SEEDS = {"gait": (901, 902), "contraction": (911,)}  # none was used to choose a constant
CONTRACTIONS = ("contraction-abrupt", "contraction-ramp")
WALK = "walk-calf-emg"
# Channel, what it does, and where after TOUCHDOWN (ms) that burst's onset is looked for.
CYCLES = (
    ("EMG GM", "GM stance", 0, 350),
    ("EMG GM", "GM swing", -330, -180),
    ("EMG SO", "SO stance", -100, 300),
    ("EMG TA", "TA swing", -500, -300),
)

Detect = Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]

_CHANNEL = """
import sys
from array import array
from band.emg import EmgChannel
from band.settings import Settings

channel = EmgChannel(1, Settings())
frames = array("H", bytes(4 * 32))
rec = array("i", [0] * 6)

def tell():
    while channel.bursts.queued:
        channel.bursts.take(rec)
        print([rec[1], rec[2]])

while True:
    samples = array("H", sys.stdin.buffer.read(2 * 32))
    if not samples:
        break
    for k in range(len(samples)):
        frames[2 * k] = samples[k]
    channel.process(frames, 0, len(samples))
    tell()
channel.bursts.finish()
tell()
"""


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

    @property
    def bias_ms(self) -> float:
        return float(self.error_ms.mean()) if len(self.error_ms) else np.nan

    @property
    def sd_ms(self) -> float:
        return float(self.error_ms.std(ddof=1)) if len(self.error_ms) > 1 else np.nan


@dataclass(frozen=True)
class EmgResult:
    """Scores in the order of the tables; `skipped`: what was left out, and why."""

    scores: list[Score]
    skipped: list[str]

    def of(self, kind: str) -> list[Score]:
        return [score for score in self.scores if score.kind == kind]


def band_detect(uv: np.ndarray, rest: np.ndarray, mains_hz: float):
    """The firmware's own channel; it is told neither rest nor mains."""
    raw = np.clip(np.round(uv / EMG_LSB_UV), -32767, 32767).astype("<i2")
    found = np.array(micropython(_CHANNEL, stdin=raw.tobytes()), float).reshape(-1, 2) / 10
    return found[:, 0], found[:, 1]


def peer_detect(detector: emg_peers.Detector) -> Detect:
    def detect(uv: np.ndarray, rest: np.ndarray, mains_hz: float):
        clean = emg_peers.clean(uv, mains_hz)
        return emg_peers.bursts_ms(detector(clean, clean[rest]))

    return detect


def methods(peers: bool) -> tuple[dict[str, Detect], list[str]]:
    found: dict[str, Detect] = {FIRMWARE: band_detect}
    skipped = []
    for name, (detector, package) in emg_peers.PEERS.items() if peers else ():
        why = emg_peers.missing(package)
        if why:
            skipped.append(f"{name}: {why}")
        else:
            found[name] = peer_detect(detector)
    return found, skipped


def pair(on_ms: np.ndarray, true_ms: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Errors of the onsets nearest the true ones, one each, within NEAR_MS; missed; left over."""
    free = np.ones(len(on_ms), bool)
    errors = []
    for true in true_ms:
        far = np.where(free, np.abs(on_ms - true), np.inf)
        if len(far) and far.min() <= NEAR_MS:
            errors.append(on_ms[far.argmin()] - true)
            free[far.argmin()] = False
    return np.array(errors), len(true_ms) - len(errors), int(free.sum())


def trials(snr_db: float) -> Iterator[Trial]:
    for shape in SHAPES:
        for rise_ms in RISES_MS:
            for seed in SEEDS[shape]:
                yield trial(shape, snr_db, rise_ms, seed)


def score_trials(method: str, detect: Detect, snr_db: float, some: Iterable[Trial]) -> Score:
    errors, true, missed, false = [], 0, 0, 0
    for one in some:
        rest = np.arange(500, emg_signals.LEAD_MS - 500)
        on_ms, _ = detect(one.uv, rest, one.mains_hz)
        found = pair(on_ms[on_ms > emg_signals.LEAD_MS - 1000], one.on_ms)
        errors.append(found[0])
        true += len(one.on_ms)
        missed += found[1]
        false += found[2]
    return Score("synthetic", method, f"{snr_db} dB", np.concatenate(errors), true, missed, false)


@cache
def read(folder: str, name: str, label: str = "") -> tuple[np.ndarray, float, list]:
    """A channel of a recording in uV at its own rate, the rate, and (time s, text) annotations."""
    with pyedflib.EdfReader(str(Path(folder) / f"{name}.edf")) as reader:
        labels = reader.getSignalLabels()
        k = labels.index(label) if label else 0
        uv, rate_hz = reader.readSignal(k), reader.getSampleFrequency(k)
        onset_s, _, text = reader.readAnnotations()
    return uv, rate_hz, list(zip(onset_s.tolist(), text.tolist(), strict=True))


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
            found[label] = detect(uv, _quiet(uv), 50)
        on_ms, off_ms = found[label]
        touchdown_ms = 1000 * np.array([t for t, text in events if text == "TOUCHDOWN"])
        relative, extra = [], 0
        for at in touchdown_ms:
            inside = np.flatnonzero((on_ms >= at + low_ms) & (on_ms <= at + high_ms))
            if len(inside):
                longest = inside[np.argmax((off_ms - on_ms)[inside])]
                relative.append(on_ms[longest] - at)
                extra += len(inside) - 1
        if label != "EMG GM" or name == "GM stance":
            extra += _elsewhere(on_ms, touchdown_ms, label)
        missed = len(touchdown_ms) - len(relative)
        yield Score("real", method, name, np.array(relative), len(touchdown_ms), missed, extra)


def _elsewhere(on_ms: np.ndarray, touchdown_ms: np.ndarray, label: str) -> int:
    """Onsets from the first touchdown on, up to the last, in no burst's window."""
    inside = np.zeros(len(on_ms), bool)
    for own, _, low_ms, high_ms in CYCLES:
        for at in touchdown_ms if own == label else ():
            inside |= (on_ms >= at + low_ms) & (on_ms <= at + high_ms)
    between = (on_ms > touchdown_ms[0]) & (on_ms < touchdown_ms[-1])
    return int((between & ~inside).sum())


def _quiet(uv: np.ndarray) -> np.ndarray:
    """Samples of the quietest fifth of all 50 ms: the peers' rest, where none is marked."""
    blocks = uv[: len(uv) // 50 * 50].reshape(-1, 50).std(1)
    chosen = np.sort(np.argsort(blocks)[: max(len(blocks) // 5, 1)])
    return (chosen[:, None] * 50 + np.arange(50)).ravel()


def measure(*, peers: bool = True, real: bool = True, synthetic: bool = True) -> EmgResult:
    """Score every method. Raises RuntimeError when the firmware fails."""
    found, skipped = methods(peers)
    scores = []
    for snr_db in SNRS_DB if synthetic else ():
        some = list(trials(snr_db))
        scores += [score_trials(name, detect, snr_db, some) for name, detect in found.items()]
    folder = os.environ.get("CALFBAND_RECORDINGS")
    if real and not folder:
        skipped.append("CALFBAND_RECORDINGS is not set: the real recordings are not here")
    elif real and folder:
        for name, detect in found.items():
            scores += [score_contraction(name, detect, folder, file) for file in CONTRACTIONS]
            scores += score_walk(name, detect, folder)
    return EmgResult(scores, skipped)
