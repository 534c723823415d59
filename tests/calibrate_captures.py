"""SYNTHETIC captures for the fits, without a unit: what its sensors would give of a scene."""

from __future__ import annotations

import numpy as np

from host_tools.calibrate.capture import Capture
from host_tools.virtual.bench.errors import Errors
from host_tools.virtual.bench.scenes import noises, sensed_emg, sensed_motion
from host_tools.virtual.bench.signals import EMG_HZ, MOTION_HZ, Felt
from host_tools.virtual.samples import decimated

_ADC_FRAMES = 57  # sample k of the decimator is what frame 8 k - 57 showed
_FRAME_MS = 1.990  # an IMU frame has this time less than when it was taken
_SETTLING = 20  # samples of the decimator


def captured(
    felt: Felt, errors: Errors, seconds: float, before_s: float = 0.5, phase: float = 0.3
) -> Capture:
    """A scene that begins `before_s` into the capture, or long before it when it loops."""
    before_s = 0.0 if felt.loops else before_s
    emg_noise, motion_noise = noises(errors)
    words = _played(
        sensed_emg(felt, errors), np.arange(int(seconds * EMG_HZ)), before_s * EMG_HZ, felt
    )
    words = words + emg_noise[np.arange(len(words)) % len(emg_noise)]
    words = np.clip(words, -(1 << 23), (1 << 23) - 1) >> 8
    emg = np.stack([decimated(words[:, k].astype(np.int64)) for k in range(2)], axis=1)
    rate_hz = 833 * (1 + errors.imu_clock_pct / 100)
    taken_s = (np.arange(int(rate_hz * seconds) - 1) + phase) / rate_hz
    at = np.rint(taken_s * MOTION_HZ).astype(int)
    motion = _played(sensed_motion(felt, errors), at, before_s * MOTION_HZ, felt)
    motion = (motion + motion_noise[np.arange(len(motion)) % len(motion_noise)] + 128) >> 8
    # The unit believes its data sheets, so an EMG that is late shows what was earlier.
    first_ms = (8 * _SETTLING - _ADC_FRAMES) / 8 + errors.emg.delay_ms
    told = [(k, 1000 * taken_s[k] - _FRAME_MS - first_ms) for k in range(0, len(taken_s), 833)]
    motion = np.clip(motion, -32768, 32767).astype(np.int16)
    emg = emg[_SETTLING:].astype(np.int16)
    return Capture(emg, motion, 0, 0, told)


def _played(scene: np.ndarray, at: np.ndarray, before: float, felt: Felt) -> np.ndarray:
    at = at - int(before)
    if felt.loops:
        return scene[at % len(scene)]
    return scene[np.clip(at, 0, len(scene) - 1)]
