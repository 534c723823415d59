"""Synthetic muscle activity whose onset is known, for the EMG accuracy bench.

A trial is a row of contractions over white noise of 5 uV rms (20-450 Hz), with a mains line and
its third harmonic, a wandering baseline and motion artefacts in and between the contractions. The
muscle is noise with a surface EMG's spectrum (Shwedyk 1977) times an envelope that is known.

SNR: RMS of the muscle on its plateau over RMS of the noise, both in 20-450 Hz, in dB.
Onset: where the envelope has risen to ONSET_SHARE of the plateau, as band/bursts.py defines it;
offset: where it has fallen to that. Errors depend on the definition only through the rise: half
of a ramp of 40 ms is 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE_HZ = 1000
NOISE_UV = 5.0
ONSET_SHARE = 0.05
LEAD_MS = 5000  # before the first contraction that counts
RISES_MS = (0, 20, 40, 60)
SNRS_DB = (6, 9, 12, 18, 24)
SHAPES = ("gait", "contraction")


@dataclass(frozen=True)
class Trial:
    """One synthetic channel in uV at 1 kHz; true onsets and offsets in ms from its start."""

    shape: str
    snr_db: float
    rise_ms: int
    mains_hz: float
    uv: np.ndarray
    on_ms: np.ndarray
    off_ms: np.ndarray


def muscle(rng: np.random.Generator, n: int, mdf_hz: float) -> np.ndarray:
    """Noise with a surface EMG's spectrum (Shwedyk 1977), unit variance in 20-450 Hz."""
    f_hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    low_hz, high_hz = 0.63 * mdf_hz, 1.58 * mdf_hz
    shape = f_hz / (np.sqrt(f_hz**2 + low_hz**2) * (f_hz**2 + high_hz**2))
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    return x / _in_band(x).std()


def trial(
    shape: str, snr_db: float, rise_ms: int, seed: int, count: int = 25, *, clean: bool = False
) -> Trial:
    """`count` contractions: "gait" 150-350 ms long every 0.65-0.8 s, "contraction" 1-3 s long
    after rests of 1-2.5 s. `clean` leaves out mains, drift and artefacts."""
    rng = np.random.default_rng([seed, rise_ms, round(snr_db * 10), SHAPES.index(shape)])
    if shape == "gait":
        long_ms = rng.integers(150, 350, count)
        every_ms = rng.integers(650, 800, count)
    else:
        long_ms = rng.integers(1000, 3000, count)
        every_ms = long_ms + rng.integers(1000, 2500, count)
    start_ms = LEAD_MS + np.concatenate([[0], np.cumsum(every_ms)[:-1]])
    n = int(start_ms[-1] + long_ms[-1] + 2000)
    t_ms = np.arange(n)
    envelope = np.zeros(n)
    for start, long in zip(start_ms, long_ms, strict=True):
        since, left = t_ms - start, start + long - t_ms
        inside = (since >= 0) & (left > 0)
        ramp = np.minimum((since + 0.5) / max(rise_ms, 1), (left - 0.5) / max(rise_ms, 1))
        envelope[inside] = np.clip(ramp[inside], 0, 1)
    noise = rng.standard_normal(n)
    uv = NOISE_UV * noise / _in_band(noise).std()
    uv += NOISE_UV * 10 ** (snr_db / 20) * muscle(rng, n, rng.uniform(70, 140)) * envelope
    mains_hz = float(rng.choice([50, 60]))
    if not clean:
        uv += disturbance(rng, n, start_ms, mains_hz)
    edge_ms = ONSET_SHARE * rise_ms
    on_ms, off_ms = start_ms + edge_ms, start_ms + long_ms - edge_ms
    return Trial(shape, snr_db, rise_ms, mains_hz, uv, on_ms, off_ms)


def disturbance(
    rng: np.random.Generator, n: int, start_ms: np.ndarray, mains_hz: float
) -> np.ndarray:
    """Mains of 20 uV, up to 0.05 Hz off, drift of 0.3 mV, an artefact in and one between bursts."""
    t_s = np.arange(n) / RATE_HZ
    phase = 2 * np.pi * ((mains_hz + rng.uniform(-0.05, 0.05)) * t_s + rng.uniform())
    uv = 20 * np.sin(phase) + np.sin(3 * phase)
    uv += 300 * np.sin(2 * np.pi * (rng.uniform(0.05, 0.3) * t_s + rng.uniform()))
    landing_s = (start_ms + rng.integers(60, 120, len(start_ms))) / RATE_HZ
    between_s = (start_ms - rng.integers(100, 300, len(start_ms))) / RATE_HZ
    for at_s in landing_s:  # skin and cables shaken: a decaying wave
        since = np.clip(t_s - at_s, 0, 0.4)
        uv += rng.normal(0, 100) * np.exp(-18 * since) * np.sin(2 * np.pi * 9 * since)
    for at_s in between_s:  # the leg swings: one slow bump
        bump = np.clip((t_s - at_s) / rng.uniform(0.15, 0.3), 0, 1)
        uv += rng.normal(0, 150) * (1 - np.cos(2 * np.pi * bump)) / 2
    return uv


def _in_band(x: np.ndarray) -> np.ndarray:
    f_hz = np.fft.rfftfreq(len(x), 1 / RATE_HZ)
    spectrum = np.fft.rfft(x)
    spectrum[(f_hz < 20) | (f_hz > 450)] = 0
    return np.fft.irfft(spectrum, len(x))
