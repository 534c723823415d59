"""The scenes by key, and a scene as the unit's sensors show it, errors and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter

from host_tools.firmware_tables import units
from host_tools.virtual.bench import signals
from host_tools.virtual.bench.errors import Errors
from host_tools.virtual.bench.signals import EMG_HZ, MOTION_HZ, Felt

LSB24_UV = units.EMG_LSB_NV / 256 / 1000
_MOTION_UNIT = 256  # steps per raw LSB
_NOISE_S = 7.0
_ACC_BAND_HZ = 208.0 * 1.2  # of noise behind the IMU's low-pass filters
_GYR_BAND_HZ = 195.0 * 1.2
_EMG_BAND_HZ = 430.0
# The accelerometer's filters: second order at 416 and at 208 Hz, as unit/imu_source.py reckons.
_FILTERS_HZ = (416.0, 208.0)

Make = Callable[[Errors, np.random.Generator], Felt]


@dataclass(frozen=True)
class Scene:
    """`key` chooses it."""

    key: str
    name: str
    make: Make


def _position(number: int) -> Scene:
    def make(errors: Errors, rng: np.random.Generator) -> Felt:
        return signals.position(number, errors.bench, rng)

    return Scene(str(number), f"position-{number}", make)


def _turn(axis: int) -> Scene:
    name = signals.AXES[axis]
    return Scene(name, f"turn-{name}", lambda errors, _: signals.turn(axis, errors.bench))


def _contractions(key: str, channel: int) -> Scene:
    def make(errors: Errors, rng: np.random.Generator) -> Felt:
        return signals.contractions(channel, errors.bench, rng)

    return Scene(key, f"mvc-{channel + 1}", make)


SCENES: tuple[Scene, ...] = (
    _position(5),  # on the bench at first
    *(_position(number) for number in (1, 2, 3, 4, 6)),
    *(_turn(axis) for axis in range(3)),
    Scene("w", "wobble", lambda errors, _: signals.wobbling(errors.bench)),
    Scene("g", "signal", lambda errors, _: signals.test_signal(errors.bench)),
    Scene("0", "shorted", lambda errors, rng: signals.position(5, errors.bench, rng)),
    Scene("t", "taps", lambda errors, rng: signals.taps(errors.bench, rng)),
    Scene("l", "leg", lambda errors, rng: signals.standing(errors.bench, rng)),
    _contractions("m", 0),
    _contractions("n", 1),
    Scene("h", "hops", lambda errors, rng: signals.hops(errors.bench, rng)),
)


def sensed_motion(felt: Felt, errors: Errors) -> np.ndarray:
    """int32 (n, 6) in 1/256 of a raw LSB, without noise."""
    force, rate = felt.force_g, felt.rate_dps
    n = max(len(force), len(rate))
    force, rate = (np.repeat(x, n, axis=0) if len(x) == 1 else x for x in (force, rate))
    if felt.filtered:
        force, rate = _low_passed(force), _low_passed(rate)
    acc = force @ errors.accelerometer.matrix.T + np.array(errors.accelerometer.bias_mg) / 1000
    gyr = rate * (1 + np.array(errors.gyroscope.scale_pct) / 100) + errors.gyroscope.bias_dps
    raw = np.hstack([acc * 1e6 / units.ACC_LSB_UG, gyr * 1e3 / units.GYR_LSB_MDPS])
    return np.rint(raw * _MOTION_UNIT).astype("<i4")


def sensed_emg(felt: Felt, errors: Errors) -> np.ndarray:
    """int32 (n, 2) in LSB of 24 bits, without noise; the bench's mains is always there."""
    emg = errors.emg
    uv = felt.emg_uv
    if len(uv) == 1:
        uv = np.repeat(uv, EMG_HZ, axis=0)
    t = np.arange(len(uv)) / EMG_HZ
    mains = np.sqrt(2) * emg.mains_uv * np.sin(2 * np.pi * errors.bench.mains_hz * t + 1)
    uv = (uv + mains[:, None]) * (1 + np.array(emg.gain_pct) / 100) + emg.offset_uv
    return np.clip(np.rint(uv / LSB24_UV), -(1 << 23), (1 << 23) - 1).astype("<i4")


def noises(errors: Errors) -> tuple[np.ndarray, np.ndarray]:
    """Noise of the converter's frames and of the IMU's, int32, as `sensed_emg` and `_motion`."""
    rng = np.random.default_rng((errors.seed, 99))
    n = int(_NOISE_S * EMG_HZ) + 1
    white_uv = np.array(errors.emg.noise_uv) * np.sqrt(EMG_HZ / 2 / _EMG_BAND_HZ)
    emg = rng.standard_normal((n, 2)) * white_uv / LSB24_UV
    m = int(_NOISE_S * 833) + 1
    acc = errors.accelerometer.noise_ug_rthz * np.sqrt(_ACC_BAND_HZ) / units.ACC_LSB_UG
    gyr = errors.gyroscope.noise_mdps_rthz * np.sqrt(_GYR_BAND_HZ) / units.GYR_LSB_MDPS
    motion = rng.standard_normal((m, 6)) * np.repeat((acc, gyr), 3) * _MOTION_UNIT
    # What is averaged over whole noise must not be an error of its own.
    emg -= emg.mean(axis=0)
    motion -= motion.mean(axis=0)
    return np.rint(emg).astype("<i4"), np.rint(motion).astype("<i4")


def _low_passed(x: np.ndarray) -> np.ndarray:
    rest = x[0]
    y = x - rest
    for corner_hz in _FILTERS_HZ:
        b, a = butter(2, corner_hz, fs=MOTION_HZ)
        y = lfilter(b, a, y, axis=0)
    return y + rest
