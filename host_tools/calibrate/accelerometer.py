"""Bias, scale and misalignment of the accelerometer from rest in six positions.

Model (IEEE Std 1293, multi-position tumble): reading = A g + b, g the gravity of the position in
the square's axes. Twelve unknowns, eighteen equations, weighted least squares. What is along the
vertical is known as well as gravity (a tilt of the square counts by its square only); across it a
tilt counts fully, so these equations weigh less and leave bias and scale alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.calibrate.capture import Capture, need_still
from host_tools.calibrate.refusal import RefusedError

AXES = ("x", "y", "z")
POSITIONS = tuple((axis, sign) for axis in range(3) for sign in (1, -1))
STANDARD_G = 9.80665
ALONG_MG = 0.5
ACROSS_MG = 5.0  # a square that is off by 0.3 degrees
_NEARLY = 0.85  # of 1 g along the axis that is up, at least


@dataclass(frozen=True)
class Fit:
    bias_g: np.ndarray  # (3,)
    correction: np.ndarray  # (3, 3): true = correction (reading - bias)
    residual_mg: np.ndarray  # (6, 3) of the readings against the model


def name_of(position: int) -> str:
    """Position 1 to 6 in words."""
    axis, sign = POSITIONS[position - 1]
    return f"{'+' if sign > 0 else '−'}{AXES[axis]}"


def mean_in_position(capture: Capture, position: int) -> list[float]:
    """The mean reading in g; refuses what moved, and any other position than 1 to 6 asked for."""
    need_still(capture)
    mean = capture.acc_g.mean(axis=0)
    axis, sign = POSITIONS[position - 1]
    up = int(np.abs(mean).argmax())
    if up != axis or mean[axis] * sign < 0:
        lies = "+" if mean[up] > 0 else "−"
        raise RefusedError(
            f"wrong position: {lies}{AXES[up]} is up and not {name_of(position)}; turn the unit."
        )
    if abs(mean[axis]) < _NEARLY:
        raise RefusedError(
            f"wrong position: {name_of(position)} is not upright, it reads {mean[axis]:+.2f} g; "
            "lay a face of the unit's square flat on the table."
        )
    return [float(value) for value in mean]


def fit(means_g: np.ndarray, gravity_g: float = 1.0) -> Fit:
    """From the mean readings (6, 3) in positions 1 to 6, in g. `gravity_g`: of the place."""
    truth = np.array([sign * np.eye(3)[axis] for axis, sign in POSITIONS]) * gravity_g
    columns = np.hstack([truth, np.ones((6, 1))])
    model = np.empty((3, 4))
    for row in range(3):
        weight = 1 / np.where(np.abs(truth[:, row]) > 0, ALONG_MG, ACROSS_MG)
        model[row] = np.linalg.lstsq(columns * weight[:, None], means_g[:, row] * weight)[0]
    residual = 1000 * (means_g - columns @ model.T)
    return Fit(model[:, 3], np.linalg.inv(model[:, :3]), residual)


def values(found: Fit) -> dict[str, int]:
    """As wire.CALIBRATION names them."""
    made = {f"acc_bias_{a}_ug": round(1e6 * b) for a, b in zip(AXES, found.bias_g, strict=True)}
    off = np.rint(1e6 * (found.correction - np.eye(3))).astype(int)
    for row in range(3):
        for column in range(3):
            made[f"acc_{AXES[row]}{AXES[column]}_ppm"] = int(off[row, column])
    return made


def figures(found: Fit) -> dict[str, Any]:
    """What the certificate shows. Scale errors are those of the readings, not of the correction."""
    reads = np.linalg.inv(found.correction)
    across = reads - np.diag(np.diag(reads))
    return {
        "bias_mg": [1000 * float(b) for b in found.bias_g],
        "scale_pct": [100 * float(v - 1) for v in np.diag(reads)],
        "misalignment_pct": 100 * float(np.abs(across).max()),
        "residual_mg": found.residual_mg.tolist(),
        "residual_rms_mg": float(np.sqrt(np.mean(found.residual_mg**2))),
        "values": values(found),
    }
