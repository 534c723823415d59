"""What the EMG tests share: a synthetic muscle with known truth, and the firmware's channel."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyedflib
from conftest import MicroPython
from scipy import signal

RATE_HZ = 1000
LSB_UV = 0.25

_SCRIPT = """
import json, sys
from array import array
from band.emg import EmgChannel
from band.settings import Settings

settings = Settings()
settings.mains_hz = int(sys.argv[1])
block = int(sys.argv[2])
channel = EmgChannel(1, settings)
frames = array("H", bytes(4 * block))
rec = array("i", [0] * 6)
faults = []

def tell():
    while channel.bursts.queued:
        channel.bursts.take(rec)
        print(json.dumps(["burst"] + list(rec)))

while True:
    data = sys.stdin.buffer.read(2 * block)
    samples = array("H", data)
    if not samples:
        break
    for k in range(len(samples)):
        frames[2 * k] = samples[k]
    channel.process(frames, 0, len(samples))
    tell()
    if channel.faults != (faults[-1][1] if faults else 0):
        faults.append((channel.now(), channel.faults))
channel.bursts.finish()
tell()
print(json.dumps(["faults", faults]))
print(json.dumps(["mains", channel.quality.mains_hz]))
"""


@dataclass(frozen=True)
class Found:
    """What a channel found: bursts (n, 5): on and off (s), RMS (uV), MNF, MDF (Hz)."""

    bursts: np.ndarray
    faults: list[tuple[int, int]]
    mains_hz: int

    @property
    def on_s(self) -> np.ndarray:
        return self.bursts[:, 0]

    @property
    def off_s(self) -> np.ndarray:
        return self.bursts[:, 1]


def quantise(uv: np.ndarray) -> np.ndarray:
    return np.clip(np.round(uv / LSB_UV), -32767, 32767).astype("<i2")


def detect(run_micropython: MicroPython, uv: np.ndarray, mains_hz: int = 0, block: int = 32):
    """One channel of raw EMG (uV, 1 kHz) through the firmware."""
    done = run_micropython(_SCRIPT, mains_hz, block, stdin=quantise(uv).tobytes())
    said = [json.loads(line) for line in done.stdout.splitlines()]
    bursts = [line[2:] for line in said if line[0] == "burst"]
    table = np.array(bursts, float).reshape(-1, 5) / [1e4, 1e4, 10, 100, 100]
    last = {line[0]: line[1] for line in said}
    return Found(table, [(a, b) for a, b in last["faults"]], last["mains"])


def muscle(rng: np.random.Generator, n: int) -> np.ndarray:
    """Unit-variance noise with a surface EMG's spectrum (Shwedyk 1977)."""
    f_hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    shape = f_hz / ((f_hz**2 + 60**2) * (f_hz**2 + 120**2))
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    return x / x.std()


@dataclass(frozen=True)
class Gait:
    """Synthetic bursts: signal in uV, true onsets and offsets in samples."""

    uv: np.ndarray
    on: np.ndarray
    off: np.ndarray


def gait_bursts(
    snr_db: float, count: int = 100, ramp_ms: int = 40, burst_ms: int = 250, seed: int = 1
) -> Gait:
    """Bursts every 700-740 ms over 5 uV of white noise, amplitude ramps at both ends."""
    rng = np.random.default_rng(seed)
    n = 1500 + 720 * count
    on = 1500 + 720 * np.arange(count) + rng.integers(0, 20, count)
    t = np.arange(burst_ms)
    ramp = np.clip(np.minimum(t, burst_ms - t) / ramp_ms, 0, 1)
    amplitude = np.zeros(n)
    for start in on:
        amplitude[start : start + burst_ms] = ramp
    uv = muscle(rng, n) * amplitude * 5 * 10 ** (snr_db / 20) + 5 * rng.standard_normal(n)
    return Gait(uv, on, on + burst_ms)


@dataclass(frozen=True)
class Score:
    """Errors in ms of the bursts found against the truth."""

    missed: int
    extra: int
    onset_ms: np.ndarray
    offset_ms: np.ndarray


def score(found: Found, gait: Gait) -> Score:
    on, off = found.on_s * 1000, found.off_s * 1000
    matched = [np.flatnonzero((on < b) & (off > a)) for a, b in zip(gait.on, gait.off, strict=True)]
    hit = [(k, m) for k, m in enumerate(matched) if len(m)]
    return Score(
        missed=len(matched) - len(hit),
        extra=len(on) - len(set(np.concatenate(matched).tolist())),
        onset_ms=np.array([on[m[0]] - gait.on[k] for k, m in hit]),
        offset_ms=np.array([off[m[-1]] - gait.off[k] for k, m in hit]),
    )


def read_emg(path, label: str | None = None) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """An EMG channel of a recording in uV at 1 kHz, and its annotations."""
    with pyedflib.EdfReader(str(path)) as reader:
        labels = reader.getSignalLabels()
        k = (
            labels.index(label)
            if label
            else next(i for i, name in enumerate(labels) if name.startswith("EMG"))
        )
        uv, rate_hz = reader.readSignal(k), reader.getSampleFrequency(k)
        onset, _, text = reader.readAnnotations()
    if rate_hz == 2 * RATE_HZ:
        uv = np.asarray(signal.resample_poly(uv, 1, 2, padtype="line"))
    return uv, [(float(t), str(name)) for t, name in zip(onset, text, strict=True)]
