"""Outlines of a right lower leg, drawn by eye after anatomy, for the placement guide.

Unit of length: from the medial condyle of the tibia (y = 0) to the medial malleolus (y = 1).
From behind, x is positive to the outside. From the inside, x is positive to the back: the toes
point to the left.
"""

import numpy as np

from hardware.sketch import Point

LENGTH_MM = 370  # of that unit, in a runner of 1.75 m

# From behind: y, reach to the inside, reach to the outside.
_BEHIND = (
    (-0.17, 0.170, 0.172), (-0.08, 0.150, 0.152), (0.0, 0.138, 0.140), (0.08, 0.142, 0.142),
    (0.18, 0.160, 0.155), (0.28, 0.174, 0.164), (0.36, 0.170, 0.158), (0.44, 0.150, 0.140),
    (0.52, 0.122, 0.116), (0.62, 0.094, 0.092), (0.72, 0.076, 0.076), (0.82, 0.067, 0.067),
    (0.90, 0.068, 0.066), (0.965, 0.082, 0.070), (1.00, 0.078, 0.080), (1.04, 0.066, 0.078),
    (1.09, 0.062, 0.066), (1.15, 0.072, 0.074), (1.20, 0.074, 0.078),
)  # fmt: skip
_HEEL = ((0.05, 1.235), (0.0, 1.243), (-0.05, 1.235))


def behind() -> list[Point]:
    """The leg from behind, open at the top: down the inside, up the outside."""
    inside = [(-reach, y) for y, reach, _ in _BEHIND]
    outside = [(reach, y) for y, _, reach in reversed(_BEHIND)]
    return [*inside, *reversed(_HEEL), *outside]


def behind_edges(y: float) -> tuple[float, float]:
    """Where the outline lies at a height, inside and outside."""
    ys, inside, outside = zip(*_BEHIND, strict=True)
    return -float(np.interp(y, ys, inside)), float(np.interp(y, ys, outside))


MEDIAL_HEAD: list[Point] = [
    (-0.045, 0.02), (-0.09, 0.08), (-0.135, 0.17), (-0.158, 0.28), (-0.150, 0.38),
    (-0.115, 0.455), (-0.06, 0.485), (-0.020, 0.45), (-0.010, 0.34), (-0.010, 0.20),
    (-0.018, 0.09),
]  # fmt: skip
LATERAL_HEAD: list[Point] = [
    (0.045, 0.02), (0.09, 0.08), (0.130, 0.17), (0.146, 0.27), (0.136, 0.36), (0.100, 0.425),
    (0.05, 0.440), (0.018, 0.41), (0.010, 0.31), (0.010, 0.20), (0.018, 0.09),
]  # fmt: skip
TENDON_BEHIND: list[Point] = [
    (-0.085, 0.49), (0.0, 0.44), (0.082, 0.45), (0.045, 0.62), (0.026, 0.80), (0.026, 0.98),
    (0.036, 1.12), (0.0, 1.15), (-0.036, 1.12), (-0.026, 0.98), (-0.026, 0.80), (-0.048, 0.62),
]  # fmt: skip

# From the inside.
SIDE: list[Point] = [
    (-0.150, -0.17), (-0.158, -0.09), (-0.150, -0.02), (-0.128, 0.04), (-0.122, 0.10),
    (-0.112, 0.20), (-0.098, 0.35), (-0.082, 0.52), (-0.068, 0.70), (-0.062, 0.85),
    (-0.070, 0.95), (-0.110, 1.03), (-0.200, 1.10), (-0.320, 1.155), (-0.430, 1.185),
    (-0.490, 1.205), (-0.500, 1.228), (-0.470, 1.240), (-0.300, 1.236), (-0.180, 1.222),
    (-0.060, 1.232), (0.040, 1.244), (0.105, 1.238), (0.126, 1.190), (0.112, 1.120),
    (0.085, 1.040), (0.070, 0.940), (0.064, 0.840), (0.072, 0.740), (0.092, 0.630),
    (0.128, 0.520), (0.168, 0.420), (0.190, 0.330), (0.190, 0.240), (0.168, 0.140),
    (0.138, 0.060), (0.128, 0.000), (0.140, -0.080), (0.166, -0.170),
]  # fmt: skip


def side_edges(y: float) -> tuple[float, float]:
    """Where the outline lies at a height above the ankle, front and back."""
    front = SIDE[:11]
    back = SIDE[:24:-1]
    return tuple(
        float(np.interp(y, [p[1] for p in edge], [p[0] for p in edge])) for edge in (front, back)
    )  # pyright: ignore[reportReturnType]


SHIN_BONE: list[Point] = [
    (-0.105, -0.015), (0.035, -0.015), (0.015, 0.07), (-0.028, 0.20), (-0.035, 0.40),
    (-0.030, 0.60), (-0.022, 0.78), (0.002, 0.93), (0.012, 0.99), (-0.010, 1.015),
    (-0.038, 0.985), (-0.050, 0.90), (-0.056, 0.75), (-0.070, 0.55), (-0.086, 0.35),
    (-0.102, 0.16),
]  # fmt: skip
MEDIAL_HEAD_SIDE: list[Point] = [
    (0.070, 0.01), (0.050, 0.12), (0.048, 0.25), (0.066, 0.38), (0.105, 0.475), (0.135, 0.465),
    (0.168, 0.390), (0.180, 0.300), (0.172, 0.200), (0.140, 0.090), (0.110, 0.020),
]  # fmt: skip
SOLEUS_SIDE: list[Point] = [
    (0.000, 0.20), (-0.018, 0.34), (-0.018, 0.50), (-0.012, 0.66), (0.010, 0.78), (0.040, 0.82),
    (0.060, 0.74), (0.078, 0.63), (0.105, 0.525), (0.080, 0.47), (0.045, 0.39), (0.028, 0.27),
]  # fmt: skip
TENDON_SIDE: list[Point] = [
    (0.120, 0.520), (0.088, 0.640), (0.068, 0.750), (0.060, 0.860), (0.066, 0.960),
    (0.088, 1.080), (0.112, 1.150), (0.092, 1.165), (0.066, 1.080), (0.046, 0.960),
    (0.042, 0.860), (0.054, 0.750), (0.076, 0.630), (0.108, 0.510),
]  # fmt: skip
CONDYLE: Point = (0.012, 0.0)
MALLEOLUS: Point = (-0.010, 0.975)
