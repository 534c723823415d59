"""Acceleration and angular rate of a segment from optical markers on it: a virtual IMU.

The segment's pose is the least-squares rotation and translation of its markers (Söderkvist &
Wedin 1993, J Biomech 26:1473); its axes are those of the laboratory in the mean pose. What a
sensor there would feel has neither impacts above the low-pass nor noise.
"""

from __future__ import annotations

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.clock import timing
from host_tools.importing.map import RigidBody
from host_tools.importing.signals import Channel
from host_tools.importing.sources import Source
from host_tools.importing.units import G_M_S2, conversion


def read_rigid_body(source: Source, body: RigidBody) -> list[Channel]:
    """`ACC X…Z` in g and `GYR X…Z` in deg/s at the markers' rate. Raises CalfbandError."""
    unit = body.unit or source.unit(body.markers[0][0]) or "mm"
    convert = conversion("length", unit)
    if convert is None:
        raise CalfbandError(f"{source.path}: markers in {unit!r}; use m, cm or mm.")
    points = np.stack(
        [np.stack([source.numbers(ref) for ref in marker], axis=1) for marker in body.markers],
        axis=1,
    )
    when, known = timing(source, body.clock, body.markers[0][0], len(points))
    if known is not None:
        points = points[known]
    flat = convert(points.reshape(len(points), -1))
    placed = np.stack([when.place(column) for column in flat.T], axis=1)
    acc, gyr = virtual_imu(
        placed.reshape(len(placed), -1, 3), float(when.rate_hz), np.array(body.up), body.low_pass_hz
    )
    channels = []
    for kind, label, target, values in (("acc", "ACC", "g", acc), ("gyr", "GYR", "deg/s", gyr)):
        for axis in range(3):
            channels.append(
                Channel(
                    f"{label} {'XYZ'[axis]}", kind, target, values[:, axis], when.rate_hz,
                    when.start_s, source.path, f"{len(body.markers)} markers", unit,
                    "rigid body", 0, int(np.isnan(points).any(axis=(1, 2)).sum()), when.jitter_ms,
                    list(when.notes) if not channels else [],
                )
            )  # fmt: skip
    channels[0].notes.append(
        f"ACC and GYR are computed from optical markers, low-passed at {body.low_pass_hz:g} Hz: "
        "no impacts above that, no sensor noise"
    )
    return channels


def virtual_imu(
    points: np.ndarray, rate_hz: float, up: np.ndarray, low_pass_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Specific force (g) and angular rate (deg/s), (n, 3) each, in the segment's own axes.

    `points` (n, markers, 3) in metres, NaN where a marker was not seen; rows with fewer than
    three markers are NaN in the results.
    """
    from scipy.signal import butter, sosfiltfilt

    seen: np.ndarray = np.all(np.isfinite(points), axis=2)
    usable = seen.sum(axis=1) >= 3
    if usable.sum() < 20:
        raise CalfbandError("the markers of the segment are hardly ever seen together.")
    complete = np.flatnonzero(np.all(seen, axis=1))
    model = points[complete[0] if len(complete) else np.flatnonzero(usable)[0]]
    model_seen: np.ndarray = np.all(np.isfinite(model), axis=1)
    origin = np.full((len(points), 3), np.nan)
    rotation = np.full((len(points), 3, 3), np.nan)
    for k in np.flatnonzero(usable):
        both = seen[k] & model_seen
        if both.sum() < 3:
            usable[k] = False
            continue
        a, b = model[both], points[k][both]
        u, _, vt = np.linalg.svd((a - a.mean(axis=0)).T @ (b - b.mean(axis=0)))
        turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
        rotation[k] = vt.T @ turn @ u.T
        origin[k] = b.mean(axis=0) + rotation[k] @ (model[model_seen].mean(axis=0) - a.mean(axis=0))
    rotation = rotation @ _mean_rotation(rotation[usable]).T
    rows = np.arange(len(points))
    tracks = np.column_stack([origin, rotation.reshape(len(points), 9)])
    for column in tracks.T:
        column[~usable] = np.interp(rows[~usable], rows[usable], column[usable])
    if low_pass_hz < 0.45 * rate_hz:
        low_pass = butter(2, low_pass_hz, fs=rate_hz, output="sos")
        tracks = sosfiltfilt(low_pass, tracks, axis=0)
    u, _, vt = np.linalg.svd(tracks[:, 3:].reshape(-1, 3, 3))
    pose = u @ vt
    acceleration = np.gradient(np.gradient(tracks[:, :3], axis=0), axis=0) * rate_hz**2
    force = acceleration / G_M_S2 + up
    spin = np.einsum("nji,njk->nik", pose, np.gradient(pose, axis=0)) * rate_hz
    gyr = np.degrees(np.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], axis=1))
    acc = np.einsum("nji,nj->ni", pose, force)
    acc[~usable], gyr[~usable] = np.nan, np.nan
    return acc, gyr


def _mean_rotation(rotations: np.ndarray) -> np.ndarray:
    """The turn from the model to the mean pose, whose axes become the segment's."""
    u, _, vt = np.linalg.svd(rotations.mean(axis=0))
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
