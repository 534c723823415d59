"""Bias of the gyroscope at rest, and its scale from turns by a known angle."""

from __future__ import annotations

from typing import Any

import numpy as np

from host_tools.calibrate.accelerometer import AXES
from host_tools.calibrate.capture import IMU_HZ, Capture, need_motion, need_still
from host_tools.calibrate.refusal import RefusedError

MOVES_DPS = 5.0
REST_S = 0.4  # before and after the turn, at least
_WITHIN = 0.15  # of the angle asked for
_ACROSS = 0.15  # of it may be about the other axes


def bias_dps(capture: Capture) -> list[float]:
    """Mean rate (deg/s) at rest."""
    need_still(capture)
    return [float(value) for value in capture.gyr_dps.mean(axis=0)]


def turned(capture: Capture, axis: int, angle_deg: float) -> dict[str, Any]:
    """One turn about an axis, from rest to rest, either way round.

    `reads_deg` is what the sensor makes of it, its bias taken off, in the time of the MCU.
    """
    need_motion(capture)
    rate = capture.gyr_dps
    start_bias = rate[: round(REST_S * IMU_HZ)].mean(axis=0)
    moving = np.flatnonzero(np.linalg.norm(rate - start_bias, axis=1) > MOVES_DPS)
    if len(moving) < IMU_HZ * 0.2:
        raise RefusedError("the unit was not turned; turn it when told to.")
    first, last = int(moving[0]), int(moving[-1]) + 1
    still = round(REST_S * IMU_HZ)
    if first < still or len(rate) - last < still:
        raise RefusedError(
            "the unit did not rest before and after the turn; leave it alone for a second first "
            "and at the end."
        )
    # A turn begins and ends slowly, below what counts as moving.
    edge = still // 2
    first, last = max(first - edge, edge), min(last + edge, len(rate) - edge)
    rest = np.vstack([rate[: first - edge // 2], rate[last + edge // 2 :]])
    bias = rest.mean(axis=0)
    inside = rate[first:last] - bias
    angle = inside.sum(axis=0) / capture.imu_hz()
    about = int(np.abs(angle).argmax())
    if about != axis:
        raise RefusedError(
            f"the unit was turned about {AXES[about]}, not about {AXES[axis]}; turn it about the "
            "other axis."
        )
    there_and_back = np.abs(inside[:, axis]).sum() / capture.imu_hz()
    if there_and_back > 1.1 * abs(angle[axis]):
        raise RefusedError("the unit was turned forth and back; turn it one way only.")
    across = float(np.linalg.norm(np.delete(angle, axis)))
    if across > _ACROSS * angle_deg:
        raise RefusedError(
            f"the unit tilted by {across:.0f} degrees on the way; keep it flat on the table."
        )
    reads = abs(float(angle[axis]))
    if abs(reads / angle_deg - 1) > _WITHIN:
        raise RefusedError(
            f"the unit was turned by about {reads:.0f} degrees instead of {angle_deg:g}; turn it "
            "from mark to mark."
        )
    return {
        "reads_deg": reads,
        "scale_pct": 100 * (reads / angle_deg - 1),
        "bias_dps": [float(b) for b in bias],
        "seconds": (last - first) / capture.imu_hz(),
    }


def values(bias: list[float], reads_deg: list[float], angle_deg: float) -> dict[str, int]:
    """As wire.CALIBRATION names them: true = (1 + scale)(reading - bias)."""
    made = {f"gyr_bias_{a}_mdps": round(1000 * b) for a, b in zip(AXES, bias, strict=True)}
    for axis, reads in zip(AXES, reads_deg, strict=True):
        made[f"gyr_scale_{axis}_ppm"] = round(1e6 * (angle_deg / reads - 1))
    return made
