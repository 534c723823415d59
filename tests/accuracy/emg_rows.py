"""EMG onsets, measured: the firmware and its peers on synthetic trials and real recordings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.accuracy import emg_peers, emg_signals, emg_spread
from tests.accuracy.band import EMG_LSB_UV, micropython
from tests.accuracy.emg_real import (
    CONTRACTIONS,
    NEAR_MS,
    Detect,
    Score,
    score_contraction,
    score_walk,
)
from tests.accuracy.emg_signals import RISES_MS, SHAPES, SNRS_DB, Trial, trial

FIRMWARE = "this band"
SEEDS = {"gait": (901, 902), "contraction": (911,)}  # none was used to choose a constant

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
class EmgResult:
    """Scores in the order of the tables; `skipped`: what was left out, and why; `strides`: why the
    firmware's onsets scatter in walking, measured together with the peers."""

    scores: list[Score]
    skipped: list[str]
    strides: list[emg_spread.Strides] = field(default_factory=list)

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


def measure(*, peers: bool = True, real: bool = True, synthetic: bool = True) -> EmgResult:
    """Score every method. Raises RuntimeError when the firmware fails."""
    found, skipped = methods(peers)
    scores, strides = [], []
    for snr_db in SNRS_DB if synthetic else ():
        some = list(trials(snr_db))
        scores += [score_trials(name, detect, snr_db, some) for name, detect in found.items()]
    folder = os.environ.get("CALFBAND_RECORDINGS")
    if real and not folder:
        skipped.append("CALFBAND_RECORDINGS is not set: the real recordings are not here")
    elif real and folder:
        for name, detect in found.items():
            scores += [score_contraction(name, detect, folder, file) for file in CONTRACTIONS]
            walk = list(score_walk(name, detect, folder))
            scores += walk
            if peers and name == FIRMWARE:
                strides = [emg_spread.measure(folder, score.group, score.at_ms) for score in walk]
    return EmgResult(scores, skipped, strides)
