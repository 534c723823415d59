"""Gain and offset of the EMG from a test signal, its noise and mains, and electrodes on a leg."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt

from host_tools.calibrate.capture import EMG_HZ, Capture, need_emg
from host_tools.calibrate.refusal import RefusedError
from host_tools.virtual.samples import STAGES

BAND_HZ = (20.0, 450.0)
MAINS_HZ = (50.0, 60.0)
SHORTED_MOST_UV = 50.0
_DISTORTION = 0.03
_FREQUENCY = 0.02
_WITHIN = 0.25


def decimator_gain(hz: float) -> float:
    """Gain of firmware/band/decimate.py at a frequency: flat to 1 %, known exactly."""
    gain = 1.0
    rate = 8 * EMG_HZ
    for taps, step, _ in STAGES:
        at = np.exp(-2j * np.pi * hz / rate * np.arange(len(taps)))
        gain *= abs(np.sum(taps * at)) / np.sum(taps)
        rate /= step
    return gain


def sine(x: np.ndarray, hz: float, rate_hz: float = EMG_HZ) -> tuple[float, float, float]:
    """(amplitude, frequency, rms of the rest) of a sine near `hz`: four-parameter fit.

    IEEE Std 1057-2017, section 4.1.4 and annex B: linear least squares, the frequency improved
    from the phase's drift.
    """
    t = np.arange(len(x)) / rate_hz
    t -= t.mean()
    for _ in range(8):
        columns = _waves(t, hz)
        a, b, _ = np.linalg.lstsq(columns, x)[0]
        drift = t * (b * columns[:, 0] - a * columns[:, 1])
        step = np.linalg.lstsq(np.column_stack([columns, drift]), x)[0][3] / (2 * np.pi)
        hz += float(np.clip(step, -0.5, 0.5))
    columns = _waves(t, hz)
    found = np.linalg.lstsq(columns, x)[0]
    rest = x - columns @ found
    return float(np.hypot(found[0], found[1])), hz, float(np.sqrt(np.mean(rest**2)))


def _loudest_hz(x: np.ndarray, near_hz: float) -> float:
    """Of the frequencies within a third of another one."""
    hz = np.fft.rfftfreq(len(x), 1 / EMG_HZ)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x))))
    power[np.abs(hz / near_hz - 1) > 1 / 3] = 0
    return float(hz[power.argmax()])


def _waves(t: np.ndarray, hz: float) -> np.ndarray:
    w = 2 * np.pi * hz
    return np.stack([np.cos(w * t), np.sin(w * t), np.ones_like(t)], axis=1)


def in_band(x: np.ndarray) -> np.ndarray:
    """20-450 Hz, the first and last 0.2 s left out."""
    sos = butter(2, BAND_HZ, "bandpass", fs=EMG_HZ, output="sos")
    return sosfiltfilt(sos, x, axis=0)[200:-200]


def test_signal(capture: Capture, rms_uv: float, hz: float) -> dict[str, Any]:
    """Gain of both channels, each against a sine of this rms and frequency."""
    need_emg(capture)
    gains, seen_hz, shares = [], [], []
    for channel in range(2):
        x = capture.emg_uv[:, channel]
        name = f"EMG channel {channel + 1}"
        amplitude, found_hz, rest = sine(x - x.mean(), _loudest_hz(x - x.mean(), hz))
        reads = amplitude / np.sqrt(2) / decimator_gain(found_hz)
        if reads < 0.1 * rms_uv:
            raise RefusedError(f"{name}: no signal of {hz:g} Hz; connect the generator to it.")
        if rest > _DISTORTION * reads:
            raise RefusedError(
                f"{name}: too noisy, {rest:.1f} µV rms besides the sine of {reads:.0f} µV; check "
                "shield and ground of the generator."
            )
        if abs(found_hz / hz - 1) > _FREQUENCY:
            raise RefusedError(
                f"{name}: the signal is of {found_hz:.1f} Hz, not of {hz:g}; set the generator, or "
                "say --signal-hz."
            )
        if abs(reads / rms_uv - 1) > _WITHIN:
            raise RefusedError(
                f"{name}: reads {reads:.0f} µV instead of {rms_uv:g}; check the generator's "
                "attenuator, or say --signal-uv."
            )
        gains.append(float(100 * (reads / rms_uv - 1)))
        seen_hz.append(found_hz)
        shares.append(float(100 * rest / reads))
    return {"gain_pct": gains, "frequency_hz": float(np.mean(seen_hz)), "rest_pct": shares}


def tone_uv(x: np.ndarray, hz: float) -> float:
    """rms of one frequency in uV."""
    w = 2 * np.pi * hz * np.arange(len(x)) / EMG_HZ
    window = np.hanning(len(x))
    return float(np.sqrt(2) * np.abs(np.sum(x * window * np.exp(-1j * w))) / window.sum())


def mains_uv(x: np.ndarray) -> tuple[float, float]:
    """(rms in uV, frequency) of the louder mains."""
    levels = [tone_uv(x, hz) for hz in MAINS_HZ]
    loudest = int(np.argmax(levels))
    return levels[loudest], MAINS_HZ[loudest]


def shorted(capture: Capture) -> dict[str, Any]:
    """Noise, mains and offset with the inputs shorted."""
    need_emg(capture)
    x = capture.emg_uv
    offset = x.mean(axis=0)
    noise = in_band(x - offset).std(axis=0)
    if noise.max() > SHORTED_MOST_UV:
        raise RefusedError(
            f"it is too noisy for shorted inputs ({noise.max():.0f} µV rms); short all inputs to "
            "the reference electrode, right at the connector."
        )
    mains = [mains_uv(x[:, k] - offset[k]) for k in range(2)]
    return {
        "noise_uv": [float(v) for v in noise],
        "mains_uv": [level for level, _ in mains],
        "mains_hz": max(mains)[1],
        "offset_uv": [float(v) for v in offset],
        "spectrum": spectrum(x - offset),
    }


def spectrum(x: np.ndarray) -> dict[str, list]:
    """Amplitude density of both channels in nV per root Hz, in 2 Hz steps."""
    n = 500
    blocks = x[: len(x) // n * n].reshape(-1, n, 2) * np.hanning(n)[None, :, None]
    power = (np.abs(np.fft.rfft(blocks, axis=1)) ** 2).mean(axis=0)
    density = np.sqrt(2 * power / (EMG_HZ * np.sum(np.hanning(n) ** 2)))
    keep = slice(5, 226)
    return {
        "hz": (np.arange(n // 2 + 1) * EMG_HZ / n)[keep].tolist(),
        "nv_rthz": [np.round(1000 * density[keep, k], 2).tolist() for k in range(2)],
    }


def values(gain_pct: list[float] | None, offset_uv: list[float] | None) -> dict[str, int]:
    """As wire.CALIBRATION names them: true = (1 + gain)(reading - offset)."""
    made: dict[str, int] = {}
    for k in range(2):
        if gain_pct is not None:
            made[f"emg{k + 1}_gain_ppm"] = round(1e6 * (1 / (1 + gain_pct[k] / 100) - 1))
        if offset_uv is not None:
            made[f"emg{k + 1}_offset_nv"] = round(1000 * offset_uv[k])
    return made


def contact(capture: Capture) -> dict[str, Any]:
    """Electrodes on a leg at ease: mains, noise and offset of each channel."""
    need_emg(capture)
    x = capture.emg_uv
    offset = x.mean(axis=0)
    band = in_band(x - offset)
    mains = [mains_uv(x[:, k] - offset[k]) for k in range(2)]
    quiet = [float(np.sqrt(max(band[:, k].var() - mains[k][0] ** 2, 0.0))) for k in range(2)]
    if max(quiet) > 60:
        raise RefusedError(
            f"the muscle is not at ease ({max(quiet):.0f} µV rms); stand on both legs and let the "
            "calf hang loose."
        )
    alike = abs(float(np.corrcoef(_without(band[:, 0]), _without(band[:, 1]))[0, 1]))
    return {
        "mains_uv": [level for level, _ in mains],
        "rest_uv": quiet,
        "offset_uv": [float(v) for v in offset],
        "alike": alike,
    }


def _without(x: np.ndarray) -> np.ndarray:
    """Without mains: what both channels have in common anyhow."""
    t = np.arange(len(x)) / EMG_HZ
    waves = [f(2 * np.pi * hz * t) for hz in MAINS_HZ for f in (np.cos, np.sin)]
    columns = np.stack(waves, axis=1)
    return x - columns @ np.linalg.lstsq(columns, x)[0]
