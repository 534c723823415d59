"""How much later the EMG is than the motion, end to end: taps on an electrode.

A tap knocks the band and moves the electrode on the skin by the same push. Both sensors then pass
it through filters of their own; here each signal also gets the other's filter, so that the two have
the same shape and what is left between them is delay. Found as the maximum of their
cross-correlation (Knapp & Carter 1976) near each knock.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, freqs

from host_tools.calibrate.capture import EMG_HZ, Capture, need_emg, need_motion
from host_tools.calibrate.refusal import RefusedError

TAPS = 10  # asked for
LEAST_TAPS = 8
KNOCK_G = 1.0
APART_MS = 300
MOST_SD_MS = 1.0
SEARCH_MS = 8.0
_BEFORE_MS, _AFTER_MS = 20, 60
_AROUND_MS = (12, 14)  # of the knock: the band rings on behind it
_FADE_MS = 4
_TIMES = 64  # of the EMG's rate: grid of the correlation
_LEAST_ARTEFACT_UV = 40.0

# As the firmware reckons them. The accelerometer's two low-pass filters delay by 1.62 ms; a frame
# has one time for both its sensors, 1.99 ms before it was taken (unit/imu_source.py).
IMU_FILTERS_HZ = (416.0, 208.0)
FRAME_MS = 1.990
FRONT_END_HZ = 8.0  # coupling capacitors before the EMG's converter (hardware/front_end.md)


def of_taps(capture: Capture) -> dict[str, Any]:
    """Delay of the EMG against the motion beyond what the unit allows for, in ms."""
    need_motion(capture)
    need_emg(capture)
    imu_ms = capture.imu_ms
    first, last = max(imu_ms[0], capture.emg_ms[0]), min(imu_ms[-1], capture.emg_ms[-1])
    ms = np.arange(np.ceil(first), np.floor(last))
    acc = CubicSpline(imu_ms, capture.acc_g, axis=0)(ms)
    emg = capture.emg_uv[(ms - capture.emg_start).astype(int)]
    acc -= np.median(acc, axis=0)
    emg -= np.median(emg, axis=0)
    knocks = _knocks(acc)
    if len(knocks) < LEAST_TAPS:
        raise RefusedError(
            f"too few taps: {len(knocks)} were felt and {LEAST_TAPS} are needed; tap the electrode "
            "firmly with a rod, once or twice a second."
        )
    windows = [slice(k - _BEFORE_MS, k + _AFTER_MS) for k in knocks]
    stacked = np.concatenate([acc[w] for w in windows])
    push = stacked @ np.linalg.svd(stacked, full_matrices=False)[2][0]
    moved = np.stack([emg[w] for w in windows])
    size = np.ptp(moved, axis=1)  # (taps, 2)
    channel = int(np.median(size, axis=0).argmax())
    if np.median(size[:, channel]) < _LEAST_ARTEFACT_UV:
        raise RefusedError(
            "the taps do not show in the EMG; tap on an electrode that is connected, not beside it."
        )
    lags = []
    for k, one in enumerate(push.reshape(len(knocks), -1)):
        lags.append(_lag_ms(one, moved[k, :, channel]))
    # All taps push the same way: a lag of the other sign of the artefact is none.
    signs = np.sign([height for _, height in lags])
    way = 1 if signs.sum() >= 0 else -1
    good = np.array([lag for (lag, _), sign in zip(lags, signs, strict=True) if sign == way])
    middle = float(np.median(good))
    spread = 1.4826 * float(np.median(np.abs(good - middle)))
    kept = good[np.abs(good - middle) <= max(3 * spread, 0.3)]
    if len(kept) < LEAST_TAPS:
        raise RefusedError(
            f"too few taps agree with each other: {len(kept)} of {len(knocks)}, {LEAST_TAPS} are "
            "needed; tap the same way each time, on the electrode itself."
        )
    sd = float(kept.std(ddof=1))
    if sd > MOST_SD_MS:
        raise RefusedError(f"the taps disagree by {sd:.1f} ms; tap harder and shorter.")
    delay = float(kept.mean())
    strongest = int(np.argmax(size[:, channel]))
    return {
        "delay_ms": delay,
        "sd_ms": sd,
        "se_ms": sd / float(np.sqrt(len(kept))),
        "taps": len(kept),
        "channel": channel + 1,
        "each_ms": [round(float(v), 3) for v in kept],
        "plot": {
            "ms": list(range(-_BEFORE_MS, _AFTER_MS)),
            "acc_g": np.round(push.reshape(len(knocks), -1)[strongest], 3).tolist(),
            "emg_uv": np.round(moved[strongest, :, channel], 1).tolist(),
        },
    }


def _knocks(acc: np.ndarray) -> list[int]:
    """Indices of the highest change of force in each tap."""
    size = np.linalg.norm(acc, axis=1)
    found: list[int] = []
    at = _BEFORE_MS
    while at < len(size) - _AFTER_MS:
        if size[at] > KNOCK_G:
            top = at + int(size[at : at + 15].argmax())
            if top + _AFTER_MS < len(size):
                found.append(top)
            at = top + APART_MS
        else:
            at += 1
    return found


def _lag_ms(push: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """(delay of `moved` behind `push` in ms beyond the unit's own, height of the match)."""
    n = 512
    hz = np.fft.rfftfreq(n, 1 / EMG_HZ)
    low = np.ones(len(hz), dtype=complex)
    for corner in IMU_FILTERS_HZ:
        low *= freqs(*butter(2, 2 * np.pi * corner, analog=True), 2 * np.pi * hz)[1]
    high = 1j * hz / (1j * hz + FRONT_END_HZ)
    begin, end = _BEFORE_MS - _AROUND_MS[0], _BEFORE_MS + _AROUND_MS[1]
    window = np.zeros(len(push))
    fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE_MS) + 0.5) / _FADE_MS)
    window[begin:end] = 1
    window[begin : begin + _FADE_MS] = fade
    window[end - _FADE_MS : end] = fade[::-1]
    # Shapes are matched on the whole stretch; then only what is near the knock counts.
    one = np.fft.irfft(np.fft.rfft(push, n) * high, n)[: len(push)]
    other = np.fft.irfft(np.fft.rfft(moved, n) * low, n)[: len(moved)]
    other_window = np.roll(window, round(FRAME_MS))
    cross = np.fft.rfft(other * other_window, n) * np.conj(np.fft.rfft(one * window, n))
    fine = np.fft.irfft(cross, n * _TIMES)
    reach = round((SEARCH_MS + FRAME_MS) * _TIMES)
    lags = np.arange(-reach, reach + 1)
    match = fine[lags % (n * _TIMES)]
    best = int(np.abs(match).argmax())
    return float(lags[best] / _TIMES - FRAME_MS), float(match[best])


def values(found: dict[str, Any]) -> dict[str, int]:
    """As wire.CALIBRATION names it."""
    return {"emg_delay_us": round(1000 * found["delay_ms"])}
